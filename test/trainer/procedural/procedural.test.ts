import { describe, expect, test } from 'vitest'
import { SCENE_KINDS, sceneKindOf, proceduralPicture } from '../../../trainer/procedural/picture.ts'
import { lumaOf } from '../../../worker/image/color.ts'
import { psnr } from '../../../worker/image/metrics.ts'
import { resize } from '../../../worker/image/resize.ts'

const SEED = 1
/** Indices of the first two pictures of each kind. */
const INDICES = SCENE_KINDS.map((kind) =>
  Array.from({ length: 20 }, (_, i) => i)
    .filter((i) => sceneKindOf(i) === kind)
    .slice(0, 2),
)

test('a picture depends only on its seed and index, not on what was drawn before', () => {
  const first = proceduralPicture(SEED, 3).data
  proceduralPicture(SEED, 4)
  expect(Buffer.from(proceduralPicture(SEED, 3).data).equals(Buffer.from(first))).toBe(true)
})

test.each([
  ['seed', SEED + 1, 3],
  ['index', SEED, 13], // of the same kind
])('a picture with another %s has other pixels', (_, seed, index) => {
  expect(sceneKindOf(index)).toBe(sceneKindOf(3))
  const [one, other] = [proceduralPicture(SEED, 3).data, proceduralPicture(seed, index).data]
  const same = one.filter((value, i) => i % 4 !== 3 && value === other[i]).length
  expect(same).toBeLessThan(0.05 * one.length)
})

test('most pictures show leaves, and any ten consecutive pictures include all kinds', () => {
  const kinds = Array.from({ length: 10 }, (_, i) => sceneKindOf(27 + i))
  expect(new Set(kinds)).toEqual(new Set(SCENE_KINDS))
  expect(kinds.filter((kind) => kind === 'leaves').length).toBeGreaterThan(5)
})

describe.each(SCENE_KINDS.map((kind, i) => ({ kind, indices: INDICES[i] })))(
  'a picture of kind $kind',
  ({ indices }) => {
    const pictures = indices.map((index) => proceduralPicture(SEED, index))

    test('is 256 x 256 and opaque', () => {
      for (const { width, height, data } of pictures) {
        expect([width, height, data.length]).toEqual([256, 256, 4 * 256 * 256])
        expect(data.every((value, i) => i % 4 !== 3 || value === 255)).toBe(true)
      }
    })

    test('is neither flat nor clipped', () => {
      for (const picture of pictures) {
        const values = Float64Array.from(picture.data.filter((_, i) => i % 4 !== 3))
        expect(moments(values).deviation).toBeGreaterThan(4)
        const clipped = values.filter((value) => value === 0 || value === 255).length
        expect(clipped / values.length).toBeLessThan(0.05)
      }
    })
  },
)

// Each title states a range that contains the middle 70 % of T91's pictures. The tests accept a somewhat wider range.
describe('pictures of leaves resemble photographs', () => {
  const lumas = INDICES[0].map((index) => lumaOf(proceduralPicture(SEED, index)))

  test('in that most differences between neighbouring pixels are small and some are large (kurtosis 9 to 34)', () => {
    for (const { width, data } of lumas) {
      const steps = Float64Array.from(data.subarray(1), (value, i) => (i % width === width - 1 ? 0 : value - data[i]))
      const { kurtosis } = moments(steps)
      expect(kurtosis).toBeGreaterThan(7)
      expect(kurtosis).toBeLessThan(45)
    }
  })

  test('in their PSNR after they are shrunk to a third and enlarged again (22.6 to 32.7 dB)', () => {
    for (const luma of lumas) {
      const enlarged = resize(resize(luma, 85, 85), 256, 256)
      expect(psnr(enlarged, luma)).toBeGreaterThan(21)
      expect(psnr(enlarged, luma)).toBeLessThan(34)
    }
  })
})

function moments(values: Float64Array): { deviation: number; kurtosis: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length
  const moment = (power: number) => values.reduce((sum, v) => sum + (v - mean) ** power, 0) / values.length
  return { deviation: Math.sqrt(moment(2)), kurtosis: moment(4) / moment(2) ** 2 }
}
