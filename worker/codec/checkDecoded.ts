import type { Rgba } from '../image/plane.ts'
import { CodecError } from './error.ts'
import type { Header } from './header.ts'

/** What a decoder gave, if it is as large as the header promised. Throws a CodecError. */
export function checkDecoded(picture: Rgba | null, header: Header): Rgba {
  if (!picture) throw new CodecError(`decoding ${header.type} gave no result`)
  const { width, height, data } = picture
  const isAsPromised = width === header.width && height === header.height
  if (!isAsPromised || data.length !== width * height * 4) {
    const sizes = `${width}x${height}, header says ${header.width}x${header.height}`
    throw new CodecError(`decoding ${header.type} gave ${sizes}`)
  }
  return picture
}
