// The interface of a codec; codec.ts implements it. No WebAssembly type may appear here: this file is part of the
// package's public types, and Node's types do not declare WebAssembly.
import type { Rgba } from '../image/plane.ts'
import type { Header } from './header.ts'
import type { JpegVariant } from './jpeg/variant.ts'

export const ENCODE_FORMATS = ['jpeg', 'png', 'webp'] as const
export type EncodeFormat = (typeof ENCODE_FORMATS)[number]

/** What to encode a picture as. */
export interface Encoding {
  readonly format: EncodeFormat
  /** 1 to 100 for JPEG and WebP; ignored for PNG, which is lossless. */
  readonly quality: number
  /**
   * Colour profile (`readIcc`), embedded byte for byte. A profile for grey samples is embedded only where the output
   * stores grey samples (JPEG and PNG of a picture without colour); otherwise it is left out.
   */
  readonly icc?: Uint8Array | undefined
  /** How a JPEG is coded. Default: as in served pictures. Only training sets this option, never a request. */
  readonly jpeg?: JpegVariant
}

/** Decodes files and encodes pictures. */
export interface Codec {
  /**
   * Decodes a whole file to upright pixels (EXIF orientation applied).
   * `header` is the result of `readHeader(bytes)` and must have no obstacle. Throws CodecError.
   */
  decode(bytes: Uint8Array, header: Header): Promise<Rgba>
  /** Encodes a picture. Of the metadata only `icc` is written; JPEG shows transparency as white. Throws CodecError. */
  encode(picture: Rgba, as: Encoding): Promise<Uint8Array>
}
