// The interface of a codec; codec.ts implements it. No WebAssembly type may appear here: this file is part of the
// package's public types, and Node's types do not declare WebAssembly.
import type { Rgba } from '../image/plane.ts'
import type { Rows } from '../image/rows.ts'
import type { Header } from './header.ts'
import type { JpegVariant } from './jpeg/variant.ts'
import type { Samples } from './samples.ts'

export const ENCODE_FORMATS = ['jpeg', 'png', 'webp'] as const
export type EncodeFormat = (typeof ENCODE_FORMATS)[number]

/** The format and the settings with which a picture is encoded. */
export interface Encoding {
  readonly format: EncodeFormat
  /** Quality from 1 to 100 for JPEG and WebP; ignored for PNG, which is lossless. */
  readonly quality: number
  /**
   * Colour profile (`readIcc`), embedded byte for byte. Only a JPEG or PNG of a picture without colour stores grey
   * samples. If the output stores RGB, a profile for grey samples is replaced by one for RGB that shows greys alike.
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
   * Decodes a file row by row, as the pixels are stored, i.e. without EXIF orientation. `header` is the result of
   * `readHeader(bytes)` and must have no obstacle. `divisor` is above 1 only for a JPEG. Pixels of JPEG and of PNG without
   * interlacing never exist as a whole; other formats come in one band. Reading the rows rejects with a CodecError.
   */
  decodeRows(bytes: Uint8Array, header: Header, divisor?: Divisor): Rows
  /** Decodes a whole file to upright pixels (EXIF orientation applied). Rejects with a CodecError. */
  decode(bytes: Uint8Array, header: Header): Promise<Rgba>
  /**
   * Encodes a picture as its rows come; WebP needs them as a whole. The only metadata written is `icc`. In a JPEG,
   * transparency becomes white. Rejects with a CodecError, whose cause is the error if reading the rows failed.
   */
  encodeRows(rows: Rows, as: Encoding & Samples): Promise<Uint8Array>
  /** Does the same for a picture in memory, with the samples that it needs. */
  encode(picture: Rgba, as: Encoding): Promise<Uint8Array>
}
