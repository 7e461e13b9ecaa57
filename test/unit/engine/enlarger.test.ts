// Runs both enlargers against their contract, and compares the kernel with its oracle in TypeScript.
import { describe, expect, test } from 'vitest'
import { type Enlarger, type Layers, plainEnlarger } from '../../../worker/engine/enlarger.ts'
import { createFusedEngine } from '../../../worker/engine/fused.ts'
import { compileKernels, compilePictureKernel } from '../../../worker/platform/nodeFiles.ts'
import { STRIP } from '../../../worker/engine/kernel/pictureLayout.ts'
import { upscale } from '../../../worker/engine/upscale.ts'
import { createVectorEnlarger } from '../../../worker/engine/vectorEnlarger.ts'
import { lumaOf, splitYCbCr, type YCbCr } from '../../../worker/image/color.ts'
import { crop, type Plane, type Rect, type Rgba } from '../../../worker/image/plane.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { watchMemories } from '../../support/measure/memories.ts'
import { sampleNetwork, samplePlane, sampleRgba } from '../../support/engine/samples.ts'

const module = compilePictureKernel()
const vector = createVectorEnlarger(module)
const SCALES = [2, 3, 4]

const wholeOf = (small: Plane, scale: number): Rect => ({
  x: 0,
  y: 0,
  width: scale * small.width,
  height: scale * small.height,
})
const emptyTarget = ({ width, height }: Rect): Rgba => ({
  width,
  height,
  data: new Uint8ClampedArray(4 * width * height),
})

function merged(
  enlarger: Enlarger,
  small: YCbCr,
  scale: number,
  layers: Layers = {},
  regions = [wholeOf(small.y, scale)],
): Rgba {
  const target = emptyTarget(wholeOf(small.y, scale))
  for (const region of regions) enlarger.merge(small, scale, region, target, layers)
  return target
}

/** Returns the layers in `names` as random planes of the result's size. */
function sampleLayers(names: readonly (keyof Layers)[], { width, height }: Rect): Layers {
  return Object.fromEntries(
    names.map((name, i) => {
      const plane = samplePlane(width, height, 50 + i)
      if (name === 'detail') plane.data.forEach((v, at) => (plane.data[at] = (v - 0.5) / 4))
      // Bicubic enlargement overshoots, so real opacity can leave the range 0..1. The random opacity does so, too.
      if (name === 'opacity') plane.data.forEach((v, at) => (plane.data[at] = 1.3 * v - 0.15))
      return [name, { plane, x: 0, y: 0 }]
    }),
  )
}

const LAYERS: (keyof Layers)[][] = [
  [],
  ['luma'],
  ['detail'],
  ['luma', 'detail'],
  ['opacity'],
  ['luma', 'detail', 'opacity'],
]

/**
 * Expects `got` to equal `want` up to two f32 roundings. The tolerance is larger for values above 1, because
 * neighbouring f32 values are twice as far apart there as below 1.
 */
function expectClose(got: Plane, want: Plane): void {
  expect({ ...got, data: 0 }).toEqual({ ...want, data: 0 })
  expect(got.data).toHaveLength(want.data.length)
  const worst = got.data.findIndex(
    (v, i) => !(Math.abs(v - want.data[i]) <= (Math.abs(want.data[i]) > 1 ? 2.4e-7 : 2e-7)),
  )
  if (worst >= 0)
    expect.fail(
      `${got.data[worst]} for ${want.data[worst]} at ${worst % want.width}, ${Math.floor(worst / want.width)}`,
    )
}

/**
 * Expects equal bytes, except that the fraction `share` of all bytes may differ by one: a value near k + 0.5 can be
 * rounded up in one result and down in the other.
 */
function expectBytes(got: Rgba, want: Rgba, share: number): void {
  let changed = 0
  let most = 0
  got.data.forEach((v, i) => {
    const difference = Math.abs(v - want.data[i])
    most = Math.max(most, difference)
    if (difference > 0) changed++
  })
  expect(most).toBeLessThanOrEqual(1)
  expect(changed).toBeLessThanOrEqual(Math.ceil(share * got.data.length))
}

const random = createRandom(8)
const size = () => 1 + random.below(113)
const CASES = [
  ...Array.from({ length: 24 }, (_, i) => ({ width: size(), height: size(), scale: SCALES[i % 3] })),
  ...SCALES.flatMap((scale) =>
    [
      [1, 1],
      [1, 7],
      [5, 1],
      [2, 2],
      [3, 2],
    ].map(([width, height]) => ({ width, height, scale })),
  ),
  ...SCALES.map((scale) => ({ width: 97, height: 113, scale })),
  ...SCALES.map((scale) => ({ width: Math.ceil((2.5 * STRIP) / scale), height: 5, scale })),
]

