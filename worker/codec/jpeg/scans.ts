// Reads the frame and the scans of a JPEG with the tables that they use (ITU-T T.81, Annex B), for the decoder.

import { CodecError, DamagedError } from '../error.ts'
import { stepsFrom } from '../header/jpegQuality.ts'
import { startsWith } from '../header/sniff.ts'
import { type Frame, type FrameComponent, parseFrame } from './frame.ts'
import {
  APP0,
  APP14,
  DHT,
  DQT,
  DRI,
  EOI,
  isFrame,
  isUnknown,
  nextSegment,
  type Segment,
  SOF2,
  SOI,
  SOS,
} from './markers.ts'
import { BLOCK_SAMPLES, MAX_CODE_BITS } from './tables.ts'

/** Number of codes of each length from 1 to 16, and the symbols in the order of their codes. */
export interface HuffmanSpec {
  readonly counts: Uint8Array
  readonly symbols: Uint8Array
}

/** A scan's header, and the tables that are valid for it. */
export interface Scan {
  /** For each component: its index in the frame, and its tables, which are undefined if the file defines none. */
  readonly components: readonly {
    readonly index: number
    readonly dc: HuffmanSpec | undefined
    readonly ac: HuffmanSpec | undefined
    /** Steps in zig-zag order. */
    readonly steps: Uint16Array | undefined
  }[]
  /** First and last place of the coefficients, in zig-zag order. */
  readonly first: number
  readonly last: number
  /** Bits that earlier scans and this scan leave out: Ah and Al. */
  readonly high: number
  readonly low: number
  /** MCUs between restart markers, or 0. */
  readonly restartInterval: number
  /** Position of the coded bytes in the file. */
  readonly start: number
}

export interface JpegFile {
  readonly frame: Frame
  readonly color: 'grey' | 'ycbcr' | 'rgb'
  readonly firstScan: Scan
  /**
   * Returns the next scan at or after a position, or undefined if none follows. Then `isEnded` tells whether EOI follows.
   */
  nextScan(at: number): Scan | undefined
  isEnded(): boolean
}

/** Limit on the blocks of an MCU (B.2.3). Other decoders refuse files beyond it, too. */
const MAX_BLOCKS_IN_UNIT = 10

const blocksInUnit = ({ across, down }: FrameComponent) => across * down

export const damaged = (what: string) => new DamagedError(`damaged JPEG: ${what}`)

/** Reads a file up to its first scan. Throws a CodecError if the file is damaged or of a kind that is not decoded. */
export function readJpegFile(file: Uint8Array): JpegFile {
  const quantizers: Uint16Array[] = []
  /** Indexed by the class of a table (0x00 for DC, 0x10 for AC) and its number. */
  const huffman = [...STANDARD_TABLES]
  let restartInterval = 0
  let hasJfif = false
  let adobeTransform: number | undefined
  let frame: Frame | undefined

  const readSegment = ({ code, content }: Segment): void => {
    if (isFrame(code)) frame = readFrame(code, content)
    else if (code === DQT) readQuantizers(content, quantizers)
    else if (code === DHT) readHuffman(content, huffman)
    else if (code === DRI) restartInterval = (content[0] << 8) | content[1]
    else if (code === APP0) hasJfif ||= content.length >= 14 && startsWith(content, 'JFIF\0')
    else if (code === APP14 && content.length >= 12 && startsWith(content, 'Adobe')) adobeTransform = content[11]
  }

  const readScan = ({ content, end }: Segment): Scan => {
    const parts = content[0]
    if (!frame || parts < 1 || content.length !== 4 + 2 * parts) throw damaged('scan header')
    const [first, last, bits] = content.subarray(1 + 2 * parts)
    const { components: inFrame } = frame
    const used = new Set<number>()
    const components = Array.from({ length: parts }, (_, i) => {
      // Some files give the same id to all components, which then follow each other.
      const index = inFrame.findIndex(({ id }, at) => id === content[1 + 2 * i] && !used.has(at))
      if (index < 0) throw damaged('unknown component in a scan')
      used.add(index)
      const tables = content[2 + 2 * i]
      return {
        index,
        dc: huffman[tables >> 4],
        ac: huffman[0x10 | (tables & 15)],
        steps: quantizers[inFrame[index].quantizer],
      }
    })
    const blocks = components.reduce((sum, { index }) => sum + blocksInUnit(inFrame[index]), 0)
    if (parts > 1 && blocks > MAX_BLOCKS_IN_UNIT) throw damaged('sampling factors')
    return { components, first, last, high: bits >> 4, low: bits & 15, restartInterval, start: end }
  }

  let hasEnd = false
  const nextScan = (at: number): Scan | undefined => {
    for (;;) {
      const segment = nextSegment(file, at)
      hasEnd = segment?.code === EOI
      const isBad = !segment || segment.isCut || segment.code === SOI || (frame && isFrame(segment.code))
      if (isBad || hasEnd) return undefined
      if (segment.code === SOS) return readScan(segment)
      // The data of a damaged scan can contain reserved codes. They have no length.
      at = isUnknown(segment.code) ? segment.start : segment.end
      if (at === segment.end) readSegment(segment)
    }
  }

  const firstScan = nextScan(2)
  if (!frame || !firstScan) throw damaged('no scan')
  return { frame, color: colorOf(frame, hasJfif, adobeTransform), firstScan, nextScan, isEnded: () => hasEnd }
}

