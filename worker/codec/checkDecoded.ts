import type { Rgba } from '../image/plane.ts'
import { CodecError } from './error.ts'
import type { Header } from './header.ts'

/** Returns a decoder's result if it has the size that the header states. Throws a CodecError otherwise. */
export function checkDecoded(picture: Rgba, header: Header): Rgba {
  const { width, height, data } = picture
  const isAsStated = width === header.width && height === header.height
  if (!isAsStated || data.length !== width * height * 4) {
    const sizes = `${width}x${height}, header says ${header.width}x${header.height}`
    throw new CodecError(`decoding ${header.type} returned ${sizes}`)
  }
  return { width, height, data } // an ImageData, which libwebp's glue makes in browsers, cannot be spread
}
