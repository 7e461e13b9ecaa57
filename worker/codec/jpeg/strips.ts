// Joins baseline JPEGs of equal width, each below the one before, into one. So a picture is encoded
// strip by strip: MozJPEG's trellis quantisation needs 17 to 24 bytes of memory for each pixel.
//
// Strips share their quantisation tables, but the encoder fits Huffman tables to each. So their symbols
// are read, counted, and written again with tables that fit the whole, as `jpegtran -optimize` does;
// coefficients stay as they are. A restart marker stands between strips, because each begins with a
// DC prediction of zero. ITU-T T.81: Annex B (markers), F.1.2 and F.2.2 (entropy coding).

import { pause } from '../../pause.ts'
import { concat } from '../concat.ts'
import { assignCodes, fitCodeLengths, inCodeOrder } from '../huffman.ts'

/** Longest code that a JPEG may use. */
const MAX_CODE_BITS = 16

const SOI = 0xd8
const EOI = 0xd9
const SOF0 = 0xc0
const DHT = 0xc4
const RST0 = 0xd0
const SOS = 0xda
const DQT = 0xdb
const DRI = 0xdd
const APP0 = 0xe0

/** Rows of a strip must be a multiple of this: two blocks, so that 4:2:0 chroma comes in whole ones. */
export const STRIP_ROW_STEP = 16

/** `height` is that of the whole picture. All strips but the last have as many rows as the first. */
export async function joinStrips(
  files: readonly Uint8Array[],
  height: number,
): Promise<Uint8Array> {
  const strips = files.map(parseStrip)
  const first = strips[0]
  const frequencies = first.tables.map(() => new Uint32Array(256))
  for (const strip of strips) {
    readSymbols(strip, (tableId, symbol) => frequencies[tableId][symbol]++)
    await pause()
  }
  const lengths = frequencies.map(fitJpegCodeLengths)

  const frame = first.frame.slice()
  new DataView(frame.buffer).setUint16(1, height)
  const unitsAStrip = first.units
  const parts = [
    Uint8Array.of(0xff, SOI),
    segment(APP0, first.app0),
    ...first.quantizers.map((table) => segment(DQT, table)),
    segment(SOF0, frame),
    segment(DHT, concat(lengths.flatMap(tableParts))),
    segment(DRI, Uint8Array.of(unitsAStrip >> 8, unitsAStrip & 0xff)),
    segment(SOS, first.scan),
  ]
  for (const [i, strip] of strips.entries()) {
    if (i > 0) parts.push(Uint8Array.of(0xff, RST0 + ((i - 1) % 8)))
    parts.push(writeSymbols(strip, lengths))
    await pause()
  }
  return concat([...parts, Uint8Array.of(0xff, EOI)])
}

interface Strip {
  /** What APP0, SOF0, SOS and the DQTs hold behind their length. */
  readonly app0: Uint8Array
  readonly frame: Uint8Array
  readonly scan: Uint8Array
  readonly quantizers: readonly Uint8Array[]
  /** A sparse array by id: 0x00 and 0x01 are for DC, 0x10 and 0x11 for AC. */
  readonly tables: readonly SymbolLookup[]
  /** Ids of the DC tables that the blocks of one unit (MCU) use, in order; AC ids are 16 more. */
  readonly blocks: readonly number[]
  readonly units: number
  /** Entropy-coded, up to EOI. */
  readonly coded: Uint8Array
}

function parseStrip(file: Uint8Array): Strip {
  const uint16 = (at: number) => (file[at] << 8) | file[at + 1]
  const segments = new Map<number, Uint8Array>()
  const quantizers: Uint8Array[] = []
  const tables: SymbolLookup[] = []
  let at = 2
  while (!segments.has(SOS)) {
    const code = file[at + 1]
    const end = at + 2 + uint16(at + 2)
    const content = file.subarray(at + 4, end)
    segments.set(code, content)
    if (code === DQT) quantizers.push(content)
    if (code === DHT) for (const [id, table] of parseTables(content)) tables[id] = table
    at = end
  }
  const frame = segments.get(SOF0)!
  const scan = segments.get(SOS)!
  return {
    app0: segments.get(APP0)!,
    frame,
    scan,
    quantizers,
    tables,
    ...layoutOf(frame, scan),
    coded: file.subarray(at, -2),
  }
}

/** What decodes a table's codes: by code length, the first longer code, left-aligned in 16 bits, ... */
interface SymbolLookup {
  readonly limits: Int32Array
  /** ... and what to add to a code of this length for its place among the symbols. */
  readonly offsets: Int32Array
  readonly symbols: Uint8Array
}

