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

/** Ids of tables for AC are so much more than those for DC. */
const AC = 16
/** Of a block of 8x8. */
const BLOCK_SAMPLES = 64

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
  const symbols: Uint32Array[] = []
  for (const strip of strips) {
    symbols.push(readSymbols(strip, frequencies))
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
  for (const [i, ofStrip] of symbols.entries()) {
    if (i > 0) parts.push(Uint8Array.of(0xff, RST0 + ((i - 1) % 8)))
    parts.push(writeSymbols(ofStrip, lengths))
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

/** What decodes a table's codes. */
interface SymbolLookup {
  /** For the next SHORT bits, where a code of no more is in them: its length << 8 | its symbol. */
  readonly short: Uint16Array
  /** By code length, the first longer code, left-aligned in 16 bits, ... */
  readonly limits: Int32Array
  /** ... and what to add to a code of this length for its place among the symbols. */
  readonly offsets: Int32Array
  readonly symbols: Uint8Array
}

/** Nine in ten symbols have no longer code. */
const SHORT = 9

/** A table is: id, how many codes there are of each length 1 to 16, their symbols in code order. */
function* parseTables(content: Uint8Array): Generator<[id: number, table: SymbolLookup]> {
  for (let at = 0; at < content.length;) {
    const id = content[at++]
    const counts = content.subarray(at, at + MAX_CODE_BITS)
    at += MAX_CODE_BITS
    const short = new Uint16Array(2 ** SHORT)
    const limits = new Int32Array(MAX_CODE_BITS + 1)
    const offsets = new Int32Array(MAX_CODE_BITS + 1)
    let code = 0
    let place = 0
    for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
      offsets[bits] = place - code
      for (let end = place + counts[bits - 1]; place < end; place++, code++) {
        const from = code << (SHORT - bits)
        if (bits <= SHORT) short.fill((bits << 8) | content[at + place], from, from + (1 << (SHORT - bits))) // prettier-ignore
      }
      limits[bits] = code << (MAX_CODE_BITS - bits)
      code <<= 1
    }
    yield [id, { short, limits, offsets, symbols: content.subarray(at, at + place) }]
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

/**
 * A strip's Huffman symbols in order, each with its table's id and the bits that follow it, whose number
 * is symbol & 15: id << 24 | symbol << 16 | bits.
 */
function readSymbols(
  { coded, tables, blocks, units }: Strip,
  frequencies: readonly Uint32Array[],
): Uint32Array {
  let symbols = new Uint32Array(coded.length) // more than one a byte are rare
  let count = 0
  let at = 0
  let held = 0 // the lowest `heldBits` bits are to be read, the rest is history
  let heldBits = 0
  for (let unit = 0; unit < units; unit++) {
    for (const dcTable of blocks) readBlock(dcTable)
  }
  return symbols.subarray(0, count)

  function readBlock(dcTable: number): void {
    if (count + BLOCK_SAMPLES > symbols.length) symbols = grown(symbols)
    read(dcTable)
    for (let index = 1; index < BLOCK_SAMPLES; index++) {
      const symbol = read(dcTable + AC)
      if (symbol === 0) break // end of block
      index += symbol >> 4
    }
  }

  function read(id: number): number {
    const { short, limits, offsets, symbols: known } = tables[id]
    fill()
    const found = short[(held >>> (heldBits - SHORT)) & (2 ** SHORT - 1)]
    let symbol = found & 0xff
    let bits = found >> 8
    if (bits === 0) {
      const code = (held >>> (heldBits - MAX_CODE_BITS)) & 0xffff
      bits = SHORT + 1
      while (code >= limits[bits]) bits++
      symbol = known[(code >> (MAX_CODE_BITS - bits)) + offsets[bits]]
    }
    heldBits -= bits
    const extraBits = symbol & 15
    if (heldBits < extraBits) fill()
    heldBits -= extraBits
    const extra = (held >>> heldBits) & ((1 << extraBits) - 1)
    frequencies[id][symbol]++
    symbols[count++] = (id << 24) | (symbol << 16) | extra
    return symbol
  }

  function fill(): void {
    while (heldBits <= MAX_CODE_BITS) {
      const byte = at < coded.length ? coded[at++] : 0
      if (byte === 0xff) at++ // the zero stuffed behind it
      held = (held << 8) | byte
      heldBits += 8
    }
  }
}

function grown(values: Uint32Array): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(2 * values.length + BLOCK_SAMPLES)
  more.set(values)
  return more
}

/** The symbols by codes of these lengths, by table. */
function writeSymbols(symbols: Uint32Array, lengths: readonly Uint8Array[]): Uint8Array {
  const codes = lengths.map(assignCodes)
  let out: Uint8Array = new Uint8Array(2 * symbols.length)
  let at = 0
  let held = 0
  let heldBits = 0
  for (const entry of symbols) {
    const id = entry >>> 24
    const symbol = (entry >> 16) & 0xff
    write(codes[id][symbol], lengths[id][symbol])
    write(entry & 0xffff, symbol & 15)
  }
  const padding = (8 - (heldBits % 8)) % 8
  write((1 << padding) - 1, padding)
  return out.slice(0, at)

  function write(value: number, bits: number): void {
    held = (held << bits) | value
    heldBits += bits
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
