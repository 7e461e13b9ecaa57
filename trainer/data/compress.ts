// JPEG as part of the degradation: a service often receives pictures that were compressed before. The worker's own
// codec encodes and decodes them, so that training sees what serving decodes.
//
// MozJPEG's encoder differs from libjpeg's in one feature that cannot be switched off here: trellis quantisation, which
// drops coefficients that cost more bits than they are worth.
import type { Codec } from '../../worker/codec/codec.ts'
import { readHeader } from '../../worker/codec/header.ts'
import type { JpegVariant } from '../../worker/codec/jpeg/variant.ts'
import type { Rgba } from '../../worker/image/plane.ts'

export interface Compression extends JpegVariant {
  /** 1 to 100, on the scale of the IJG's libjpeg. */
  readonly quality: number
}

/** Returns the picture after JPEG, in the same size and opaque: transparency becomes white. Throws a CodecError. */
export async function compressPicture(codec: Codec, picture: Rgba, { quality, ...jpeg }: Compression): Promise<Rgba> {
  const file = await codec.encode(picture, { format: 'jpeg', quality, jpeg })
  return codec.decode(file, readHeader(file))
}
