// Pictures of one colour, which is a hash of a text. So the pixels of a result show from which text its source was
// drawn.
import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { bmp24 } from './bmp.ts'

const [WIDTH, HEIGHT] = [4, 3]

/** Returns a BMP of 4x3 pixels in the colour that belongs to `text`. */
export function flatPicture(text: string): Buffer {
  const data = new Uint8Array(4 * WIDTH * HEIGHT)
  const [r, g, b] = colorOf(text)
  for (let i = 0; i < data.length; i += 4) data.set([r, g, b, 255], i)
  return Buffer.from(bmp24({ width: WIDTH, height: HEIGHT, data }))
}

/** True if all pixels of a losslessly coded file have the colour of `text`. Channels may differ by one level. */
export async function isPictureOf(text: string, file: Buffer): Promise<boolean> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true })
  const color = colorOf(text)
  return data.every((level, i) => i % info.channels === 3 || Math.abs(level - color[i % info.channels]) <= 1)
}

function colorOf(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, 3)
}
