// Opens a visitor's file and reads its header. If only the browser can decode the file (AVIF, HEIC in Safari, CMYK
// JPEG), a PNG with the pixels that the browser decoded replaces the file.
import type { Codec } from '../codec/contract.ts'
import { type Header, readHeader } from '../codec/header.ts'
import type { Rgba } from '../image/plane.ts'
import type { Settings } from '../options.ts'
import { Skip, type SkipReason } from '../picture/skip.ts'

export interface Opened {
  readonly file: Blob
  /** The bytes of the file, or of the PNG that replaces it. */
  readonly bytes: Uint8Array
  readonly header: Header
  readonly isDecodedByBrowser: boolean
}

const FOREIGN: readonly (SkipReason | undefined)[] = ['FORMAT', 'CMYK']

/** Opens `file`. Throws a Skip if it is too large. */
export async function openFile(
  file: Blob,
  codec: Codec,
  { maxSourceBytes, maxSourcePixels }: Settings,
): Promise<Opened> {
  if (file.size > maxSourceBytes) throw new Skip('SOURCE_BYTES')
  const bytes = new Uint8Array(await file.arrayBuffer())
  const header = readHeader(bytes)
  const picture = FOREIGN.includes(header.obstacle) ? await decodeByBrowser(file) : undefined
  if (!picture) return { file, bytes, header, isDecodedByBrowser: false }
  if (picture.width * picture.height > maxSourcePixels) throw new Skip('SOURCE_PIXELS')
  const png = await codec.encode(picture, { format: 'png', quality: 100 })
  return { file, bytes: png, header: readHeader(png), isDecodedByBrowser: true }
}

/** Returns the file's pixels, upright and in sRGB; undefined if the browser cannot decode the file. */
async function decodeByBrowser(file: Blob): Promise<Rgba | undefined> {
  let bitmap: ImageBitmap
  try {
    bitmap = await createImageBitmap(file)
  } catch {
    return undefined
  }
  const { width, height } = bitmap
  const context = new OffscreenCanvas(width, height).getContext('2d')
  if (!context) return undefined
  context.drawImage(bitmap, 0, 0)
  bitmap.close()
  const { data } = context.getImageData(0, 0, width, height)
  return { width, height, data }
}
