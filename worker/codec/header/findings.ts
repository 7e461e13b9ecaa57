// What can be found out about a picture file from its first bytes, in every format.

/** Why a file is served as it is. */
export type Obstacle =
  | 'NOT_AN_IMAGE' // no known magic bytes
  | 'FORMAT' // an image, but of a format or variant that no decoder here reads rightly
  | 'ANIMATED' // more than one frame
  | 'CMYK' // four-colour JPEG, which needs colour management
  | 'DAMAGED' // the header cannot be walked, or ends before the first pixel
  | 'TOO_COMPLEX' // costs far more than its size tells: scans, segments, chunks, profile bytes

/** EXIF orientation: 1 is upright, 5 to 8 swap width and height. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8

/** What a format's own reader fills in. */
export interface Findings {
  /** In pixels as stored, before `orientation`; 0 when unknown. */
  width: number
  height: number
  /** From EXIF; 1 when absent or broken. */
  orientation: Orientation
  /** Whether the file can hold transparency. */
  alpha: boolean
  /** Stored without colour: one channel, or a palette of greys. */
  grey: boolean
  /** 1 to 100 on the IJG's scale (jpegQuality.ts); undefined where the file is no JPEG or does not tell. */
  jpegQuality: number | undefined
  /** The colour profile as embedded: plain for JPEG, WebP and BMP, deflated for PNG (see `readIcc`). */
  icc: Uint8Array | undefined
  /** Undefined when the file can be decoded. */
  obstacle: Obstacle | undefined
}
