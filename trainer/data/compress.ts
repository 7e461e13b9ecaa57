// Compresses training pictures as JPEG, because a service often receives pictures that were compressed before. The
// worker's codec encodes and decodes them, so that training sees exactly what serving decodes.
//
// The encoder, MozJPEG, differs from libjpeg in one feature that cannot be switched off here: trellis quantisation,
// which drops coefficients that cost more bits than they are worth.
import type { Codec } from '../../worker/codec/contract.ts'
import { readHeader } from '../../worker/codec/header.ts'
import type { JpegVariant } from '../../worker/codec/jpeg/variant.ts'
import type { Rgba } from '../../worker/image/plane.ts'

export interface Compression extends JpegVariant {
  /** JPEG quality, 1 to 100, on the scale of the IJG's libjpeg. */
  readonly quality: number
}

/**
 * Compresses a picture as JPEG and decodes the result, which has the same size and is opaque: transparency becomes
 * white. Throws a CodecError.
 */
export async function compressPicture(codec: Codec, picture: Rgba, { quality, ...jpeg }: Compression): Promise<Rgba> {
  const file = await codec.encode(picture, { format: 'jpeg', quality, jpeg })
  return codec.decode(file, readHeader(file))
}
