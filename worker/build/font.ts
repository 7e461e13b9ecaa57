// Overwrites the font in a module's data with zeros. Photon's function draw_text, which is not used, comes with a font
// of 170 KB. A tool that removes unused functions cannot know that these bytes belong to draw_text. Layout of a font:
// https://learn.microsoft.com/typography/opentype/spec/otff#table-directory
import { dataOf, endOfData } from './wasmSections.ts'

const VERSION = 0x00010000
const HEADER_BYTES = 12
const ENTRY_BYTES = 16
/** Tag of the table of glyph outlines. Bytes that look like a font's header but list no such table are not a font. */
const OUTLINES = 'glyf'

/** Returns the module with its font replaced by zeros. Throws unless the module has exactly one font. */
export function withoutFont(wasm: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const segments = dataOf(wasm)
  // Searches for the font in the module's initial memory, because in the file the font is cut into pieces: the file
  // leaves out long runs of zeros.
  const memory = new Uint8Array(endOfData(wasm))
  for (const { address, at, length } of segments) {
    memory.set(wasm.subarray(at, at + length), address)
  }
  const [font, another] = fontsOf(memory)
  if (!font || another) throw new Error(`expected one font, got ${font ? 'more' : 'none'}`)
  const blank = wasm.slice()
  for (const { address, at, length } of segments) {
    const from = Math.max(font.start, address)
    const to = Math.min(font.end, address + length)
    if (from < to) blank.fill(0, at + from - address, at + to - address)
  }
  return blank
}

function fontsOf(memory: Uint8Array): { start: number; end: number }[] {
  const view = new DataView(memory.buffer)
  const fonts = []
  for (let start = 0; start < memory.length - HEADER_BYTES; start++) {
    if (view.getUint32(start) !== VERSION) continue
    const tables = view.getUint16(start + 4)
    const directoryEnd = start + HEADER_BYTES + ENTRY_BYTES * tables
    if (directoryEnd > memory.length) continue
    let hasOutlines = false
    let end = directoryEnd
    for (let entry = start + HEADER_BYTES; entry < directoryEnd; entry += ENTRY_BYTES) {
      const tag = String.fromCharCode(...memory.subarray(entry, entry + 4))
      if (tag === OUTLINES) hasOutlines = true
      end = Math.max(end, start + view.getUint32(entry + 8) + view.getUint32(entry + 12))
    }
    if (hasOutlines && end <= memory.length) fonts.push({ start, end })
  }
  return fonts
}
