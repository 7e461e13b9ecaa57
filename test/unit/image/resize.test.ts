import { describe, expect, test } from 'vitest'
import { crop, type Plane } from '../../../worker/image/plane.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { resize } from '../../../worker/image/resize.ts'
import { imresize } from '../../support/pictures/imresize.ts'
import { maxDifference, samplePlane } from '../../support/engine/samples.ts'

// Tolerance for f32, in which the result and the plane between the two passes are stored (1.2e-7 of values near 1).
const F32 = 1e-6

const SIZES = [
  [1, 1],
  [1, 7],
  [5, 1],
  [2, 3],
  [3, 2],
  [4, 4],
  [7, 5],
  [16, 16],
  [33, 21],
]

describe('resize agrees with the definition of imresize', () => {
  for (const [width, height] of SIZES) {
    test.each([2, 3, 4, 1 / 2, 1 / 3, 1 / 4, 1.5, 2.7, 0.6, 0.37])(`${width}x${height} by %f`, (scale) => {
      const plane = samplePlane(width, height)
      const outWidth = Math.max(1, Math.round(width * scale))
      const outHeight = Math.max(1, Math.round(height * scale))
      const got = resize(plane, outWidth, outHeight)
      expect([got.width, got.height]).toEqual([outWidth, outHeight])
      expect(maxDifference(got.data, imresize(plane, outWidth, outHeight))).toBeLessThan(F32)
    })
  }

  test.each([
    [20, 30, 40, 10],
    [20, 30, 7, 90],
    [31, 17, 31, 5],
    [1, 9, 6, 2],
  ])('%ix%i to %ix%i, with a different scale on each axis', (width, height, outWidth, outHeight) => {
    const plane = samplePlane(width, height)
    const got = resize(plane, outWidth, outHeight)
    expect(maxDifference(got.data, imresize(plane, outWidth, outHeight))).toBeLessThan(F32)
  })
})

test('a step from 0 to 1, enlarged by two, has values that are sums of the cubic kernel’s weights', () => {
  // Weights of Keys' kernel at the distances 1.25, 0.25, 0.75, 1.75: -9/128, 111/128, 29/128, -3/128.
  const step: Plane = { width: 6, height: 1, data: Float32Array.of(0, 0, 0, 1, 1, 1) }
  const got = resize(step, 12, 1).data
  const want = [0, 0, 0, -3 / 128, -9 / 128, 26 / 128, 102 / 128, 137 / 128, 131 / 128, 1, 1, 1]
  expect(maxDifference(got, want)).toBeLessThan(F32)
})

test('the finest stripes shrunk by two become a uniform grey, because the kernel widens', () => {
  const stripes: Plane = { width: 32, height: 1, data: Float32Array.from({ length: 32 }, (_, i) => i % 2) }
  const inner = resize(stripes, 16, 1).data.subarray(4, 12)
  expect(maxDifference(inner, new Float32Array(8).fill(0.5))).toBeLessThan(F32)
})

test('resizing to the same size keeps all values', () => {
  const plane = samplePlane(19, 23)
  expect(resize(plane, 19, 23).data).toEqual(plane.data)
})

test('a constant plane stays constant when it is resized to any size', () => {
  const plane: Plane = { width: 5, height: 4, data: new Float32Array(20).fill(0.3) }
  for (const [width, height] of [
    [13, 9],
    [2, 3],
    [1, 1],
    [5, 31],
  ]) {
    const { data } = resize(plane, width, height)
    expect(maxDifference(data, new Float32Array(width * height).fill(0.3))).toBeLessThan(F32)
  }
})

test.each([
  [37, 23, 111, 69],
  [37, 23, 18, 11],
  [10, 40, 33, 12],
  [1, 1, 4, 4],
])('a region of %ix%i -> %ix%i equals the same part of the whole result', (w, h, width, height) => {
  const plane = samplePlane(w, h)
  const whole = resize(plane, width, height)
  const random = createRandom(5)
  for (let i = 0; i < 25; i++) {
    const x = random.below(width)
    const y = random.below(height)
    const rect = { x, y, width: 1 + random.below(width - x), height: 1 + random.below(height - y) }
    expect(resize(plane, width, height, rect)).toEqual(crop(whole, rect))
  }
})

test('resize does not change its input', () => {
  const plane = samplePlane(8, 8)
  const before = plane.data.slice()
  resize(plane, 24, 24)
  resize(plane, 3, 3)
  expect(plane.data).toEqual(before)
})
