// Reads the chunks of a PNG that its pixels depend on (PNG, third edition, section 11).

import { crc32 } from '../crc32.ts'
import { DamagedError } from '../error.ts'
import { pngChunks } from '../header/png.ts'

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
  /** Three bytes for each colour. Empty if the file has no palette. */
  readonly palette: Uint8Array
  /**
   * For a palette, the alpha of its first colours; for grey and RGB, the transparent colour with 16 bits a sample.
   * Empty if absent.
   */
  readonly transparency: Uint8Array
  /** The parts of the deflated rows. */
  readonly data: readonly Uint8Array[]
}

const NONE: Uint8Array = new Uint8Array(0)

/**
 * Reads a file whose header has no obstacle. Throws a DamagedError if a chunk is wrong, twice there or out of place. The
 * checksums of pixel data and transparency are not compared: browsers show such files.
 */
export function readPngFile(bytes: Uint8Array): PngFile {
  let head = NONE
  let palette = NONE
  let transparency = NONE
  const data: Uint8Array[] = []
  let isDataOver = false
  for (const { type, data: content, whole } of pngChunks(bytes)) {
    if (type === 'IEND') break
    if (type === 'IDAT') {
      if (!isDataOver) data.push(content)
    } else if (data.length > 0) isDataOver ||= type === 'PLTE' || type === 'tRNS'
    else if (type === 'IHDR') head = checked(type, content, whole)
    else if (content.length === 0) continue
    else if (type === 'PLTE') {
      if (palette.length > 0) throw damaged('two palettes')
      palette = checked(type, content, whole)
    } else if (type === 'tRNS') {
      if (transparency.length > 0 || (head[9] === PALETTE && palette.length === 0)) throw damaged('transparency')
      transparency = content
    }
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const [depth, colorType] = [head[8], head[9]]
  if (colorType === PALETTE && !isPalette(palette)) throw damaged('the palette')
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth,
    colorType,
    palette,
    transparency: transparencyOf(transparency, colorType, depth, palette.length / 3),
    data,
  }
}

/** Returns the content of a chunk whose checksum is right. */
function checked(type: string, content: Uint8Array, whole: Uint8Array): Uint8Array {
  const stored = new DataView(whole.buffer, whole.byteOffset + whole.length - 4).getUint32(0)
  if (crc32([whole.subarray(4, -4)]) !== stored) throw damaged(`the checksum of ${type}`)
  return content
}

function isPalette({ length }: Uint8Array): boolean {
  return length > 0 && length % 3 === 0 && length <= 3 * 256
}

/** Returns the content of a tRNS chunk, or nothing if it has to be ignored. */
function transparencyOf(content: Uint8Array, colorType: number, depth: number, colors: number): Uint8Array {
  const { length } = content
  if (length === 0) return content
  if (colorType === PALETTE) return length > colors ? NONE : content
  if (colorType !== GREY && colorType !== RGB) throw damaged('transparency beside alpha')
  const bytes = colorType === GREY ? 2 : 6
  if (length < bytes) throw damaged('the transparent colour')
  return depth === 16 && length > bytes ? NONE : content.subarray(0, bytes)
}

export function damaged(what: string, cause?: unknown): DamagedError {
  return new DamagedError(`damaged PNG: ${what}`, { cause })
}
