// What a picture file says about itself before any pixel exists: type, size, orientation, colour
// profile, and whether it can be super-resolved at all. Pure, never throws, at worst O(bytes).
//
// Compiled decoders cannot be interrupted and have no useful limits of their own, so whatever costs
// more than its pixel count tells (scans, chunks, frames) is refused here. Limits on the pixel count
// itself belong to the caller.

import { readBmp } from './header/bmp.ts'
import { readGif } from './header/gif.ts'
import { readJpeg } from './header/jpeg.ts'
import { readPng } from './header/png.ts'
import { type ImageType, MIME_TYPES, sniff } from './header/sniff.ts'
import { readWebp } from './header/webp.ts'

export type { ImageType }

/** Why a file is served as it is. */
export const OBSTACLES = [
  'NOT_AN_IMAGE', // no known magic bytes
  'FORMAT', // an image, but of a format or variant that no decoder here reads rightly
  'ANIMATED', // more than one frame
  'CMYK', // four-colour JPEG, which needs colour management
  'DAMAGED', // the header cannot be walked, or ends before the first pixel
  'TOO_COMPLEX', // costs far more than its size tells: scans, segments, chunks, profile bytes
] as const
export type Obstacle = (typeof OBSTACLES)[number]

/** EXIF orientation: 1 is upright, 5 to 8 swap width and height. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8

export interface Header {
  readonly type: ImageType
  /** From the content, never from a name: `image/jpeg`; `application/octet-stream` when unknown. */
  readonly mime: string
  /** In pixels as stored, before `orientation`; 0 when unknown. */
  readonly width: number
  readonly height: number
  /** From EXIF; 1 when absent or broken. */
  readonly orientation: Orientation
  /** Whether the file can hold transparency. */
  readonly alpha: boolean
  /** Stored without colour: one channel, or a palette of greys. */
  readonly grey: boolean
  /** The colour profile as embedded: plain for JPEG, WebP and BMP, deflated for PNG (see `readIcc`). */
  readonly icc: Uint8Array | undefined
  /** Undefined when the file can be decoded. */
  readonly obstacle: Obstacle | undefined
}

/** The part of a header that a format's own reader fills in. */
export type Findings = {
  -readonly [Key in Exclude<keyof Header, 'type' | 'mime'>]: Header[Key]
}

/** Reads what `bytes`, a whole file, says about itself. Never throws; unreadable is an `obstacle`. */
export function readHeader(bytes: Uint8Array): Header {
  const type = sniff(bytes)
  const found: Findings = {
    width: 0,
    height: 0,
    orientation: 1,
    alpha: false,
    grey: false,
    icc: undefined,
    obstacle: undefined,
  }
  found.obstacle = fillIn(found, type, bytes)
  return { type, mime: MIME_TYPES[type], ...found }
}

/** The size in pixels after the orientation is applied. */
export function uprightSize(header: Pick<Header, 'width' | 'height' | 'orientation'>): {
  width: number
  height: number
} {
  const { width, height, orientation } = header
  return orientation >= 5 ? { width: height, height: width } : { width, height }
}

/** Each reader fills in what it comes across, so that a file that ends early still has a header. */
function fillIn(found: Findings, type: ImageType, bytes: Uint8Array): Obstacle | undefined {
  switch (type) {
    case 'jpeg':
      return readJpeg(bytes, found)
    case 'png':
      return readPng(bytes, found)
    case 'webp':
      return readWebp(bytes, found)
    case 'gif':
      return readGif(bytes, found)
    case 'bmp':
      return readBmp(bytes, found)
    case 'unknown':
      return 'NOT_AN_IMAGE'
    default:
      return 'FORMAT'
  }
}
