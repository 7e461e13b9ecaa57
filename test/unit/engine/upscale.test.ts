import { describe, expect, test } from 'vitest'
import type { Engine } from '../../../worker/engine/engine.ts'
import { createOrtEngine } from '../../../worker/engine/ort.ts'
import { reference } from '../../../worker/engine/reference.ts'
import { upscale, upscalePlane } from '../../../worker/engine/upscale.ts'
import { lumaOf, mergeYCbCr, splitYCbCr } from '../../../worker/image/color.ts'
import { type Plane, type Rgba } from '../../../worker/image/plane.ts'
import { resize } from '../../../worker/image/resize.ts'
import { tilesOf } from '../../../worker/image/tile.ts'
import { haloOf, SRCNN_915 } from '../../../worker/model/network.ts'
import { ort } from '../../support/ort.ts'
import { maxDifference, sampleNetwork, samplePlane, sampleRgba } from '../../support/samples.ts'

const SMALL = { kernels: [5, 1, 3], widths: [6, 4], residual: true }
const onnxruntime = createOrtEngine(ort, { executionProvider: 'wasm' })

const capped = (engine: Engine, maxSide: number): Engine => ({ ...engine, maxSide })

describe('tiles', () => {
  test.each([
    [1, 1, 40, 6],
    [100, 37, 40, 6],
    [41, 40, 40, 6],
    [40, 200, 13, 6],
    [257, 255, 160, 8],
    [1000, 3, 64, 0],
  ])('of %ix%i, at most %i a side with a halo of %i', (width, height, maxSide, halo) => {
    const seen = new Uint8Array(width * height)
    for (const { core, input } of tilesOf(width, height, maxSide, halo)) {
      expect(Math.max(input.width, input.height)).toBeLessThanOrEqual(maxSide)
      // Beyond the core lies the whole halo, or the picture's edge.
      expect(input.x).toBe(Math.max(0, core.x - halo))
      expect(input.y).toBe(Math.max(0, core.y - halo))
      expect(input.x + input.width).toBe(Math.min(width, core.x + core.width + halo))
      expect(input.y + input.height).toBe(Math.min(height, core.y + core.height + halo))
      for (let y = core.y; y < core.y + core.height; y++) {
        for (let x = core.x; x < core.x + core.width; x++) seen[y * width + x]++
      }
    }
    expect(seen.every((count) => count === 1)).toBe(true) // cores cover each pixel once
  })

  test('a halo that leaves nothing of a tile is an error', () => {
    expect(() => tilesOf(100, 100, 12, 6)).toThrow('leave nothing inside a halo of 6')
  })
})

describe('a picture made of tiles is the picture made at once', () => {
  for (const padding of ['edge', 'zero'] as const) {
    const network = sampleNetwork(SMALL, padding)
    test.each([
      [31, 23, 2, 17],
      [31, 23, 3, 31],
      [9, 40, 4, 12],
      [50, 2, 2, 64],
    ])(
      `to the bit with the reference, ${padding}: %ix%i x%i in tiles of %i`,
      async (w, h, s, side) => {
        const plane = samplePlane(w, h)
        const whole = await upscalePlane(plane, s, { network, engine: reference })
        const tiled = await upscalePlane(plane, s, { network, engine: capped(reference, side) })
        expect(tiled).toEqual(whole)
      },
    )
  }

  test('and to 1e-6 with onnxruntime, which sums in another order at other widths', async () => {
    const network = sampleNetwork(SRCNN_915)
    expect(haloOf(network)).toBe(6)
    const plane = samplePlane(70, 45)
    const whole = await upscalePlane(plane, 3, { network, engine: onnxruntime })
    const tiled = await upscalePlane(plane, 3, { network, engine: capped(onnxruntime, 64) })
    expect(maxDifference(tiled.data, whole.data)).toBeLessThan(2e-6)
  })

  test('in colour too, with and without a network', async () => {
    const picture = sampleRgba(33, 21)
    const network = sampleNetwork(SMALL)
    const whole = await upscale(picture, 3, { network, engine: reference })
    const tiled = await upscale(picture, 3, { network, engine: capped(reference, 29) })
    expect(tiled).toEqual(whole)
    const wide = sampleRgba(300, 5) // more than one bicubic tile
    expect((await upscale(wide, 2)).data).toEqual(bicubic(wide, 2).data)
  })
})

describe('the network meets luma alone', () => {
  test('upscale gives the luma of upscalePlane, to the rounding of a byte', async () => {
    const picture = smooth(24, 18)
    const network = sampleNetwork({ kernels: [3], widths: [] })
    network.layers[0].weights.set([0, 0, 0, 0, 0.9, 0, 0, 0, 0])
    network.layers[0].bias.fill(0.02)
    const model = { network, engine: reference }
    const got = lumaOf(await upscale(picture, 2, model))
    const want = await upscalePlane(lumaOf(picture), 2, model)
    expect(maxDifference(got.data, want.data)).toBeLessThan(0.5 / 255 + 1e-4)
  })

  test('a result is opaque where the picture is, and the picture stays as it was', async () => {
    const picture = sampleRgba(8, 6)
    const before = picture.data.slice()
    const { data } = await upscale(picture, 2)
    expect(data.every((v, i) => i % 4 !== 3 || v === 255)).toBe(true)
    expect(picture.data).toEqual(before)
  })

  test('a rejection of the engine is a rejection of upscale', async () => {
    const broken: Engine = { name: 'broken', maxSide: 64, run: () => Promise.reject(new Error('no engine')) } // prettier-ignore
    const model = { network: sampleNetwork(SMALL), engine: broken }
    await expect(upscale(sampleRgba(4, 4), 2, model)).rejects.toThrow('no engine')
  })
})

/** What upscale without a network is: each of Y, Cb, Cr through bicubic. */
function bicubic(picture: Rgba, scale: number): Rgba {
  const width = picture.width * scale
  const height = picture.height * scale
  const data = new Uint8ClampedArray(4 * width * height).fill(255)
  const planes = splitYCbCr(picture)
  const larger = (plane: Plane) => resize(plane, width, height)
  mergeYCbCr({ y: larger(planes.y), cb: larger(planes.cb), cr: larger(planes.cr) }, { width, height, data }, 0, 0) // prettier-ignore
  return { width, height, data }
}

/** Colours away from the gamut's border, so that nothing is clamped. */
function smooth(width: number, height: number): Rgba {
  const data = new Uint8Array(4 * width * height)
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)]
    data.set([100 + 2 * x, 110 + 2 * y, 120 + x, 255], 4 * i)
  }
  return { width, height, data }
}
