// Encodes a baseline JPEG (ITU-T T.81), whose rows come in from top to bottom. The work on samples and bits is done in
// WebAssembly (encoder.as.ts), whose memory holds one band, i.e. one row of MCUs, and the tokens that are not written
// yet. README.md in worker/codec explains the choice of tables and the figures.

import { concat } from '../../base/concat.ts'
import { release } from '../../base/release.ts'
import { CodecError } from '../error.ts'
import { assignCodes, fitCodeLengths, inCodeOrder } from '../huffman.ts'
import { growTo, withoutGlue } from '../instance.ts'
import {
  BAND_AT,
  CHROMA,
  CODES_AT,
  FREQUENCIES_AT,
  HALF_CHROMA_BITS,
  LUMA,
  OFFSETS_AT,
  QUANTIZER,
  QUANTIZER_BYTES,
  QUANTIZERS_AT,
  SYMBOLS,
  TOKEN_BYTES,
  WEIGHT_BITS,
} from './encoderLayout.ts'
import { APP0, APP2, DHT, DQT, EOI, ICC_PREFIX, SOF0, SOI, SOS } from './markers.ts'
import type { HuffmanSpec } from './scans.ts'
import { AAN_SCALES, BLOCK_SAMPLES, MAX_CODE_BITS, stepsAt, ZIGZAG } from './tables.ts'
import type { JpegVariant } from './variant.ts'

/** Exports of the encoder module. Arguments are addresses, distances in bytes, and numbers of MCUs and blocks. */
export interface JpegEncoderExports {
  readonly memory: WebAssembly.Memory
  initPlaces(placeOf: number): void
  encodeRgba(from: number, stride: number, units: number, lumaBlocks: number, hasChroma: number, to: number): number
  encodePlanes(
    luma: number,
    cb: number,
    cr: number,
    stride: number,
    units: number,
    lumaBlocks: number,
    hasChroma: number,
    to: number,
  ): number
  composeOnWhite(at: number, end: number): void
  writeTokens(from: number, end: number, to: number): number
  finishBits(to: number): number
}

/** Factory for `Instances.run`. */
export const createJpegEncoderModule = withoutGlue<JpegEncoderExports>()

/** Largest side that decoders accept, in pixels: libjpeg's JPEG_MAX_DIMENSION. */
const MAX_SIDE = 65_500

/**
 * Tokens are held until the picture is complete, and Huffman codes are fitted to all of them, unless they exceed this
 * size. Then codes are fitted to the tokens so far, every symbol gets one, and the rest is written as it comes. At
 * quality 85, a photograph takes about a byte a pixel, so that pictures of up to about 4 megapixels get optimal codes.
 */
const MAX_TOKEN_BYTES = 4 * 2 ** 20

/** Tokens that are written at a time, in bytes. The space for their bytes is twice as large. */
const WRITTEN_TOKEN_BYTES = 2 ** 16

/**
 * A coefficient other than DC moves towards zero by this part of a step before it is rounded, which saves more bytes
 * than the same loss by coarser steps. README.md in worker/codec has the figures.
 */
const DEAD_ZONE = 0.09

export interface JpegSettings {
  readonly width: number
  readonly height: number
  /** From 1 to 100, on the scale of the IJG's libjpeg. */
  readonly quality: number
  /** True to store luma only. */
  readonly grey: boolean
  readonly variant: JpegVariant
  /** Colour profile, embedded byte for byte. */
  readonly icc?: Uint8Array | undefined
}

/** Rows of planes: luma, then Cb and Cr unless the picture is grey. */
export interface PlanarRows {
  /** Number of rows of luma. All rows but the picture's last come in whole bands. */
  readonly rows: number
  /**
   * Samples by rows. With 4:2:0, Cb and Cr have half as many rows and columns, rounded up.
   */
  readonly planes: readonly Uint8Array[]
}

/** Takes a picture's rows and returns its file. Methods throw a CodecError for parts of rows, and too many or few rows. */
export interface JpegEncoder {
  /** Number of rows in a band: 16 with 4:2:0, else 8. */
  readonly bandRows: number
  /** Takes any number of rows of RGBA. Transparency becomes white. */
  takeRgba(pixels: Uint8Array | Uint8ClampedArray): void
  /** Takes whole bands of planes, or the rest of the picture. */
  takePlanes(rows: PlanarRows): void
  /** Returns the file. */
  finish(): Uint8Array
}