/** Decides as libjpeg's default_decompress_parms does. */
function colorOf({ components }: Frame, hasJfif: boolean, adobeTransform: number | undefined): JpegFile['color'] {
  if (components.length === 1) return 'grey'
  if (hasJfif) return 'ycbcr'
  if (adobeTransform !== undefined) return adobeTransform === 0 ? 'rgb' : 'ycbcr'
  return String.fromCharCode(...components.map(({ id }) => id)) === 'RGB' ? 'rgb' : 'ycbcr'
}

function readFrame(code: number, content: Uint8Array): Frame {
  const frame = parseFrame(code, content)
  if (!frame || frame.height === 0) throw damaged('frame header')
  const { length } = frame.components
  if (code > SOF2 || content[0] !== 8 || (length !== 1 && length !== 3)) {
    throw new CodecError('expected a baseline, extended or progressive JPEG of 1 or 3 components with 8 bits')
  }
  return frame
}

function readQuantizers(content: Uint8Array, quantizers: Uint16Array[]): void {
  for (let at = 0; at < content.length;) {
    const [bytes, id] = [content[at] >> 4 ? 2 : 1, content[at] & 15]
    const steps = content.subarray(at + 1, at + 1 + bytes * BLOCK_SAMPLES)
    if (id > 3 || steps.length !== bytes * BLOCK_SAMPLES) throw damaged('quantisation table')
    quantizers[id] = stepsFrom(steps)
    at += 1 + steps.length
  }
}

function readHuffman(content: Uint8Array, huffman: (HuffmanSpec | undefined)[]): void {
  for (let at = 0; at < content.length;) {
    const id = content[at]
    const counts = content.subarray(at + 1, at + 1 + MAX_CODE_BITS)
    const total = counts.reduce((sum, count) => sum + count, 0)
    const symbols = content.subarray(at + 1 + MAX_CODE_BITS, at + 1 + MAX_CODE_BITS + total)
    if ((id & 0xef) > 3 || total > 256 || symbols.length !== total) throw damaged('Huffman table')
    huffman[id] = { counts, symbols }
    at += 1 + MAX_CODE_BITS + total
  }
}

// prettier-ignore
const STANDARD_LUMA_AC = [
  0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
  0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72,
  0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37,
  0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
  0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83,
  0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3,
  0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3,
  0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2,
  0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
]
// prettier-ignore
const STANDARD_CHROMA_AC = [
  0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
  0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1,
  0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36,
  0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
  0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a,
  0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a,
  0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba,
  0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda,
  0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
]
const SIZES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]

function specOf(counts: readonly number[], symbols: readonly number[]): HuffmanSpec {
  return {
    counts: Uint8Array.from({ length: MAX_CODE_BITS }, (_, i) => counts[i] ?? 0),
    symbols: Uint8Array.from(symbols),
  }
}

/** Tables K.3 to K.6 (Annex K.3.3), by class and number. Frames of Motion JPEG leave their tables out and mean these. */
const STANDARD_TABLES: readonly (HuffmanSpec | undefined)[] = Object.assign([], {
  0x00: specOf([0, 1, 5, 1, 1, 1, 1, 1, 1], SIZES),
  0x01: specOf([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1], SIZES),
  0x10: specOf([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125], STANDARD_LUMA_AC),
  0x11: specOf([0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119], STANDARD_CHROMA_AC),
})
