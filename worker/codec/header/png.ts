// PNG, third edition: https://www.w3.org/TR/png-3/ (APNG and cICP are part of it).

import { crc32 } from '../crc32.ts'
import { type ColorChunks, codingOf, isApplied } from '../icc/coding.ts'
import { type Findings, MAX_ICC_BYTES, type Obstacle } from './findings.ts'
import { readOrientation } from './exif.ts'
import { isGreyPalette } from './palette.ts'

/** Limit on the number of chunks, the same as libpng's default. Even an empty chunk costs the decoder time. */
const MAX_CHUNKS = 1000
/** Encoders write pixel data in chunks of 8 kB or more. A decoder needs 3 us for each chunk, even for an empty one. */
const MAX_DATA_CHUNKS = 20_000

export const SIGNATURE_BYTES = 8

export interface PngChunk {
  readonly type: string
  readonly data: Uint8Array
  /** The whole chunk as in the file: length, type, data and checksum. */
  readonly whole: Uint8Array
}

/**
 * Yields the chunks of a PNG. Stops at a chunk that is truncated by the end of the file, except that pixel data are
 * yielded as far as they are there.
 */
export function* pngChunks(bytes: Uint8Array): Generator<PngChunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = SIGNATURE_BYTES; at + 12 <= bytes.length;) {
    const end = at + 12 + view.getUint32(at)
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    if (end > bytes.length && type !== 'IDAT') return
    yield { type, data: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) }
    at = end
  }
}

/** Yields the chunks up to the last one of the pixel data. Browsers ignore what follows, such as EXIF or more pixels. */
export function* chunksToPixels(bytes: Uint8Array): Generator<PngChunk> {
  let isData = false
  for (const chunk of pngChunks(bytes)) {
    if (chunk.type === 'IEND' || (isData && chunk.type !== 'IDAT')) return
    isData = chunk.type === 'IDAT'
    yield chunk
  }
}

/** True if the checksum of a chunk is right. */
export function isIntact({ whole }: PngChunk): boolean {
  const stored = new DataView(whole.buffer, whole.byteOffset + whole.length - 4).getUint32(0)
  return crc32([whole.subarray(4, -4)]) === stored
}

const OPTIONAL_CHUNKS = new Set(['tRNS', 'eXIf', 'iCCP', 'cICP', 'sRGB', 'gAMA', 'cHRM', 'acTL', 'fcTL'])

/** True for a chunk that a picture can do without and whose checksum is wrong. Browsers ignore it. */
export function isIgnored(chunk: PngChunk): boolean {
  return OPTIONAL_CHUNKS.has(chunk.type) && !isIntact(chunk)
}

const GREY = 0
const RGB = 2
const PALETTE = 3
const GREY_ALPHA = 4
const RGB_ALPHA = 6
const BIT_DEPTHS = new Map([
  [GREY, [1, 2, 4, 8, 16]],
  [RGB, [8, 16]],
  [PALETTE, [1, 2, 4, 8]],
  [GREY_ALPHA, [8, 16]],
  [RGB_ALPHA, [8, 16]],
])

export function readPng(bytes: Uint8Array, found: Findings): Obstacle | undefined {
  let colorType = -1
  let palette: Uint8Array | undefined
  const colors: ColorChunks = { cicp: undefined, isSrgb: false, gamma: undefined, chromaticities: undefined }
  let frames = 0
  let isDataFirstFrame = false
  let chunks = 0
  let dataChunks = 0
  let hasExif = false

  for (const chunk of chunksToPixels(bytes)) {
    const { type, data } = chunk
    if ((chunks === 0) !== (type === 'IHDR')) return 'DAMAGED'
    if (type !== 'IDAT' && ++chunks > MAX_CHUNKS) return 'TOO_COMPLEX'
    if (type === 'iCCP' && data.length > MAX_ICC_BYTES) return 'TOO_COMPLEX'
    if (isIgnored(chunk)) continue
    switch (type) {
      case 'IHDR': {
        if (data.length !== 13) return 'DAMAGED'
        const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
        const [width, height] = [view.getUint32(0), view.getUint32(4)]
        colorType = data[9]!
        found.width = width
        found.height = height
        found.alpha = colorType === GREY_ALPHA || colorType === RGB_ALPHA
        found.grey = colorType === GREY || colorType === GREY_ALPHA
        found.isSampledGrey = found.grey
        found.interlaced = data[12] === 1
        const isSize = [width, height].every((side) => side > 0 && side < 2 ** 31)
        const isCoded = BIT_DEPTHS.get(colorType)?.includes(data[8]) && !data[10] && !data[11]
        if (!isSize || !isCoded || data[12] > 1) return 'DAMAGED'
        break
      }
      case 'PLTE':
        palette = data
        break
      case 'tRNS':
        found.alpha = true
        break
      case 'eXIf':
        if (!hasExif) found.orientation = readOrientation(data)
        hasExif = true
        break
      case 'iCCP':
        found.icc ??= deflatedProfile(data)
        break
      case 'cICP':
        if (!palette && data.length === 4) colors.cicp ??= data
        break
      case 'sRGB':
        if (data.length === 1 && data[0] <= MAX_INTENT) colors.isSrgb = true
        break
      case 'gAMA':
        if (data.length === 4) colors.gamma ??= fractions(data)[0]
        break
      case 'cHRM':
        if (data.length === 32) colors.chromaticities ??= fractions(data)
        break
      case 'acTL':
        if (data.length === 8) {
          frames = new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(0)
        }
        break
      case 'fcTL':
        isDataFirstFrame = true
        break
      case 'IDAT':
        if (++dataChunks > MAX_DATA_CHUNKS) return 'TOO_COMPLEX'
        break
    }
  }
  if (dataChunks === 0) return 'DAMAGED'
  if (colorType === PALETTE) {
    if (!palette) return 'DAMAGED'
    found.grey = isGreyPalette(palette, 3)
  }
  const coding = codingOf(colors)
  if (coding === 'FORMAT') return 'FORMAT'
  found.coding = coding
  if (colors.cicp && isApplied(colors.cicp)) found.icc = undefined
  // A file with one frame is a still picture only if IDAT holds this frame.
  const isAnimated = frames > 1 || (frames === 1 && !isDataFirstFrame)
  return isAnimated ? 'ANIMATED' : undefined
}

/** Returns the deflated profile in an iCCP chunk. The profile follows a name, a zero, and compression method 0. */
function deflatedProfile(data: Uint8Array): Uint8Array | undefined {
  const nameEnd = data.indexOf(0)
  return nameEnd > 0 && data[nameEnd + 1] === 0 ? data.subarray(nameEnd + 2) : undefined
}

/** The last rendering intent of sRGB. Chromium ignores a chunk with another one. */
const MAX_INTENT = 3

/** Returns the numbers of a chunk that stores them as integers, times 100,000. */
function fractions(data: Uint8Array): number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  return Array.from({ length: data.length / 4 }, (_, i) => view.getUint32(4 * i) / 100_000)
}