/** Creates an encoder. `module` must be a new instance with zeroed memory. Throws a CodecError if a side is too long. */
export function createJpegEncoder(module: JpegEncoderExports, settings: JpegSettings): JpegEncoder {
  const { width, height, quality, grey, variant } = settings
  if (width > MAX_SIDE || height > MAX_SIDE)
    throw new CodecError(`JPEG allows at most ${MAX_SIDE} pixels a side, got ${width}x${height}`)
  const isHalf = !grey && variant.subsampling === '4:2:0'
  const lumaBlocks = isHalf ? 4 : 1
  const hasChroma = grey ? 0 : 1
  const bandRows = isHalf ? 16 : 8
  const units = Math.ceil(width / bandRows)
  const paddedWidth = units * bandRows
  const bandTokenBytes = units * (lumaBlocks + 2 * hasChroma) * BLOCK_SAMPLES * TOKEN_BYTES
  const tokensAt = BAND_AT + 4 * paddedWidth * bandRows
  const steps = stepsAt(quality, variant.steps)

  const parts: Uint8Array[] = []
  let tokensEnd = tokensAt
  let rowsTaken = 0
  let hasCodes = false

  growTo(module.memory, tokensAt)
  setUp(module, steps, isHalf)

  /** Turns the band's rows into tokens. */
  function encodeBand(encode: (tokensEnd: number) => number): void {
    growTo(module.memory, tokensEnd + bandTokenBytes)
    tokensEnd = encode(tokensEnd)
    if (!hasCodes && tokensEnd - tokensAt > MAX_TOKEN_BYTES) writeHeader({ forEverySymbol: true })
    if (hasCodes) writeTokens()
  }

  /** Fits the Huffman codes to the tokens so far, and writes everything that precedes the coded bytes. */
  function writeHeader({ forEverySymbol }: { forEverySymbol: boolean }): void {
    const tables = [0, 1, 2, 3].slice(0, grey ? 2 : 4).map((table) => fitCodes(module, table, forEverySymbol))
    parts.push(headerOf(settings, isHalf, steps, tables))
    hasCodes = true
  }

  function writeTokens(): void {
    growTo(module.memory, tokensEnd + 2 * WRITTEN_TOKEN_BYTES)
    for (let at = tokensAt; at < tokensEnd; at += WRITTEN_TOKEN_BYTES) {
      const end = module.writeTokens(at, Math.min(tokensEnd, at + WRITTEN_TOKEN_BYTES), tokensEnd)
      parts.push(bytesOf(module).slice(tokensEnd, end))
    }
    tokensEnd = tokensAt
  }

  function expectRows(count: number): void {
    rowsTaken += count
    if (rowsTaken > height) throw new CodecError(`expected ${height} rows, got more`)
  }

  return {
    bandRows,

    takeRgba(pixels) {
      const rowBytes = 4 * width
      const stride = 4 * paddedWidth
      if (pixels.length % rowBytes !== 0) throw new CodecError(`expected whole rows of ${width} pixels`)
      let bytes = bytesOf(module)
      for (let at = 0; at < pixels.length; at += rowBytes) {
        const row = rowsTaken % bandRows
        expectRows(1)
        const to = BAND_AT + row * stride
        const end = to + rowBytes
        bytes.set(pixels.subarray(at, at + rowBytes), to)
        for (let padding = end; padding < to + stride; padding += 4) bytes.copyWithin(padding, end - 4, end)
        module.composeOnWhite(to, to + stride)
        if (row + 1 < bandRows && rowsTaken < height) continue
        repeatRow(module, to, stride, bandRows - row - 1)
        encodeBand((tokens) => module.encodeRgba(BAND_AT, stride, units, lumaBlocks, hasChroma, tokens))
        bytes = bytesOf(module)
      }
    },

    takePlanes({ rows, planes }) {
      for (let top = 0; top < rows; top += bandRows) {
        const count = Math.min(bandRows, rows - top)
        expectRows(count)
        if (count < bandRows && rowsTaken < height)
          throw new CodecError(`expected a multiple of ${bandRows} rows, got ${rows}`)
        const bytes = bytesOf(module)
        let at = BAND_AT
        const addresses = planes.map((plane, i) => {
          const part = i > 0 && isHalf ? 2 : 1
          const [across, stride, all] = [Math.ceil(width / part), paddedWidth / part, bandRows / part]
          const from = (top / part) * across
          const start = at
          for (let row = 0; row < all; row++, at += stride) {
            // The last row is repeated below the picture, the last column at its right.
            const source = from + Math.min(row, Math.ceil(count / part) - 1) * across
            bytes.set(plane.subarray(source, source + across), at)
            bytes.fill(bytes[at + across - 1], at + across, at + stride)
          }
          return start
        })
        const [lumaAt, cbAt = 0, crAt = 0] = addresses
        encodeBand((tokens) =>
          module.encodePlanes(lumaAt, cbAt, crAt, paddedWidth, units, lumaBlocks, hasChroma, tokens),
        )
      }
    },

    finish() {
      if (rowsTaken < height) throw new CodecError(`expected ${height} rows, got ${rowsTaken}`)
      if (!hasCodes) writeHeader({ forEverySymbol: false })
      writeTokens()
      const end = module.finishBits(tokensAt)
      parts.push(bytesOf(module).slice(tokensAt, end), Uint8Array.of(0xff, EOI))
      const file = concat(parts)
      release(...parts)
      return file
    },
  }
}

