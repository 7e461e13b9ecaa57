// The fields that the reader of each format fills in from a file's header.

import type { ColorCoding } from '../icc/coding.ts'

/**
 * Real profiles have 0.5 to 600 kB. A file with a larger profile is refused, because the picture would change colour
 * without its profile.
 */
export const MAX_ICC_BYTES = 1e6

/** Reason why a file is not decoded; the original is then served unchanged. */
export type Obstacle =
  | 'NOT_AN_IMAGE' // no known magic bytes
  | 'FORMAT' // an image, but of a format or variant that no decoder here reads correctly
  | 'ANIMATED' // more than one frame
  | 'CMYK' // a four-colour JPEG, which would need colour management
  | 'DAMAGED' // the header is malformed, or the file ends before its first pixel
  | 'TOO_COMPLEX' // costs far more than its size suggests: too many scans, segments, chunks or profile bytes

/** EXIF orientation: 1 is upright; 5 to 8 swap width and height. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8

/** The fields of a header except `type` and `mime`; a reader fills them in. */
export interface Findings {
  /** Width and height in stored pixels, i.e. before `orientation` is applied; 0 if unknown. */
  width: number
  height: number
  /** EXIF orientation; 1 if absent or invalid. */
  orientation: Orientation
  /** True if the file may contain transparency. */
  alpha: boolean
  /** True if the picture is stored without colour: one channel, or a palette of greys. */
  grey: boolean
  /** True if a stored pixel is one grey, beside its alpha. A profile for grey samples applies to no other picture. */
  isSampledGrey: boolean
  /** True for a PNG whose rows come in passes (Adam7); false for other formats. */
  interlaced: boolean
  /**
   * Quality of a JPEG from 1 to 100 on the IJG's scale (jpegQuality.ts); undefined for other formats and if no
   * quantisation table is readable.
   */
  jpegQuality: number | undefined
  /** Number of scans of a JPEG; each is a pass over all pixels at most. 0 for other formats. */
  scans: number
  /**
   * Bytes of the coefficients that the decoder of a JPEG keeps until the last scan: 0 if one scan holds the whole
   * picture, and for other formats.
   */
  coefficientBytes: number
  /** Colour profile as embedded: plain in JPEG, WebP and BMP, deflated in PNG (see `readIcc`). */
  icc: Uint8Array | undefined
  /** How the samples of a PNG are coded if no profile says so; undefined: as sRGB. Undefined for other formats. */
  coding: ColorCoding | undefined
  /** Reason why the file is not decoded; undefined if it can be decoded. */
  obstacle: Obstacle | undefined
}
