// The pictures of the fault matrix. There are two pictures in each format. Every cell has a file of its own with the
// pixels of one of the two.
import sharp from 'sharp'
import { concat } from '../../../worker/base/concat.ts'
import { pngChunk, withChunks } from '../pictures/png.ts'

export const CELL_FORMATS = ['jpeg', 'png', 'webp'] as const
export type CellFormat = (typeof CELL_FORMATS)[number]

const WIDTH = 40
const HEIGHT = 30
/** A width that a picture can be asked for: it is enlarged to twice its size, and then shrunk. */
export const CELL_SIZE = 60
export const BACKGROUNDS = ['#000', '#630']

export function draw(format: CellFormat, background: string): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  return sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background, noise } })
    .toFormat(format, { quality: 95 })
    .toBuffer()
}

/** Returns how many times as wide as the drawn pictures a result is. `query` begins with `sr` or `sr-width`. */
export function scaleOf(query: string): number {
  const params = new URLSearchParams(query)
  return params.has('sr') ? Number(params.get('sr')) : Number(params.get('sr-width')) / WIDTH
}

/** True if `body` is a picture `scale` times as wide and high as the drawn pictures. */
export async function isEnlarged(body: Buffer | undefined, scale: number): Promise<boolean> {
  if (!body?.length) return false
  const { width, height } = await sharp(body).metadata()
  return width === scale * WIDTH && height === scale * HEIGHT
}

/**
 * Returns a file with the pixels of `picture`, but with different bytes for each `id`. The worker finds a result by the
 * digest of the source's bytes, and no two cells may share a result.
 */
export function numbered(picture: Buffer, format: CellFormat, id: number): Buffer {
  const label = Buffer.from(`${id}`.padStart(8, '0'))
  switch (format) {
    case 'jpeg': {
      const comment = Buffer.from([0xff, 0xfe, 0, 2 + label.length])
      return Buffer.concat([picture.subarray(0, 2), comment, label, picture.subarray(2)])
    }
    case 'png': {
      const text = pngChunk('tEXt', concat([Buffer.from('id\0'), label]))
      return Buffer.from(withChunks(picture, 'IDAT', [text]))
    }
    case 'webp': {
      const size = Buffer.from([label.length, 0, 0, 0])
      const whole = Buffer.concat([picture, Buffer.from('ID  '), size, label])
      whole.writeUInt32LE(whole.length - 8, 4) // the length of the RIFF chunk
      return whole
    }
  }
}