/** Returns the memory. Growing it makes earlier results unusable. */
function bytesOf({ memory }: JpegEncoderExports): Uint8Array {
  return new Uint8Array(memory.buffer)
}

/** Copies a row to the `count` rows that follow it. */
function repeatRow(module: JpegEncoderExports, at: number, stride: number, count: number): void {
  for (let i = 1; i <= count; i++) bytesOf(module).copyWithin(at + i * stride, at, at + stride)
}

/** Writes the quantisers and the zig-zag order into memory. */
function setUp(module: JpegEncoderExports, steps: readonly Uint8Array[], isHalf: boolean): void {
  const bytes = bytesOf(module)
  const floats = new Float32Array(module.memory.buffer)
  const placeOf = BAND_AT
  for (let place = 0; place < BLOCK_SAMPLES; place++) {
    const transposed = transposedOf(ZIGZAG[place])
    bytes[OFFSETS_AT + place] = transposed * Int16Array.BYTES_PER_ELEMENT
    bytes[placeOf + transposed] = place
  }
  module.initPlaces(placeOf)
  for (const [kind, table] of steps.entries()) {
    const bits = isHalf && kind === CHROMA ? HALF_CHROMA_BITS : WEIGHT_BITS
    const at = (QUANTIZERS_AT + kind * QUANTIZER_BYTES) / Float32Array.BYTES_PER_ELEMENT
    const factors = at + QUANTIZER.factors / Float32Array.BYTES_PER_ELEMENT
    const deadZones = at + QUANTIZER.deadZones / Float32Array.BYTES_PER_ELEMENT
    for (const [i, step] of table.entries()) {
      const scale = 8 * AAN_SCALES[i >> 3] * AAN_SCALES[i & 7] * 2 ** bits
      floats[factors + transposedOf(i)] = 1 / (step * scale)
      floats[deadZones + transposedOf(i)] = i === 0 ? 0 : DEAD_ZONE
    }
  }
}

/** Returns the index, in a transposed block, of the coefficient or sample `index` of a block by rows. */
function transposedOf(index: number): number {
  return (index & 7) * 8 + (index >> 3)
}

/** Symbols that did not occur yet are counted as if this many of them were as frequent as one that occurred once. */
const RARITY = 64

/**
 * Fits a Huffman table to the symbols counted so far, and writes its codes into memory. `forEverySymbol` also gives
 * codes to symbols that did not occur yet.
 */
