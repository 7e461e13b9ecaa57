import { describe, expect, test } from 'vitest'
import { type Compression, compressPicture, JPEG_ENCODERS } from '../../../trainer/data/compress.ts'
import { STEP_TABLES, SUBSAMPLINGS } from '../../../worker/codec/jpeg/variant.ts'
import type { Rgba } from '../../../worker/image/plane.ts'
import { codec, decodeBySharp, sharpOf } from '../../support/pictures/codec.ts'
import { drawPicture } from '../../support/pictures/edges.ts'

const picture = drawPicture(70, 53, 1)
const usual: Compression = { quality: 60, encoder: 'mozjpeg', subsampling: '4:2:0', steps: 'annex-k' }
const compress = (how: Partial<Compression> = {}, of: Rgba = picture) =>
  compressPicture(codec, of, { ...usual, ...how })

/** Returns the mean squared error over R, G and B, in squared levels. */
function meanSquareError(a: Rgba, b: Rgba): number {
  let sum = 0
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i] - b.data[i]) ** 2
  return sum / (0.75 * a.data.length)
}

const variants = JPEG_ENCODERS.flatMap((encoder) =>
  SUBSAMPLINGS.flatMap((subsampling) => STEP_TABLES.map((steps) => ({ encoder, subsampling, steps }))),
)

describe.each(variants)('by $encoder with $subsampling and the $steps quantisation steps', (variant) => {
  test('a picture keeps its size, and its error grows as the quality falls', async () => {
    const errors: number[] = []
    for (const quality of [95, 75, 50, 25, 5]) {
      const compressed = await compress({ ...variant, quality })
      expect([compressed.width, compressed.height]).toEqual([70, 53])
      errors.push(meanSquareError(picture, compressed))
    }
    expect(errors[0]).toBeGreaterThan(0)
    expect(errors).toEqual(errors.toSorted((a, b) => a - b))
  })

  test('compressing the same original again gives the same pixels', async () => {
    expect((await compress(variant)).data).toEqual((await compress(variant)).data)
  })

  test.each([
    [1, 1],
    [7, 3],
    [17, 33],
  ])('a picture of %i x %i pixels can be compressed', async (width, height) => {
    const { data } = await compress(variant, drawPicture(width, height, 2))
    expect(data).toHaveLength(4 * width * height)
  })
})

test('the error is smaller with chroma at full resolution than at half resolution', async () => {
  const [half, full] = await Promise.all(SUBSAMPLINGS.map((subsampling) => compress({ quality: 90, subsampling })))
  expect(meanSquareError(picture, full)).toBeLessThan(0.7 * meanSquareError(picture, half))
})

test("with the steps of Annex K the error is near libjpeg's, and slightly larger by MozJPEG, because of trellis quantisation", async () => {
  for (const quality of [20, 40, 60, 80]) {
    const file = await sharpOf(picture).jpeg({ quality, mozjpeg: false }).toBuffer()
    const byLibjpeg = meanSquareError(picture, await decodeBySharp(file))
    const byMozJpeg = meanSquareError(picture, await compress({ quality }))
    // On Set14, shrunk to a third, MozJPEG's PSNR is 0.5 to 0.8 dB lower than libjpeg's. So its mean squared error is
    // 12 to 20 % larger.
    expect(byMozJpeg / byLibjpeg).toBeGreaterThan(1)
    expect(byMozJpeg / byLibjpeg).toBeLessThan(1.35)
    // Our own encoder has a dead zone.
    const byOurs = meanSquareError(picture, await compress({ quality, encoder: 'own' }))
    expect(byOurs / byLibjpeg).toBeGreaterThan(0.95)
    expect(byOurs / byLibjpeg).toBeLessThan(1.2)
  }
})
