// What a codec does, as its users see it; codec.ts does it. No type of WebAssembly, which Node's types do not know:
// this is part of the package's public types.
import type { Rgba } from '../image/plane.ts'
import type { Header } from './header.ts'
import type { JpegVariant } from './jpeg/variant.ts'

export const ENCODE_FORMATS = ['jpeg', 'png', 'webp'] as const
export type EncodeFormat = (typeof ENCODE_FORMATS)[number]

export interface Encoding {
  readonly format: EncodeFormat
  /** 1 to 100, for JPEG and WebP; PNG is lossless. */
  readonly quality: number
  /**
   * A colour profile to embed as it is (`readIcc`). One for grey samples goes only into an output that
   * stores grey samples (JPEG and PNG of a picture without colour), and is left out otherwise.
   */
  readonly icc?: Uint8Array | undefined
  /** For JPEG; the default is what is served, others are for training. No request reaches this. */
  readonly jpeg?: JpegVariant
}

export interface Codec {
  /**
   * Decodes a whole file to upright pixels (EXIF orientation applied).
   * `header` is `readHeader(bytes)` and must have no obstacle. Throws CodecError.
   */
  decode(bytes: Uint8Array, header: Header): Promise<Rgba>
  /** Encodes; metadata other than `icc` is not written, transparency on JPEG becomes white. Throws CodecError. */
  encode(picture: Rgba, as: Encoding): Promise<Uint8Array>
}
