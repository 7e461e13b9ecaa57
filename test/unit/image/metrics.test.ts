import { expect, test } from 'vitest'
import { psnr, ssim } from '../../../worker/image/metrics.ts'
import type { Plane } from '../../../worker/image/plane.ts'
import { samplePlane } from '../../support/engine/samples.ts'

const constant = (width: number, height: number, level: number): Plane => ({
  width,
  height,
  data: new Float32Array(width * height).fill(level / 255),
})

test('the PSNR is 48.13 dB for a difference of one level everywhere, and 0 dB for 255 levels', () => {
  expect(psnr(constant(5, 4, 100), constant(5, 4, 101))).toBeCloseTo(48.1308036, 4)
  expect(psnr(constant(5, 4, 0), constant(5, 4, 255))).toBeCloseTo(0, 6)
})

test('the PSNR is 34.15 dB if one pixel of four differs by 10 levels', () => {
  const a = constant(2, 2, 50)
  const b = { ...a, data: Float32Array.of(50 / 255, 50 / 255, 60 / 255, 50 / 255) }
  expect(psnr(a, b)).toBeCloseTo(10 * Math.log10((255 * 255) / (100 / 4)), 4)
})

test('equal planes have infinite PSNR and an SSIM of 1', () => {
  const plane = samplePlane(16, 12)
  expect(psnr(plane, plane)).toBe(Infinity)
  expect(ssim(plane, plane)).toBeCloseTo(1, 12)
})

test('differences in the border that is left out do not count', () => {
  const a = samplePlane(20, 18)
  const b: Plane = { ...a, data: a.data.slice() }
  for (let i = 0; i < 20; i++) b.data[i] = b.data[20 + i] = b.data[i * 18 - ((i * 18) % 20)] = 0
  expect(psnr(a, b)).toBeLessThan(40)
  expect(psnr(a, b, 2)).toBe(Infinity)
  expect(ssim(a, b, 2)).toBeCloseTo(1, 12)
})

test.each([
  [11, 11],
  [20, 13],
  [33, 29],
])('the SSIM of %ix%i pixels equals the definition, computed window by window', (width, height) => {
  const a = samplePlane(width, height, 1)
  const noise = samplePlane(width, height, 2)
  const b: Plane = { ...a, data: a.data.map((v, i) => 0.8 * v + 0.2 * noise.data[i]) }
  expect(ssim(a, b)).toBeCloseTo(naiveSsim(a, b), 9)
})

test('the SSIM of two constant planes equals its closed form', () => {
  const c1 = (0.01 * 255) ** 2
  const got = ssim(constant(12, 12, 100), constant(12, 12, 120))
  expect(got).toBeCloseTo((2 * 100 * 120 + c1) / (100 ** 2 + 120 ** 2 + c1), 6)
})

test('comparing planes of different sizes, or planes with too few pixels, throws an error', () => {
  expect(() => psnr(constant(3, 4, 0), constant(4, 3, 0))).toThrow('planes must have one size')
  expect(() => psnr(constant(4, 4, 0), constant(4, 4, 0), 2)).toThrow('nothing is left')
  expect(() => ssim(constant(10, 30, 0), constant(10, 30, 0))).toThrow('at least 11x11')
})

/** Computes SSIM directly by equations 13 to 16 of Wang et al. 2004: each window is weighted separately. */
function naiveSsim(a: Plane, b: Plane): number {
  const weights = Array.from({ length: 121 }, (_, i) =>
    Math.exp(-(((i % 11) - 5) ** 2 + (Math.floor(i / 11) - 5) ** 2) / (2 * 1.5 ** 2)),
  )
  const total = weights.reduce((sum, w) => sum + w)
  let sum = 0
  let count = 0
  for (let y = 0; y + 11 <= a.height; y++) {
    for (let x = 0; x + 11 <= a.width; x++) {
      const at = (plane: Plane, i: number) => 255 * plane.data[(y + Math.floor(i / 11)) * plane.width + x + (i % 11)]
      const mean = (of: (i: number) => number) => weights.reduce((s, w, i) => s + (w / total) * of(i), 0)
      const ma = mean((i) => at(a, i))
      const mb = mean((i) => at(b, i))
      const va = mean((i) => (at(a, i) - ma) ** 2)
      const vb = mean((i) => (at(b, i) - mb) ** 2)
      const cab = mean((i) => (at(a, i) - ma) * (at(b, i) - mb))
      const c1 = 2.55 ** 2
      const c2 = 7.65 ** 2
      sum += ((2 * ma * mb + c1) * (2 * cab + c2)) / ((ma ** 2 + mb ** 2 + c1) * (va + vb + c2))
      count++
    }
  }
  return sum / count
}
