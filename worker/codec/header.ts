// What a picture file says about itself before any pixel exists: type, size, orientation, colour
// profile, and whether it can be super-resolved at all. Pure, never throws, at worst O(bytes).
//
// Compiled decoders cannot be interrupted and have no useful limits of their own, so whatever costs
// more than its pixel count tells (scans, chunks, frames) is refused here. Limits on the pixel count
// itself belong to the caller.

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
  /** From the content, never from a name: `image/jpeg`; `application/octet-stream` when unknown. */
  readonly mime: string
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
    jpegQuality: undefined,
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
