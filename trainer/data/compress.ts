// Compresses training pictures as JPEG, because a service often receives pictures that were compressed before. The
// worker's codec decodes them, so that training sees exactly what serving decodes.
import type { Codec } from '../../worker/codec/contract.ts'
import { readHeader } from '../../worker/codec/header.ts'
import type { JpegVariant } from '../../worker/codec/jpeg/variant.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { encodeByMozJpeg } from './mozjpeg.ts'

/** The encoders: MozJPEG, with which the published -jpeg weights were trained, or the worker's own. */
export const JPEG_ENCODERS = ['mozjpeg', 'own'] as const
export type JpegEncoderName = (typeof JPEG_ENCODERS)[number]

export interface Compression extends JpegVariant {
  /** JPEG quality, 1 to 100, on the scale of the IJG's libjpeg. */
  readonly quality: number
  readonly encoder: JpegEncoderName
}

/** Compresses an opaque picture as JPEG and decodes the result, which has the same size. Throws a CodecError. */
export async function compressPicture(
  codec: Codec,
  picture: Rgba,
  { quality, encoder, ...jpeg }: Compression,
): Promise<Rgba> {
  const file =
    encoder === 'own'
      ? await codec.encode(picture, { format: 'jpeg', quality, jpeg })
      : await encodeByMozJpeg(picture, quality, jpeg)
  return codec.decode(file, readHeader(file))
}