describe.each(CASES)('for a picture of $width x $height that is enlarged $scale times', ({ width, height, scale }) => {
  const regionOf = createRandom(width + 200 * height)
  /** Returns a random region of the result. */
  function anyRegion(): Rect {
    const [x, y] = [regionOf.below(scale * width), regionOf.below(scale * height)]
    return { x, y, width: 1 + regionOf.below(scale * width - x), height: 1 + regionOf.below(scale * height - y) }
  }
  const plane = samplePlane(width, height, width)
  const picture = splitYCbCr(sampleRgba(width, height, height))

  test('the kernel’s planes differ from the planes of resize by at most 2e-7', () => {
    const whole = wholeOf(plane, scale)
    expectClose(vector.enlarge(plane, scale, whole), plainEnlarger.enlarge(plane, scale, whole))
  })

  test('a region that the kernel computes separately equals the same region of the whole result, bit for bit', () => {
    const whole = vector.enlarge(plane, scale, wholeOf(plane, scale))
    for (let i = 0; i < 5; i++) {
      const region = anyRegion()
      expect(vector.enlarge(plane, scale, region)).toEqual(crop(whole, region))
    }
  })

  test.each(LAYERS)('the kernel’s pixels with the layers in LAYERS[%#] equal the pixels of mergeYCbCr', (...names) => {
    const layers = sampleLayers(names, wholeOf(plane, scale))
    // In an almost transparent pixel the colour is a quotient of two small numbers, so more bytes may differ.
    const share = layers.opacity ? 1e-3 : 1e-4
    expectBytes(merged(vector, picture, scale, layers), merged(plainEnlarger, picture, scale, layers), share)
  })
})

describe.each([
  { name: 'the enlarger in TypeScript', enlarger: plainEnlarger },
  { name: 'the enlarger on the kernel', enlarger: vector },
])('$name', ({ enlarger }) => {
  const small = splitYCbCr(sampleRgba(41, 19))

  test.each(LAYERS)(
    'with the layers in LAYERS[%#] merges tiles that together equal the whole picture bit for bit',
    (...names) => {
      const whole = wholeOf(small.y, 3)
      const layers = sampleLayers(names, whole)
      const tiles = [0, 20, 70].flatMap((x, i) =>
        [0, 31].map((y, j) => ({ x, y, width: [20, 50, 53][i], height: [31, 26][j] })),
      )
      const want = merged(enlarger, small, 3, layers)
      expect(merged(enlarger, small, 3, layers, tiles)).toEqual(want)
      const placed = Object.fromEntries(
        Object.entries(layers).map(([name, { plane }]) => {
          const part = { x: 18, y: 29, width: 60, height: 28 } // larger than the tile
          return [name, { ...part, plane: crop(plane, part) }]
        }),
      )
      const got = merged(enlarger, small, 3, layers, [tiles[0], tiles[1], tiles[2], ...tiles.slice(4)])
      enlarger.merge(small, 3, tiles[3], got, placed)
      expect(got).toEqual(want)
    },
  )

  test('returns the same plane with and without an output buffer, whatever the buffer contained', () => {
    const region = { x: 5, y: 7, width: 60, height: 31 }
    const buffer = new Float32Array(60 * 31 + 9).fill(NaN)
    expect(enlarger.enlarge(small.y, 3, region, buffer)).toEqual(enlarger.enlarge(small.y, 3, region))
    expect(buffer.subarray(60 * 31)).toEqual(new Float32Array(9).fill(NaN))
  })

  test('does not write outside the region', () => {
    const target = emptyTarget(wholeOf(small.y, 2))
    target.data.fill(7)
    enlarger.merge(small, 2, { x: 11, y: 5, width: 13, height: 9 }, target, {})
    for (let i = 0; i < target.data.length; i += 4) {
      const [x, y] = [(i >> 2) % target.width, Math.floor((i >> 2) / target.width)]
      const isInside = x >= 11 && x < 24 && y >= 5 && y < 14
      expect(target.data[i + 3]).toBe(isInside ? 255 : 7)
    }
  })

  test('writes the same bytes to a Uint8Array inside a larger buffer as to a Uint8ClampedArray', () => {
    const { width, height, data } = merged(enlarger, small, 2)
    const buffer = new Uint8Array(data.length + 24).fill(9)
    enlarger.merge(small, 2, wholeOf(small.y, 2), { width, height, data: buffer.subarray(12, -12) }, {})
    expect([...buffer]).toEqual([...Array(12).fill(9), ...data, ...Array(12).fill(9)])
  })

  test('keeps the colour of a picture of one colour, for every grey level and five other colours', () => {
    for (const scale of SCALES) {
      for (let level = 0; level < 256; level++) {
        const grey = new Uint8Array(4 * 5 * 3).fill(level)
        for (let p = 3; p < grey.length; p += 4) grey[p] = 255
        const { data } = merged(enlarger, splitYCbCr({ width: 5, height: 3, data: grey }), scale)
        expect(data.every((v, i) => v === (i % 4 === 3 ? 255 : level))).toBe(true)
      }
      for (const colour of [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255, 255, 0],
        [1, 254, 128],
      ]) {
        const flat = Uint8Array.from({ length: 4 * 5 * 3 }, (_, i) => [...colour, 255][i % 4])
        const { data } = merged(enlarger, splitYCbCr({ width: 5, height: 3, data: flat }), scale)
        expect(data.every((v, i) => v === [...colour, 255][i % 4])).toBe(true)
      }
    }
  })

  test('accepts NaN, infinity and huge values, which do not affect later results', () => {
    const before = merged(enlarger, small, 3)
    const plane = enlarger.enlarge(small.y, 3, wholeOf(small.y, 3))
    for (const value of [NaN, Infinity, -Infinity, 3e38, -3e38]) {
      const poison = { ...small.y, data: new Float32Array(small.y.data.length).fill(value) }
      const layer = { plane: { ...plane, data: new Float32Array(plane.data.length).fill(value) }, x: 0, y: 0 }
      merged(enlarger, { y: poison, cb: poison, cr: poison }, 3)
      merged(enlarger, small, 3, { luma: layer, detail: layer, opacity: layer })
      enlarger.enlarge(poison, 3, wholeOf(poison, 3))
      expect(merged(enlarger, small, 3)).toEqual(before)
      expect(enlarger.enlarge(small.y, 3, wholeOf(small.y, 3))).toEqual(plane)
    }
  })

  test('clamps luma beyond 0..1 and renders NaN as black', () => {
    const grey = splitYCbCr({ width: 1, height: 1, data: new Uint8Array([128, 128, 128, 255]) })
    for (const [luma, level] of [
      [NaN, 0],
      [-Infinity, 0],
      [-5, 0],
      [5, 255],
      [3e38, 255],
      [Infinity, 255],
    ]) {
      const plane = { width: 2, height: 2, data: new Float32Array(4).fill(luma) }
      const { data } = merged(enlarger, grey, 2, { luma: { plane, x: 0, y: 0 } })
      expect([...data.subarray(0, 4)]).toEqual([level, level, level, 255])
    }
  })
})

