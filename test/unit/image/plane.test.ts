import { expect, test } from 'vitest'
import { crop, modcrop, type Plane, quantize } from '../../../worker/image/plane.ts'
import { samplePlane } from '../../support/engine/samples.ts'

const counted = (width: number, height: number): Plane => ({
  width,
  height,
  data: Float32Array.from({ length: width * height }, (_, i) => i),
})

test('crop copies a rectangle into a new plane', () => {
  const plane = counted(5, 4)
  const got = crop(plane, { x: 1, y: 2, width: 3, height: 2 })
  expect(got).toEqual({ width: 3, height: 2, data: Float32Array.of(11, 12, 13, 16, 17, 18) })
  got.data.fill(0)
  expect(plane.data[11]).toBe(11)
})

test.each([
  [7, 9, 2, 6, 8],
  [7, 9, 3, 6, 9],
  [7, 9, 4, 4, 8],
  [8, 12, 4, 8, 12],
])('modcrop cuts a plane of %ix%i at scale %i to its top left %ix%i pixels', (w, h, scale, width, height) => {
  const plane = counted(w, h)
  expect(modcrop(plane, scale)).toEqual(crop(plane, { x: 0, y: 0, width, height }))
})

test('quantize rounds to levels and clamps, as MATLAB’s uint8() does', () => {
  const levels = [-3, -0.2, 0, 0.49, 0.51, 1.6, 127.4, 127.6, 254.6, 255, 300]
  const plane: Plane = {
    width: levels.length,
    height: 1,
    data: Float32Array.from(levels, (v) => v / 255),
  }
  const got = [...quantize(plane).data].map((v) => Math.round(v * 255 * 1e4) / 1e4)
  expect(got).toEqual([0, 0, 0, 0, 1, 2, 127, 128, 255, 255, 255])
})

test('quantize changes neither exact levels nor its input', () => {
  const levels: Plane = { width: 256, height: 1, data: Float32Array.from({ length: 256 }, (_, i) => i / 255) }
  expect(quantize(levels)).toEqual(levels)
  const plane = samplePlane(6, 6)
  const before = plane.data.slice()
  quantize(plane)
  expect(plane.data).toEqual(before)
})
