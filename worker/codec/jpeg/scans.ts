// Reads the frame and the scans of a JPEG with the tables that they use (ITU-T T.81, Annex B), for the decoder.

import { CodecError, DamagedError } from '../error.ts'
import { type Frame, type FrameComponent, parseFrame } from './frame.ts'
import { APP0, APP14, DHT, DQT, DRI, isFrame, isUnknown, nextSegment, type Segment, SOF2, SOI, SOS } from './markers.ts'
import { BLOCK_SAMPLES, MAX_CODE_BITS } from './tables.ts'

/** Number of codes of each length from 1 to 16, and the symbols in the order of their codes. */
export interface HuffmanSpec {
  readonly counts: Uint8Array
  readonly symbols: Uint8Array
}

/** A scan's header, and the tables that are valid for it. */
export interface Scan {
  /** For each component: its index in the frame, and its tables, which are undefined if the file does not define them. */
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
  /** Returns the next scan at or after a position. Returns undefined if none follows, or only damaged segments. */
  nextScan(at: number): Scan | undefined
}

/** Limit on the blocks of an MCU (B.2.3). Other decoders refuse files beyond it, too. */
const MAX_BLOCKS_IN_UNIT = 10

const blocksInUnit = ({ across, down }: FrameComponent) => across * down

export const damaged = (what: string) => new DamagedError(`damaged JPEG: ${what}`)

/** Reads a file up to its first scan. Throws a CodecError if the file is damaged or of a kind that is not decoded. */
export function readJpegFile(file: Uint8Array): JpegFile {
  const quantizers: Uint16Array[] = []
  /** Indexed by the class of a table (0x00 for DC, 0x10 for AC) and its number. */
  const huffman: HuffmanSpec[] = []
  let restartInterval = 0
  let hasJfif = false
  let adobeTransform: number | undefined
  let frame: Frame | undefined

  const readSegment = ({ code, content }: Segment): void => {
    if (isFrame(code)) frame = readFrame(code, content)
    else if (code === DQT) readQuantizers(content, quantizers)
    else if (code === DHT) readHuffman(content, huffman)
    else if (code === DRI) restartInterval = (content[0] << 8) | content[1]
    else if (code === APP0) hasJfif ||= content.length >= 12 && startsWith(content, 'JFIF\0')
    else if (code === APP14 && content.length >= 12 && startsWith(content, 'Adobe')) adobeTransform = content[11]
  }

  const readScan = ({ content, end }: Segment): Scan => {
    const parts = content[0]
    if (!frame || parts < 1 || content.length !== 4 + 2 * parts) throw damaged('scan header')
    const [first, last, bits] = content.subarray(1 + 2 * parts)
    const ids = frame.components.map(({ id }) => id)
    const components = Array.from({ length: parts }, (_, i) => {
      const index = ids.indexOf(content[1 + 2 * i])
      if (index < 0) throw damaged('unknown component in a scan')
      const tables = content[2 + 2 * i]
      return {
        index,
        dc: huffman[tables >> 4],
        ac: huffman[0x10 | (tables & 15)],
        steps: quantizers[frame!.components[index].quantizer],
      }
    })
    const blocks = components.reduce((sum, { index }) => sum + blocksInUnit(frame!.components[index]), 0)
    if (parts > 1 && blocks > MAX_BLOCKS_IN_UNIT) throw damaged('sampling factors')
    return { components, first, last, high: bits >> 4, low: bits & 15, restartInterval, start: end }
  }

  const nextScan = (at: number): Scan | undefined => {
    for (;;) {
      const segment = nextSegment(file, at)
      const isBad = !segment || segment.isCut || segment.code === SOI || (frame && isFrame(segment.code))
      if (isBad) return undefined
      if (segment.code === SOS) return readScan(segment)
      // The data of a damaged scan can contain reserved codes. They have no length.
      at = isUnknown(segment.code) ? segment.start : segment.end
      if (at === segment.end) readSegment(segment)
    }
  }

  const firstScan = nextScan(2)
  if (!frame || !firstScan) throw damaged('no scan')
  return { frame, color: colorOf(frame, hasJfif, adobeTransform), firstScan, nextScan }
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
    quantizers[id] = Uint16Array.from({ length: BLOCK_SAMPLES }, (_, i) =>
      bytes === 2 ? (steps[2 * i] << 8) | steps[2 * i + 1] : steps[i],
    )
    at += 1 + steps.length
  }
}

function readHuffman(content: Uint8Array, huffman: HuffmanSpec[]): void {
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

function startsWith(content: Uint8Array, text: string): boolean {
  return [...text].every((letter, i) => content[i] === letter.charCodeAt(0))
}
