// Reads the chunks of a PNG that its pixels depend on (PNG, third edition, section 11).

import { DamagedError } from '../error.ts'
import { chunksToPixels, isIgnored, isIntact, type PngChunk } from '../header/png.ts'

export const GREY = 0
export const RGB = 2
export const PALETTE = 3
export const GREY_ALPHA = 4
export const RGB_ALPHA = 6

export interface PngFile {
  readonly width: number
  readonly height: number
  /** Bits of a sample. */
  readonly depth: number
  /** GREY, RGB, PALETTE, GREY_ALPHA or RGB_ALPHA. */
  readonly colorType: number
  /** Three bytes for each colour, and perhaps a part of another. Empty if the file has no palette. */
  readonly palette: Uint8Array
  /**
   * For a palette, the alpha of its first colours, perhaps of more than it has; for grey and RGB, the transparent colour
   * with 16 bits a sample. Empty if absent.
   */
  readonly transparency: Uint8Array
  /** The parts of the deflated rows. */
  readonly data: readonly Uint8Array[]
}

const NONE: Uint8Array = new Uint8Array(0)

/** Longest tRNS chunk that is read: the alpha of 256 colours. */
const MAX_TRANSPARENCY_BYTES = 256

/**
 * Reads a file whose header has no obstacle, as Chromium reads it (test/browser/shown.test.ts). Throws a DamagedError if
 * a chunk that the pixels need is wrong or twice there. Transparency that is out of place is ignored, and so are pixel
 * data behind a chunk of them whose checksum is wrong.
 */
export function readPngFile(bytes: Uint8Array): PngFile {
  let head = NONE
  let palette = NONE
  let transparency: Uint8Array | undefined
  const data: Uint8Array[] = []
  let lastData: PngChunk | undefined
  for (const chunk of chunksToPixels(bytes)) {
    const { type, data: content } = chunk
    if (type === 'IDAT') {
      if (lastData && !isIntact(lastData)) break
      data.push(content)
      lastData = chunk
    } else if (type === 'IHDR') head = checked(chunk)
    else if (type === 'PLTE' && content.length > 0) {
      if (palette.length > 0) throw damaged('two palettes')
      palette = checked(chunk)
    } else if (type === 'tRNS' && !isIgnored(chunk)) transparency ??= transparencyOf(content, head, palette)
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const [depth, colorType] = [head[8], head[9]]
  if (colorType === PALETTE && !isPalette(palette)) throw damaged('the palette')
  const [width, height] = [view.getUint32(0), view.getUint32(4)]
  return { width, height, depth, colorType, palette, transparency: transparency ?? NONE, data }
}

/** Returns the content of a chunk whose checksum is right. */
function checked(chunk: PngChunk): Uint8Array {
  if (!isIntact(chunk)) throw damaged(`the checksum of ${chunk.type}`)
  return chunk.data
}

/** True for 1 to 256 colours, the last of which may lack bytes. */
function isPalette({ length }: Uint8Array): boolean {
  return length >= 3 && length <= 3 * 256
}

/** Returns the content of a tRNS chunk, or undefined if browsers ignore it. */
function transparencyOf(content: Uint8Array, head: Uint8Array, palette: Uint8Array): Uint8Array | undefined {
  const { length } = content
  if (length === 0 || length > MAX_TRANSPARENCY_BYTES) return undefined
  switch (head[9]) {
    case PALETTE:
      return palette.length > 0 ? content : undefined
    case GREY:
      return length >= 2 ? content.subarray(0, 2) : undefined
    case RGB:
      return length >= 6 ? content.subarray(0, 6) : undefined
    default:
      return undefined
  }
}

export function damaged(what: string, cause?: unknown): DamagedError {
  return new DamagedError(`damaged PNG: ${what}`, { cause })
}
