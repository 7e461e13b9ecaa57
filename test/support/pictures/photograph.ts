// A picture of any size that compresses like a photograph, although it is only noise: no file of ../shared is needed.
import sharp from 'sharp'

/** Returns noise of 504 x 378 pixels, enlarged smoothly to `width` x `height`. */
export async function photographOf(width: number, height: number): Promise<sharp.Sharp> {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
  const coarse = await sharp({ create: { width: 504, height: 378, channels: 3, background: '#000', noise } })
    .png()
    .toBuffer()
  return sharp(coarse).resize(width, height, { kernel: 'cubic' })
}