/** A table is: id, how many codes there are of each length 1 to 16, their symbols in code order. */
function* parseTables(content: Uint8Array): Generator<[id: number, table: SymbolLookup]> {
  for (let at = 0; at < content.length;) {
    const id = content[at++]
    const counts = content.subarray(at, at + MAX_CODE_BITS)
    at += MAX_CODE_BITS
    const limits = new Int32Array(MAX_CODE_BITS + 1)
    const offsets = new Int32Array(MAX_CODE_BITS + 1)
    let code = 0
    let place = 0
    for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
      offsets[bits] = place - code
      code += counts[bits - 1]
      place += counts[bits - 1]
      limits[bits] = code << (MAX_CODE_BITS - bits)
      code <<= 1
    }
    yield [id, { limits, offsets, symbols: content.subarray(at, at + place) }]
    at += place
  }
}

/** As `parseTables` reads it. */
function tableParts(lengths: Uint8Array, id: number): Uint8Array[] {
  const counts = new Uint8Array(MAX_CODE_BITS)
  for (const bits of lengths) if (bits > 0) counts[bits - 1]++
  return [Uint8Array.of(id), counts, Uint8Array.from(inCodeOrder(lengths))]
}

/** JPEG keeps the code of all ones free: it goes to a symbol that no byte can name. */
function fitJpegCodeLengths(frequencies: Uint32Array): Uint8Array {
  return fitCodeLengths([...frequencies, 1], MAX_CODE_BITS).subarray(0, frequencies.length)
}

/** A unit has one block of a lone component, or h x v of each of several; sampling is 1 or 2. */
function layoutOf(frame: Uint8Array, scan: Uint8Array): Pick<Strip, 'blocks' | 'units'> {
  const height = (frame[1] << 8) | frame[2]
  const width = (frame[3] << 8) | frame[4]
  const components = frame[5]
  const blocks: number[] = []
  let side = 8
  for (let i = 0; i < components; i++) {
    const sampling = components === 1 ? 1 : frame[7 + 3 * i] & 15
    const table = scan[2 + 2 * i] >> 4
    blocks.push(...Array<number>(sampling * sampling).fill(table))
    side = Math.max(side, 8 * sampling)
  }
  return { blocks, units: Math.ceil(width / side) * Math.ceil(height / side) }
}

/** Calls `visit` for every Huffman symbol with the bits that follow it; their number is symbol & 15. */
function readSymbols(
  { coded, tables, blocks, units }: Strip,
  visit: (tableId: number, symbol: number, extra: number) => void,
): void {
  let at = 0
  let held = 0 // the lowest `heldBits` bits are to be read, the rest is history
  let heldBits = 0
  for (let unit = 0; unit < units; unit++) {
    for (const dcTable of blocks) {
      read(dcTable)
      for (let index = 1; index < 64; index++) {
        const symbol = read(dcTable + 16)
        if (symbol === 0) break // end of block
        index += symbol >> 4
      }
    }
  }

  function read(tableId: number): number {
    const { limits, offsets, symbols } = tables[tableId]
    fill()
    const code = (held >>> (heldBits - MAX_CODE_BITS)) & 0xffff
    let bits = 1
    while (code >= limits[bits]) bits++
    const symbol = symbols[(code >> (MAX_CODE_BITS - bits)) + offsets[bits]]
    heldBits -= bits
    fill()
    const extraBits = symbol & 15
    heldBits -= extraBits
    const extra = (held >>> heldBits) & ((1 << extraBits) - 1)
    visit(tableId, symbol, extra)
    return symbol
  }

  function fill(): void {
    while (heldBits <= 16) {
      const byte = coded[at++] ?? 0
      if (byte === 0xff) at++ // the zero stuffed behind it
      held = (held << 8) | byte
      heldBits += 8
    }
  }
}

function writeSymbols(strip: Strip, lengths: readonly Uint8Array[]): Uint8Array {
  const codes = lengths.map(assignCodes)
  let out: Uint8Array = new Uint8Array(strip.coded.length + 1024)
  let at = 0
  let held = 0
  let heldBits = 0
  readSymbols(strip, (tableId, symbol, extra) => {
    write(codes[tableId][symbol], lengths[tableId][symbol])
    write(extra, symbol & 15)
  })
  const padding = (8 - (heldBits % 8)) % 8
  write((1 << padding) - 1, padding)
  return out.subarray(0, at)

  function write(value: number, count: number): void {
    held = (held << count) | value
    heldBits += count
    while (heldBits >= 8) {
      heldBits -= 8
      if (at + 2 > out.length) out = concat([out, new Uint8Array(out.length)])
      const byte = (held >>> heldBits) & 255
      out[at++] = byte
      if (byte === 0xff) out[at++] = 0
    }
  }
}

function segment(code: number, content: Uint8Array): Uint8Array {
  const length = content.length + 2
  return concat([Uint8Array.of(0xff, code, length >> 8, length & 0xff), content])
}