function fitCodes({ memory }: JpegEncoderExports, table: number, forEverySymbol: boolean): HuffmanSpec {
  const at = table * SYMBOLS * Uint32Array.BYTES_PER_ELEMENT
  const frequencies = [...new Uint32Array(memory.buffer, FREQUENCIES_AT + at, SYMBOLS)]
  if (forEverySymbol) {
    const isPossible = table % 2 === 0 ? isDcSymbol : isAcSymbol
    for (let symbol = 0; symbol < SYMBOLS; symbol++) {
      if (isPossible(symbol)) frequencies[symbol] = RARITY * frequencies[symbol] + 1
    }
  }
  // JPEG forbids a code that consists only of ones. An extra symbol that is never written gets this code.
  frequencies.push(1)
  const lengths = fitCodeLengths(frequencies, MAX_CODE_BITS).subarray(0, SYMBOLS)
  const codes = assignCodes(lengths)
  const entries = new Uint32Array(memory.buffer, CODES_AT + at, SYMBOLS)
  const counts = new Uint8Array(MAX_CODE_BITS)
  const symbols = inCodeOrder(lengths)
  for (const symbol of symbols) {
    const valueBits = symbol & 15
    entries[symbol] = (codes[symbol] << (valueBits + 5)) | (lengths[symbol] + valueBits)
    counts[lengths[symbol] - 1]++
  }
  return { counts, symbols: Uint8Array.from(symbols) }
}

/** True for the sizes in bits of a difference of DC coefficients (F.1.2.1). */
function isDcSymbol(symbol: number): boolean {
  return symbol <= 11
}

/** True for a run of zeros and the size of the coefficient behind it, for 16 zeros, and for the end of a block. */
function isAcSymbol(symbol: number): boolean {
  const size = symbol & 15
  return size === 0 ? symbol === 0x00 || symbol === 0xf0 : size <= 10
}

/** APP0 of JFIF 1.01: square pixels, no thumbnail. */
const JFIF = [...'JFIF\0'].map(code).concat(1, 1, 0, 0, 1, 0, 1, 0, 0)

function code(letter: string): number {
  return letter.charCodeAt(0)
}

/** Returns everything that precedes the coded bytes. */
function headerOf(
  { width, height, grey, icc }: JpegSettings,
  isHalf: boolean,
  steps: readonly Uint8Array[],
  tables: readonly HuffmanSpec[],
): Uint8Array {
  const components = grey ? [1] : [1, 2, 3]
  const kindOf = (id: number) => (id === 1 ? LUMA : CHROMA)
  const sampling = (id: number) => (id === 1 && isHalf ? 0x22 : 0x11)
  const frame = components.flatMap((id) => [id, sampling(id), kindOf(id)])
  const scan = components.flatMap((id) => [id, 0x11 * kindOf(id)])
  const huffman = tables.flatMap(({ counts, symbols }, i) => [((i & 1) << 4) | (i >> 1), ...counts, ...symbols])
  return concat([
    Uint8Array.of(0xff, SOI),
    segment(APP0, JFIF),
    ...(icc ? profileSegments(icc) : []),
    ...steps.slice(0, grey ? 1 : 2).map((table, kind) => segment(DQT, [kind, ...ZIGZAG.map((i) => table[i])])),
    segment(SOF0, [8, height >> 8, height & 0xff, width >> 8, width & 0xff, components.length, ...frame]),
    segment(DHT, huffman),
    segment(SOS, [components.length, ...scan, 0, BLOCK_SAMPLES - 1, 0]),
  ])
}

function segment(marker: number, content: ArrayLike<number>): Uint8Array {
  const length = content.length + 2
  return concat([Uint8Array.of(0xff, marker, length >> 8, length & 0xff), Uint8Array.from(content)])
}

/**
 * A segment holds 65533 bytes after its length. The prefix, the number of the part and the number of parts take 14 of
 * them.
 */
const ICC_PART_BYTES = 65_519

/** Returns a profile in APP2 segments (ICC.1:2022, B.4), whose parts are numbered from 1. */
function profileSegments(icc: Uint8Array): Uint8Array[] {
  const count = Math.ceil(icc.length / ICC_PART_BYTES)
  return Array.from({ length: count }, (_, i) =>
    segment(APP2, [
      ...[...ICC_PREFIX].map(code),
      i + 1,
      count,
      ...icc.subarray(i * ICC_PART_BYTES, (i + 1) * ICC_PART_BYTES),
    ]),
  )
}
