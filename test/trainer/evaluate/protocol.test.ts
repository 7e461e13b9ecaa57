import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { readPictureSet } from '../../../trainer/data/pictureSet.ts'
import { publishedOf } from '../../../trainer/evaluate/published.ts'
import { scoreSet } from '../../../trainer/evaluate/score.ts'

// The oracle is the literature: published figures of bicubic on Set5 and Set14. The pictures are not in the repository.
const DATA = path.join(import.meta.dirname, '../../../../shared/data')

/**
 * Tolerances in dB. Published figures are exact to two decimals. For 8-bit input the tolerance is larger, because the
 * published figures were measured before RGB was rounded.
 */
const TOLERANCE = { float: 0.005, uint8: 0.02 }

test.skipIf(!existsSync(path.join(DATA, 'Set5')))(
  'bicubic on Set5 has the published PSNR and SSIM (skipped without ../shared/data)',
  async () => {
    const { pictures } = await readPictureSet(path.join(DATA, 'Set5'))
    for (const scale of [2, 3, 4]) {
      for (const input of ['float', 'uint8'] as const) {
        const { bicubic, model } = await scoreSet('Set5', pictures, scale, input)
        const published = publishedOf('Bicubic', 'Set5', scale, input)!
        expect(Math.abs(bicubic.psnr - published.psnr)).toBeLessThan(TOLERANCE[input])
        if (published.ssim) expect(bicubic.ssim).toBeCloseTo(published.ssim, 4)
        expect(model).toEqual(bicubic)
      }
    }
  },
)

test.skipIf(!existsSync(path.join(DATA, 'Set14')))(
  'the luma of a picture stored without colour is its grey level: Set14 with bridge.bmp (skipped without ../shared/data)',
  async () => {
    const { pictures } = await readPictureSet(path.join(DATA, 'Set14'))
    expect(pictures.filter(({ isGrey }) => isGrey).map(({ name }) => name)).toEqual(['bridge'])
    const { bicubic } = await scoreSet('Set14', pictures, 4, 'float')
    const published = publishedOf('Bicubic', 'Set14', 4, 'float')!
    expect(Math.abs(bicubic.psnr - published.psnr)).toBeLessThan(TOLERANCE.float)
    expect(bicubic.ssim).toBeCloseTo(published.ssim!, 4)
  },
)

test('published figures exist only for Set5 and Set14, and are higher for ANR than for bicubic and higher still for A+', () => {
  for (const set of ['Set5', 'Set14']) {
    for (const scale of [2, 3, 4]) {
      const of = (method: 'Bicubic' | 'ANR' | 'A+') => publishedOf(method, set, scale, 'float')!.psnr
      expect(of('Bicubic')).toBeLessThan(of('ANR'))
      expect(of('ANR')).toBeLessThan(of('A+'))
    }
  }
  expect(publishedOf('SC', 'Set5', 2, 'float')).toBeUndefined()
  expect(publishedOf('A+', 'Set5', 3, 'jpeg:40')).toBeUndefined()
  expect(publishedOf('Bicubic', 'Kodak24', 3, 'float')).toBeUndefined()
})
