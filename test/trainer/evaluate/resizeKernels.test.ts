import { expect, test } from 'vitest'
import { enlargeBy } from '../../../trainer/evaluate/resizeKernels.ts'
import { maxDifference, samplePlane } from '../../support/engine/samples.ts'

/** Tolerance for sums of a few products, stored in f32. */
const F32 = 1e-6

test.each([2, 3, 4])('nearest repeats every sample %i times in both directions', (scale) => {
  const plane = samplePlane(5, 4)
  const { width, height, data } = enlargeBy('nearest', plane, scale)
  expect([width, height]).toEqual([5 * scale, 4 * scale])
  data.forEach((v, i) => {
    const [x, y] = [i % width, Math.floor(i / width)].map((p) => Math.floor(p / scale))
    expect(v).toBe(plane.data[y * 5 + x])
  })
})

test('lanczos at x2 spreads an impulse with the weights sinc(x) sinc(x / 3), normalised to a sum of 1', () => {
  // Weights at the distances between outputs and the impulse: sin(pi x) sin(pi x / 3) 3 / (pi x)^2.
  const at = [0.25, 0.75, 1.25, 1.75, 2.25, 2.75].map(
    (x) => (3 * Math.sin(Math.PI * x) * Math.sin((Math.PI * x) / 3)) / (Math.PI * x) ** 2,
  )
  const total = at.reduce((sum, v) => sum + v)
  const weights = at.map((v) => v / total)
  const impulse = { width: 15, height: 1, data: new Float32Array(15).fill(0) }
  impulse.data[7] = 1
  const { data } = enlargeBy('lanczos', impulse, 2)
  // Output i is at the input position (i + 0.5) / 2 - 0.5. Outputs 14 and 15 are 0.25 away from sample 7, the next ones
  // 0.75.
  const want = [5, 4, 3, 2, 1, 0, 0, 1, 2, 3, 4, 5].map((k) => weights[k])
  expect(maxDifference(data.subarray(9, 21), want)).toBeLessThan(F32)
  expect(data[8]).toBe(0)
  expect(data[21]).toBe(0)
})

test.each(['nearest', 'lanczos'] as const)('%s keeps a constant plane constant, even at the edges', (kernel) => {
  const flat = { width: 4, height: 3, data: new Float32Array(12).fill(0.3) }
  const { data } = enlargeBy(kernel, flat, 3)
  expect(maxDifference(data, new Float32Array(108).fill(0.3))).toBeLessThan(F32)
})
