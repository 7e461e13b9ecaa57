import { describe, expect, test } from 'vitest'
import { alphaOf, greyOf, lumaOf, mergeYCbCr, opacityOf, splitYCbCr } from '../../../worker/image/color.ts'
import type { Rgba } from '../../../worker/image/plane.ts'
import { maxDifference, sampleRgba } from '../../support/engine/samples.ts'

const LEVEL = 1 / 255

// Results of MATLAB's rgb2ycbcr in levels before rounding. Y is 16 + 65.481 R + 128.553 G + 24.966 B, with R, G, B in
// 0..1.
const GOLDEN = [
  { name: 'black', rgb: [0, 0, 0], ycbcr: [16, 128, 128] },
  { name: 'white', rgb: [255, 255, 255], ycbcr: [235, 128, 128] },
  { name: 'red', rgb: [255, 0, 0], ycbcr: [81.481, 90.203, 240] },
  { name: 'green', rgb: [0, 255, 0], ycbcr: [144.553, 53.797, 34.214] },
  { name: 'blue', rgb: [0, 0, 255], ycbcr: [40.966, 240, 109.786] },
  { name: 'yellow', rgb: [255, 255, 0], ycbcr: [210.034, 16, 146.214] },
  { name: 'cyan', rgb: [0, 255, 255], ycbcr: [169.519, 165.797, 16] },
  { name: 'magenta', rgb: [255, 0, 255], ycbcr: [106.447, 202.203, 221.786] },
  { name: 'half red', rgb: [51, 0, 0], ycbcr: [29.0962, 120.4406, 150.4] },
]

describe('splitYCbCr returns the levels of MATLAB’s rgb2ycbcr', () => {
  test.each(GOLDEN)('$name', ({ rgb, ycbcr }) => {
    const { y, cb, cr } = splitYCbCr(pixel(rgb))
    const got = [y, cb, cr].map(({ data }) => 255 * data[0])
    expect(maxDifference(got, ycbcr)).toBeLessThan(1e-4) // planes are f32
  })
})

test('lumaOf returns the luma of splitYCbCr', () => {
  const picture = sampleRgba(13, 7)
  expect(lumaOf(picture)).toEqual(splitYCbCr(picture).y)
})

test('greyOf keeps the levels and does not convert them to studio range', () => {
  const grey = greyOf(pixel([0, 0, 0], [255, 255, 255], [90, 90, 90]))
  expect([...grey.data]).toEqual([0, 1, Math.fround(90 / 255)])
})

describe('splitting and merging a picture', () => {
  const corners = [0, 1, 127, 128, 254, 255].flatMap((r) =>
    [0, 1, 127, 128, 254, 255].flatMap((g) => [0, 1, 127, 128, 254, 255].map((b) => [r, g, b])),
  )

  test('keeps RGB exactly if the planes are not rounded', () => {
    for (const picture of [pixel(...corners), sampleRgba(64, 64)]) {
      expect(roundTrip(picture)).toEqual(picture.data)
    }
  })

  test('keeps RGB within two levels if the planes are rounded to 8-bit levels, as in a file', () => {
    for (const picture of [pixel(...corners), sampleRgba(64, 64)]) {
      const { y, cb, cr } = splitYCbCr(picture)
      for (const plane of [y, cb, cr]) {
        plane.data.forEach((v, i) => (plane.data[i] = Math.round(v * 255) * LEVEL))
      }
      // Errors of half a level in luma and chroma change R by up to 0.58 + 0.80 levels, and B by up to 0.58 + 1.01
      // levels.
      expect(maxDifference(merge({ y, cb, cr }, picture), picture.data)).toBeLessThanOrEqual(2)
    }
  })
})

test('mergeYCbCr writes opaque pixels, and only inside the rectangle of its planes', () => {
  const target: Rgba = { width: 4, height: 3, data: new Uint8Array(48).fill(7) }
  const white = splitYCbCr(pixel([255, 255, 255], [255, 255, 255]))
  mergeYCbCr(white, target, 1, 2)
  const want = new Uint8Array(48).fill(7)
  want.fill(255, 36, 44)
  expect(target.data).toEqual(want)
})

describe('alpha', () => {
  test('is kept by splitting and merging, and so is the colour of every visible pixel', () => {
    const { data, ...size } = sampleRgba(16, 16)
    const picture = { ...size, data: data.map((v, i) => (i % 4 === 3 ? i >> 2 : v)) } // alpha 0 to 255
    const out = { ...size, data: new Uint8Array(data.length) }
    mergeYCbCr(splitYCbCr(picture), out, 0, 0, opacityOf(alphaOf(picture)))
    for (let p = 0; p < data.length; p += 4) {
      const alpha = picture.data[p + 3]
      expect(out.data[p + 3]).toBe(alpha)
      const got = out.data.subarray(p, p + 3)
      if (alpha > 0) expect(maxDifference(got, picture.data.subarray(p, p + 3))).toBeLessThanOrEqual(1)
      else expect([...got]).toEqual([0, 0, 0])
    }
  })

  test('as returned by alphaOf equals the luma of a white picture with this alpha over black', () => {
    const data = Uint8Array.from([255, 255, 255, 0, 255, 255, 255, 51, 255, 255, 255, 255])
    const white = { width: 3, height: 1, data }
    expect(maxDifference(alphaOf(white).data, lumaOf(white).data)).toBeLessThan(1e-7)
  })
})

test('mergeYCbCr clamps colours outside the range of RGB', () => {
  const target = pixel([1, 1, 1])
  const plane = (v: number) => ({ width: 1, height: 1, data: Float32Array.of(v) })
  mergeYCbCr({ y: plane(2), cb: plane(128 / 255), cr: plane(128 / 255) }, target, 0, 0)
  expect([...target.data]).toEqual([255, 255, 255, 255])
  mergeYCbCr({ y: plane(-1), cb: plane(128 / 255), cr: plane(128 / 255) }, target, 0, 0)
  expect([...target.data]).toEqual([0, 0, 0, 255])
})

function pixel(...rgb: readonly (readonly number[])[]): Rgba {
  return { width: rgb.length, height: 1, data: Uint8Array.from(rgb.flatMap((p) => p.concat(255))) }
}

function merge(planes: ReturnType<typeof splitYCbCr>, like: Rgba): Uint8Array {
  const data = new Uint8Array(like.data.length).fill(255)
  mergeYCbCr(planes, { ...like, data }, 0, 0)
  return data
}

function roundTrip(picture: Rgba): Uint8Array {
  return merge(splitYCbCr(picture), picture)
}
