// Pictures of one colour that stands for a text: who looks at a result sees what it was made of.
import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { bmp24 } from './bmp.ts'

const [WIDTH, HEIGHT] = [4, 3]

/** A BMP of 4x3 pixels. */
export function flatPicture(text: string): Buffer {
  const data = new Uint8Array(4 * WIDTH * HEIGHT)
  const [r, g, b] = colorOf(text)
  for (let i = 0; i < data.length; i += 4) data.set([r, g, b, 255], i)
  return Buffer.from(bmp24({ width: WIDTH, height: HEIGHT, data }))
}

/** Whether a file, of any format without loss, is that picture, enlarged or not. Colours may be rounded. */
export async function isPictureOf(text: string, file: Buffer): Promise<boolean> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true })
  const color = colorOf(text)
  return data.every((level, i) => i % info.channels === 3 || Math.abs(level - color[i % info.channels]) <= 1)
}

function colorOf(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, 3)
}
