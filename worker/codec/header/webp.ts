// WebP container: https://developers.google.com/speed/webp/docs/riff_container (RFC 9649).
//
// EXIF is not read, because no browser turns a WebP by it: Chromium (test/browser/shown.test.ts), Firefox (its
// nsWebPDecoder does not look for the chunk) and Safari (https://zpl.fi/exif-orientation-in-different-formats/) show the
// pixels as they are stored. Other programs, such as sharp, turn them.

import { type Findings, MAX_ICC_BYTES, type Obstacle } from './findings.ts'

/** A still picture needs five chunks; real files have fewer than ten. The chunks in a frame count, too. */
const MAX_CHUNKS = 1000

/** "RIFF" and the length of what follows. */
const RIFF_HEADER_BYTES = 8

export interface RiffChunk {
  readonly type: string
  readonly data: Uint8Array
  /** The whole chunk as in the file: type, length, data and padding. */
  readonly whole: Uint8Array
}

/**
 * Yields the RIFF chunks from `at` on. If the end of the file truncates a chunk, the chunk contains the bytes that
 * exist.
 */
export function* riffChunks(bytes: Uint8Array, at: number): Generator<RiffChunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  while (at + 8 <= bytes.length) {
    const length = view.getUint32(at + 4, true)
    const type = String.fromCharCode(...bytes.subarray(at, at + 4))
    const end = at + 8 + length
    const paddedEnd = end + (length % 2)
    yield { type, data: bytes.subarray(at + 8, end), whole: bytes.subarray(at, paddedEnd) }
    at = paddedEnd
  }
}

/**
 * Yields the chunks of a WebP file, which follow "RIFF", the length and "WEBP". Ignores the bytes beyond that length.
 */
export function webpChunks(bytes: Uint8Array): Generator<RiffChunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return riffChunks(bytes.subarray(0, RIFF_HEADER_BYTES + view.getUint32(4, true)), 12)
}

/** Offset of the chunks in an ANMF frame. They follow the frame's position, size, duration and flags. */
export const FIRST_FRAME_CHUNK = 16

const ICC_FLAG = 0x20
const ALPHA_FLAG = 0x10

export function readWebp(bytes: Uint8Array, found: Findings, missing: number): Obstacle | undefined {
  let isExtended = false
  let flags = 0
  let frames = 0
  let chunks = 0
  let picture: Picture | undefined

  for (const { type, data } of webpChunks(bytes)) {
    if (++chunks > MAX_CHUNKS) return 'TOO_COMPLEX'
    if (type === 'VP8X' && chunks === 1) {
      if (data.length < 10) return 'DAMAGED'
      isExtended = true
      flags = data[0]!
      found.width = uint24(data, 4) + 1
      found.height = uint24(data, 7) + 1
      found.alpha = (flags & ALPHA_FLAG) > 0
    } else if (type === 'ICCP' && flags & ICC_FLAG) {
      if (data.length > MAX_ICC_BYTES) return 'TOO_COMPLEX'
      found.icc ??= data
    } else if (type === 'ANMF' && isExtended) {
      if (++frames > 1) return 'ANIMATED'
      const frame = readFrame(data, MAX_CHUNKS - chunks)
      if (!frame) return 'TOO_COMPLEX'
      chunks += frame.chunks
      picture = frame.picture
    } else if (type === 'VP8 ' || type === 'VP8L') {
      picture ??= readPicture(type, data)
    }
  }
  if (!picture || isShorterThanStated(bytes, missing)) return 'DAMAGED'
  if (!isExtended) Object.assign(found, picture)
  // If a single frame does not fill the canvas, viewers show the background around the frame, as in an animation.
  if (frames > 0 && (picture.width < found.width || picture.height < found.height)) return 'ANIMATED'
  if (picture.width !== found.width || picture.height !== found.height) return 'DAMAGED'
  // Of a still picture the flag in VP8X decides, for browsers as for libwebp. A frame tells by its own chunks.
  if (frames > 0) found.alpha ||= picture.alpha
  return undefined
}

/** True if the file ends before the length that it states. Browsers then show a part of it, or nothing. */
function isShorterThanStated(bytes: Uint8Array, missing: number): boolean {
  const stated = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(4, true)
  return RIFF_HEADER_BYTES + stated > bytes.length + missing
}

type Picture = Pick<Findings, 'width' | 'height' | 'alpha'>

/**
 * Reads an ANMF chunk: x/2, y/2, width-1, height-1 and duration (24 bits each), flags, and the frame's chunks. Returns
 * undefined if the frame has more than `maxChunks`. The picture is undefined if libwebp would refuse it.
 */
function readFrame(
  data: Uint8Array,
  maxChunks: number,
): { readonly chunks: number; readonly picture: Picture | undefined } | undefined {
  let alpha = false
  let chunks = 0
  let first: RiffChunk | undefined
  for (const chunk of riffChunks(data, FIRST_FRAME_CHUNK)) {
    if (++chunks > maxChunks) return undefined
    if (first) continue
    if (chunk.type === 'ALPH') alpha = true
    if (chunk.type === 'VP8 ' || chunk.type === 'VP8L') first = chunk
  }
  const picture = first && readPicture(first.type as 'VP8 ' | 'VP8L', first.data)
  return { chunks, picture: picture && { ...picture, alpha: picture.alpha || alpha } }
}

/** Reads size and alpha from the coded picture. Returns undefined if libwebp would refuse the picture. */
function readPicture(type: 'VP8 ' | 'VP8L', data: Uint8Array): Picture | undefined {
  if (type === 'VP8L') {
    if (data.length < 5 || data[0] !== 0x2f || data[4] >> 5 !== 0) return undefined
    const bits = data[1] | (data[2] << 8) | (data[3] << 16) | (data[4] << 24)
    const [width, height] = [(bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1]
    return { width, height, alpha: (bits & (1 << 28)) !== 0 }
  }
  // The picture must be a shown key frame with a start code (RFC 6386, 9.1).
  const isShownKey = (data[0] & 1) === 0 && (data[0] & 0x10) !== 0
  const isStarted = data[3] === 0x9d && data[4] === 0x01 && data[5] === 0x2a
  if (data.length < 10 || !isShownKey || !isStarted) return undefined
  const width = (data[6] | (data[7] << 8)) & 0x3fff
  const height = (data[8] | (data[9] << 8)) & 0x3fff
  return width && height ? { width, height, alpha: false } : undefined
}

function uint24(data: Uint8Array, at: number): number {
  return data[at] | (data[at + 1] << 8) | (data[at + 2] << 16)
}
