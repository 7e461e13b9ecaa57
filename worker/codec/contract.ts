// The interface of a codec; codec.ts implements it. No WebAssembly type may appear here: this file is part of the
// package's public types, and Node's types do not declare WebAssembly.
import type { Rgba } from '../image/plane.ts'
import type { Header } from './header.ts'
import type { JpegVariant } from './jpeg/variant.ts'

export const ENCODE_FORMATS = ['jpeg', 'png', 'webp'] as const
export type EncodeFormat = (typeof ENCODE_FORMATS)[number]

/** The format and the settings with which a picture is encoded. */
export interface Encoding {
  readonly format: EncodeFormat
  /** Quality from 1 to 100 for JPEG and WebP; ignored for PNG, which is lossless. */
  readonly quality: number
  /**
   * Colour profile (`readIcc`), embedded byte for byte. A profile for grey samples is embedded only if the output
   * stores grey samples, i.e. in a JPEG or PNG of a picture without colour.
   */
  readonly icc?: Uint8Array | undefined
  /** Chroma subsampling and step table of a JPEG. Default: those of served pictures. Only training sets this option. */
  readonly jpeg?: JpegVariant
}

/** By how much the sides of a JPEG can be divided when it is decoded; they are rounded up. */
export type Divisor = 1 | 2 | 4 | 8

/** Decodes files and encodes pictures. */
export interface Codec {
  /**
   * Decodes a whole file to upright pixels (EXIF orientation applied).
   * `header` is the result of `readHeader(bytes)` and must have no obstacle. Throws CodecError.
   */
  decode(bytes: Uint8Array, header: Header): Promise<Rgba>
  /**
   * Decodes a JPEG row by row, so that its pixels never exist as a whole. `take` gets one or more whole rows of RGBA at
   * a time, in the order in which they are stored, i.e. without EXIF orientation. They are valid during the call only.
   * Throws CodecError.
   */
  decodeRows(bytes: Uint8Array, header: Header, divisor: Divisor, take: (rows: Uint8Array) => void): Promise<void>
  /**
   * Encodes a picture. The only metadata written is `icc`. In a JPEG, transparency becomes white. Throws CodecError.
   */
  encode(picture: Rgba, as: Encoding): Promise<Uint8Array>
}
