import { describe, expect, test } from 'vitest'
import { createPlane, type Plane, type Rgba } from '../../../worker/image/plane.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { resize } from '../../../worker/image/resize.ts'
import { collectRows, rowsOf } from '../../../worker/image/rows.ts'
import { plainShrinker } from '../../../worker/image/shrink.ts'

/**
 * Returns a picture of random levels. If `opaque`, all pixels are opaque. Otherwise one third of them is transparent,
 * one third is opaque, and one third has a random alpha.
 */
function noise(width: number, height: number, opaque: boolean): Rgba {
  const random = createRandom(7 * width + height)
  const data = new Uint8Array(4 * width * height)
  for (let i = 0; i < data.length; i++) data[i] = random.below(256)
  for (let p = 3; p < data.length; p += 4) {
    const place = Math.floor((3 * p) / data.length)
    data[p] = opaque ? 255 : [0, 255, data[p]][place]
  }
  return { width, height, data }
}

const shrunk = (picture: Rgba, width: number, height: number) =>
  collectRows(plainShrinker.shrink(rowsOf(picture), width, height))

/** Returns each channel as resize.ts shrinks it. Colours are premultiplied by alpha. */
function expected(picture: Rgba, width: number, height: number): { colour: Plane[]; alpha: Plane } {
  const planeOf = (levelAt: (p: number) => number) => {
    const plane = createPlane(picture.width, picture.height)
    for (let i = 0; i < plane.data.length; i++) plane.data[i] = levelAt(4 * i)
    return resize(plane, width, height)
  }
  const { data } = picture
  const colour = [0, 1, 2].map((c) => planeOf((p) => (data[p + c] * data[p + 3]) / 255))
  return { colour, alpha: planeOf((p) => data[p + 3]) }
}

/** Tolerance in levels: half a level for rounding, the rest for f32 between the passes. */
const HALF_A_LEVEL = 0.5 + 1e-3

describe.each([true, false])('shrinking agrees with resizing each channel (opaque: %s)', (opaque) => {
  test.each([
    [1, 1, 1, 1],
    [5, 4, 5, 4],
    [2, 3, 1, 1],
    [16, 9, 7, 4],
    [40, 1, 13, 1],
    [1, 40, 1, 3],
    [33, 21, 32, 20],
    [64, 48, 5, 48],
    [90, 60, 11, 7],
  ])('%ix%i to %ix%i', async (width, height, outWidth, outHeight) => {
    const picture = noise(width, height, opaque)
    const { data } = await shrunk(picture, outWidth, outHeight)
    const { colour, alpha } = expected(picture, outWidth, outHeight)
    for (let i = 0, p = 0; p < data.length; i++, p += 4) {
      const level = Math.min(255, Math.max(0, alpha.data[i]))
      expect(Math.abs(data[p + 3] - level)).toBeLessThanOrEqual(HALF_A_LEVEL)
      if (alpha.data[i] < HALF_A_LEVEL) continue
      for (let c = 0; c < 3; c++) {
        const exact = Math.min(255, Math.max(0, colour[c].data[i] / (level / 255)))
        // Colours are divided by alpha, so the rounding error of f32 grows as alpha falls.
        expect(Math.abs(data[p + c] - exact)).toBeLessThanOrEqual(HALF_A_LEVEL + 0.1 / level)
      }
    }
  })
})

test('shrinking a picture of one colour keeps the colour, even if alpha varies', async () => {
  const data = new Uint8Array(4 * 30 * 20)
  for (let p = 0; p < data.length; p += 4) data.set([200, 17, 3, (p / 4) % 2 ? 255 : 40], p)
  const { data: small } = await shrunk({ width: 30, height: 20, data }, 7, 5)
  for (let p = 0; p < small.length; p += 4) expect([...small.subarray(p, p + 3)]).toEqual([200, 17, 3])
})