describe('the kernel’s memory', () => {
  test('does not leak an earlier picture into a result', () => {
    const used = createVectorEnlarger(module)
    for (const scale of SCALES) {
      for (const [width, height] of [
        [1, 1],
        [13, 5],
        [300, 9],
      ]) {
        const small = splitYCbCr(sampleRgba(width, height))
        const layers = sampleLayers(['opacity'], wholeOf(small.y, scale))
        const fresh = () => createVectorEnlarger(module)
        used.merge(
          splitYCbCr(sampleRgba(301, 31, 77)),
          4,
          { x: 0, y: 0, width: 1204, height: 124 },
          emptyTarget({ x: 0, y: 0, width: 1204, height: 124 }),
          {},
        )
        expect(used.enlarge(small.y, scale, wholeOf(small.y, scale))).toEqual(
          fresh().enlarge(small.y, scale, wholeOf(small.y, scale)),
        )
        expect(merged(used, small, scale)).toEqual(merged(fresh(), small, scale))
        expect(merged(used, small, scale, layers)).toEqual(merged(fresh(), small, scale, layers))
      }
    }
  })

  test('stays at one page of 64 KiB for pictures of any size, and no second memory is created', async () => {
    await watchMemories((memories) => {
      const fresh = createVectorEnlarger(module)
      for (const scale of SCALES) {
        merged(fresh, splitYCbCr(sampleRgba(4000, 2)), scale)
        merged(fresh, splitYCbCr(sampleRgba(2, 4000)), scale)
      }
      expect(memories.map(({ buffer }) => buffer.byteLength)).toEqual([65_536])
    })
  })

  test('is intact after failed calls, and the error for an unsupported scale names the supported scales', () => {
    const enlarger = createVectorEnlarger(module)
    const small = splitYCbCr(sampleRgba(9, 9))
    const want = merged(vector, small, 2)
    const tooSmall = emptyTarget({ x: 0, y: 0, width: 18, height: 2 })
    expect(() => enlarger.merge(small, 2, wholeOf(small.y, 2), tooSmall, {})).toThrow(RangeError)
    expect(() => enlarger.enlarge(small.y, 5, wholeOf(small.y, 5))).toThrow('expected a scale of 2, 3, 4, got 5')
    expect(merged(enlarger, small, 2)).toEqual(want)
  })
})

describe('upscale on the kernel equals upscale in TypeScript, except for rare bytes that differ by one level', async () => {
  const engine = createFusedEngine(compileKernels().modules)
  const network = sampleNetwork({ kernels: [9, 1, 5], widths: [8, 4], residual: true })
  const clear = sampleRgba(90, 60)
  for (let p = 3; p < clear.data.length; p += 4) clear.data[p] = clear.data[p - 1]
  const cases = SCALES.flatMap((scale) =>
    [undefined, { network, engine }, { network, engine: { ...engine, maxSide: 100 } }].flatMap((model) =>
      [sampleRgba(90, 60), clear].map((picture) => ({ scale, model, picture })),
    ),
  )
  test.each(cases)('x$scale, case %#', async ({ scale, model, picture }) => {
    const got = await upscale(picture, scale, model, vector)
    const want = await upscale(picture, scale, model)
    expectBytes(got, want, picture === clear ? 1e-3 : 1e-4)
    if (picture !== clear) expect(lumaOf(got).data).toHaveLength(lumaOf(want).data.length)
  })
})
