// Reads the header of a picture file before any pixel is decoded: type, size, orientation, colour profile, and whether
// the picture can be super-resolved at all. Reading is pure, never throws, and takes at most O(bytes) of time.
//
// Compiled decoders cannot be interrupted and have no useful limits of their own. So a file that costs more than its
// pixel count suggests (many scans, chunks or frames) is refused here. The caller limits the number of pixels.

import { readBmp } from './header/bmp.ts'
import type { Findings, Obstacle } from './header/findings.ts'
import { readGif } from './header/gif.ts'
import { readJpeg } from './header/jpeg.ts'
import { readPng } from './header/png.ts'
import { type ImageType, MIME_TYPES, sniff } from './header/sniff.ts'
import { readWebp } from './header/webp.ts'

export type { ImageType }

export interface Header extends Readonly<Findings> {
  readonly type: ImageType
  /**
   * MIME type according to the content, never to a file name, e.g. `image/jpeg`; `application/octet-stream` if unknown.
   */
  readonly mime: string
}

/**
 * Reads the header of a file. Never throws: an unreadable file has an `obstacle`. If `bytes` are only the first ones, and
 * `missing` more follow (Infinity: nobody knows how many), the fields may be incomplete. DAMAGED can then mean that the
 * header goes on behind them, and NOT_AN_IMAGE that they are too few; any other obstacle is the whole file's, too.
 */
export function readHeader(bytes: Uint8Array, missing = 0): Header {
  const type = sniff(bytes)
  const found: Findings = {
    width: 0,
    height: 0,
    orientation: 1,
    alpha: false,
    grey: false,
    isSampledGrey: false,
    interlaced: false,
    jpegQuality: undefined,
    scans: 0,
    coefficientBytes: 0,
    icc: undefined,
    coding: undefined,
    obstacle: undefined,
  }
  found.obstacle = fillIn(found, type, bytes, missing)
  return { type, mime: MIME_TYPES[type], ...found }
}

/** Returns the size in pixels after the orientation is applied. */
export function uprightSize(header: Pick<Header, 'width' | 'height' | 'orientation'>): {
  width: number
  height: number
} {
  const { width, height, orientation } = header
  return orientation >= 5 ? { width: height, height: width } : { width, height }
}

/** Returns the stored size of a JPEG that is decoded at 1 / `divisor`. */
export function dividedSize(
  { width, height }: Pick<Header, 'width' | 'height'>,
  divisor: number,
): { width: number; height: number } {
  return { width: Math.ceil(width / divisor), height: Math.ceil(height / divisor) }
}

/**
 * Calls the format's reader, which fills in each field as soon as it is known. So a truncated file has a partial
 * header.
 */
function fillIn(found: Findings, type: ImageType, bytes: Uint8Array, missing: number): Obstacle | undefined {
  switch (type) {
    case 'jpeg':
      return readJpeg(bytes, found, missing)
    case 'png':
      return readPng(bytes, found)
    case 'webp':
      return readWebp(bytes, found, missing)
    case 'gif':
      return readGif(bytes, found)
    case 'bmp':
      return readBmp(bytes, found, missing)
    case 'unknown':
      return 'NOT_AN_IMAGE'
    default:
      return 'FORMAT'
  }
}
