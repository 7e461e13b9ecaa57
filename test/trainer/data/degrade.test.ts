import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Rgba } from '../../../worker/image/plane.ts'
import {
  bicubicOf,
  blurPlane,
  cropRgba,
  describeDegradation,
  enlargePlane,
  parseDegradation,
  rescalePart,
  rescalePicture,
  shrinkPicture,
  shrinkPlane,
  truthOf,
} from '../../../trainer/data/degrade.ts'
import { drawPicture } from '../../support/pictures/edges.ts'

interface Golden {
  readonly width: number
  readonly height: number
  readonly scales: Readonly<Record<string, { small: number[]; large: number[]; bytes: number[][] }>>
}

// The oracle: golden/imresize.py computed these values from MATLAB's definitions, in f64.
const golden = JSON.parse(readFileSync(new URL('golden/imresize.json', import.meta.url), 'utf8')) as Golden

const { width, height } = golden
const data = new Uint8ClampedArray(4 * width * height).fill(255)
for (let y = 0, p = 0; y < height; y++) {
  for (let x = 0; x < width; x++, p += 4) {
    for (let c = 0; c < 3; c++) data[p + c] = (x * x * 7 + y * 13 + c * 50 + ((x * y) % 11) * 9) % 256
  }
}
const picture: Rgba = { width, height, data }

/** Tolerance for two roundings to f32 of values up to about 1. */
const F32 = 3e-7

describe.each([2, 3, 4])('at scale %i', (scale) => {
  const expected = golden.scales[scale]

  test('luma is cropped and shrunk as in MATLAB, without rounding', () => {
    const small = shrinkPlane(truthOf(picture), scale)
    expect([small.width, small.height]).toEqual([Math.floor(width / scale), Math.floor(height / scale)])
    expectClose(small.data, expected.small)
  })

  test("the network's input equals MATLAB's enlargement of the small luma", () => {
    const large = enlargePlane(shrinkPlane(truthOf(picture), scale), scale)
    expectClose(large.data, expected.large)
  })

  test('the small 8-bit picture is opaque, and its colour channels are shrunk and rounded', () => {
    const small = shrinkPicture(picture, scale)
    const channels = [0, 1, 2, 3].map((c) => [...small.data].filter((_, i) => i % 4 === c))
    expect(channels.slice(0, 3)).toEqual(expected.bytes)
    expect(channels[3].every((alpha) => alpha === 255)).toBe(true)
  })
})

test("rounding the small picture to 8 bits changes the network's input by less than 3.5 levels", () => {
  const scene = drawPicture(60, 45, 1)
  const exact = bicubicOf(scene, 3, 'float')
  const rounded = bicubicOf(scene, 3, 'uint8')
  const differences = exact.data.map((v, i) => Math.abs(v - rounded.data[i]) * 255)
  // The channels of the small picture and the luma of the truth are rounded, each by up to half a level. Enlarging
  // amplifies the error by at most 1.25², because the kernel's absolute taps sum to at most 1.25 along each axis.
  // Another 2 levels leave room for shrinking, which amplifies the error of the truth as well.
  expect(Math.max(...differences)).toBeLessThan((0.5 * (219 / 255) + 0.5) * 1.25 ** 2 + 2)
  expect(Math.max(...differences)).toBeGreaterThan(0)
})

test('rescalePicture returns the picture itself for factor 1, and rounds the sides for another factor', () => {
  expect(rescalePicture(picture, 1)).toBe(picture)
  const { width: w, height: h } = rescalePicture(picture, 0.7)
  expect([w, h]).toEqual([13, 18])
})

test.each([1, 0.7])(
  'rescaling only a part by %d gives the same pixels as cropping the whole rescaled picture',
  (factor) => {
    const whole = drawPicture(50, 40, 3)
    const part = { x: 5, y: 3, width: 20, height: 16 }
    expect(rescalePart(whole, factor, part)).toEqual(cropRgba(rescalePicture(whole, factor), part))
  },
)

test('blurPlane keeps flat planes and the sum of a plane, and spreads a point by the given standard deviation', () => {
  const size = { width: 21, height: 17 }
  const flat = { ...size, data: new Float32Array(21 * 17).fill(0.25) }
  blurPlane(flat, 1.3).data.forEach((v) => expect(v).toBeCloseTo(0.25, 6))
  const point = { ...size, data: new Float32Array(21 * 17) }
  point.data[8 * 21 + 10] = 1
  let [sum, across] = [0, 0]
  blurPlane(point, 1.5).data.forEach((v, i) => {
    sum += v
    across += v * ((i % 21) - 10) ** 2
  })
  expect(sum).toBeCloseTo(1, 5)
  expect(Math.sqrt(across)).toBeCloseTo(1.5, 1)
  expect(blurPlane(point, 0)).toBe(point)
})

test.each(['clean', 'jpeg:30-95', 'jpeg:5-5'])(
  'describeDegradation formats --degrade %s as the text that was parsed',
  (text) => {
    expect(describeDegradation(parseDegradation(text, { uint8Share: 0 }))).toBe(text)
  },
)

test("describeDegradation names the worker's own JPEG encoder, and a blur", () => {
  const degradation = parseDegradation('jpeg:30-95', { uint8Share: 0, blur: 0.5, encoder: 'own' })
  expect(describeDegradation(degradation)).toBe('jpeg:30-95, own encoder, blur 0.5')
})

test.each(['jpg', 'jpeg:0-50', 'jpeg:60-50', 'jpeg:50-101', 'jpeg:50'])('--degrade %s is refused', (text) => {
  expect(() => parseDegradation(text, { uint8Share: 0 })).toThrow(
    'expected --degrade to be clean, jpeg or jpeg:LOW-HIGH',
  )
})

function expectClose(actual: Float32Array, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length)
  const worst = actual.reduce((most, v, i) => Math.max(most, Math.abs(v - expected[i])), 0)
  expect(worst).toBeLessThan(F32)
}
