import { describe, expect, test } from 'vitest'
import { createFusedEngine, supportsFused } from '../../../worker/engine/fused.ts'
import { crop, type Rect } from '../../../worker/image/plane.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { type Architecture, haloOf, type Network, subPixelArchitecture } from '../../../worker/model/network.ts'
import { describeEngine } from '../../support/engine/describeEngine.ts'
import { builds, engines, expectSound } from '../../support/engine/fused.ts'
import { watchMemories } from '../../support/measure/memories.ts'
import { maxDifference, sampleNetwork, samplePlanes } from '../../support/engine/samples.ts'

const [{ engine }] = engines
const [{ modules }] = builds

/** Functions that change a network's random weights, by the name of the change. */
const KINDS = {
  dense: () => {},
  sparse({ layers }: Network, random: () => number) {
    for (const { weights } of layers) weights.forEach((w, i) => (weights[i] = random() < 0.8 ? 0 : w))
  },
  'dead first layer': ({ layers }: Network) => void layers[0].bias.fill(-100),
  'dead inner layers': ({ layers }: Network) => layers.slice(1, -1).forEach(({ bias }) => bias.fill(-100)),
  huge({ layers }: Network) {
    for (const { weights } of layers) weights.forEach((w, i) => (weights[i] = 1e3 * w))
  },
} satisfies Record<string, (network: Network, random: () => number) => void>

describe('the sub-pixel kernel differs from the reference by at most 1e-5 times the sum of |weight * input|', () => {
  const random = createRandom(15)
  const side = () => 1 + random.below(100)
  const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[]
  const cases = Array.from({ length: 24 }, (_, i) => {
    const multiple = [1, 4, 16, 32][i % 4] // any width, whole tiles, whole vectors, whole groups
    const width = Math.max(multiple, side() - (side() % multiple))
    return {
      width: width - (width % multiple),
      height: side(),
      scale: 2 + (i % 3),
      channels: 4 * (1 + random.below(3)),
      pairs: random.below(4),
      kind: kinds[i % kinds.length],
    }
  })
  test.each(cases)(
    'for x$scale, $width x $height pixels, $channels channels and $pairs pairs of layers: $kind',
    async ({ width, height, scale, channels, pairs, kind }) => {
      const network = sampleNetwork(subPixelArchitecture(scale, channels, pairs), 'edge', width)
      KINDS[kind](network, createRandom(height).next)
      await expectSound(network, samplePlanes(1, width, height, width))
    },
  )

  test.each([
    [1, 1],
    [1, 40],
    [40, 1],
    [4, 4],
    [13, 31],
    [32, 32],
  ])('with the architecture of `fast`, for a picture of %i x %i', async (width, height) => {
    await expectSound(sampleNetwork(subPixelArchitecture(3, 16, 3)), samplePlanes(1, width, height))
  })

  test.each<[string, Architecture]>([
    ['the maximum number of channels', subPixelArchitecture(4, 64, 1)],
    ['layers of different widths', { kernels: [5, 3, 3, 3], widths: [12, 4, 8], scale: 2 }],
    [
      'a skip directly after the first layer',
      { kernels: [5, 3, 3, 3], widths: [8, 4, 8], skips: [2], scale: 3, residual: true },
    ],
    ['skips that overlap', { kernels: [5, 3, 3, 3, 3], widths: [4, 4, 4, 4], skips: [2, 3], scale: 2 }],
    ['two layers', { kernels: [5, 3], widths: [8], scale: 4 }],
  ])('with %s', async (_, architecture) => {
    await expectSound(sampleNetwork(architecture), samplePlanes(1, 21, 11))
  })

  test('for a picture that is wider than a strip', async () => {
    await expectSound(sampleNetwork(subPixelArchitecture(2, 4, 1)), samplePlanes(1, 1100, 3))
  })
})

describe.each(engines)('the result of the $arithmetic build', ({ engine: candidate }) => {
  const network = sampleNetwork(subPixelArchitecture(3, 8, 2))

  test('has the same bits in two runs', async () => {
    const input = samplePlanes(1, 77, 50)
    expect(await candidate.run(network, input)).toEqual(await candidate.run(network, input))
  })

  // Returns two results for `rect`: one computed from this part of the picture alone, the other cut out of the result
  // of the whole picture. Along each edge of `rect` that is inside the picture, both results lack a margin, because
  // pixels outside `rect` affect it. The right and lower margins also contain pixels whose last bits may differ,
  // because there each layer has fewer tiles than the layer before it and reads the last tile only in part.
  const pieceAndWhole = async (width: number, height: number, rect: Rect) => {
    const { scale } = network
    const before = 4 * Math.ceil(haloOf(network) / 4)
    const behind = 4 * (network.layers.length + 1)
    const whole = samplePlanes(1, width, height)
    const inner = (edge: number, length: number, size: number) => ({
      start: edge > 0 ? before : 0,
      end: edge + length < size ? length - behind : length,
    })
    const across = inner(rect.x, rect.width, width)
    const down = inner(rect.y, rect.height, height)
    const larger = (x: number, y: number, w: number, h: number) => ({
      x: scale * x,
      y: scale * y,
      width: scale * w,
      height: scale * h,
    })
    const [w, h] = [across.end - across.start, down.end - down.start]
    const piece = await candidate.run(network, { channels: 1, ...crop(whole, rect) })
    const all = await candidate.run(network, whole)
    return [
      crop(piece, larger(across.start, down.start, w, h)).data,
      crop(all, larger(rect.x + across.start, rect.y + down.start, w, h)).data,
    ]
  }

  test.each([
    ['a band of rows', 90, 120, { x: 0, y: 40, width: 90, height: 60 }],
    ['a band of columns', 200, 30, { x: 64, y: 0, width: 72, height: 30 }],
  ])('has the same bits for %s, whether computed alone or with the whole picture', async (_, width, height, rect) => {
    const [piece, whole] = await pieceAndWhole(width, height, rect)
    expect(piece).toEqual(whole)
  })

  test('at the seam of two strips differs only by rounding from the same pixels inside one strip', async () => {
    const [piece, whole] = await pieceAndWhole(600, 9, { x: 460, y: 0, width: 100, height: 9 })
    expect(maxDifference(piece, whole)).toBeLessThan(1e-5)
  })
})

test.each(engines)(
  'in the $arithmetic build NaN and infinity affect only their neighbourhood',
  async ({ engine: candidate }) => {
    const network = sampleNetwork(subPixelArchitecture(2, 8, 1))
    const [width, height, x, y] = [90, 61, 50, 29]
    const clean = samplePlanes(1, width, height)
    const want = (await candidate.run(network, clean)).data
    for (const poison of [NaN, Infinity, -Infinity, 3e38]) {
      const data = clean.data.slice()
      data[y * width + x] = poison
      const got = (await candidate.run(network, { ...clean, data })).data
      // Each of the four layers computes whole tiles of 4x4 pixels, so in each layer a value can spread up to 3 pixels
      // further than the layer's kernel reaches.
      const reach = haloOf(network) + 4 * 3
      const far = (_: unknown, i: number) =>
        Math.max(Math.abs(((i % (2 * width)) >> 1) - x), Math.abs((Math.floor(i / (2 * width)) >> 1) - y)) > reach
      expect(got.filter(far)).toEqual(want.filter(far))
      expect(await candidate.run(network, clean)).toMatchObject({ data: want })
    }
  },
)

const wide = [samplePlanes(1, 300, 41), { ...samplePlanes(1, 600, 9), data: new Float32Array(600 * 9).fill(NaN) }]
describeEngine({
  createEngine: () => createFusedEngine(modules),
  network: sampleNetwork(subPixelArchitecture(3, 8, 2)),
  // The last of these networks runs on the other kernel (srcnn).
  earlierRuns: [
    sampleNetwork(subPixelArchitecture(2, 32, 3)),
    sampleNetwork({ kernels: [9, 1, 5], widths: [8, 4] }),
  ].flatMap((network) => wide.map((input) => ({ network, input }))),
  concurrentRuns: {
    network: sampleNetwork(subPixelArchitecture(3, 32, 3)),
    inputs: [1, 2, 3].map((seed) => samplePlanes(1, 256, 80 + seed, seed)),
  },
})

test('a run of a small network does not pause, and a run of a larger network does', async () => {
  let turns = 0
  const pause = () => Promise.resolve(void turns++)
  const counted = createFusedEngine(modules, { pause })
  await counted.run(sampleNetwork(subPixelArchitecture(3, 16, 3)), samplePlanes(1, 256, 200))
  expect(turns).toBe(0) // all 57 bands of 16 million multiplications fit in a turn
  await counted.run(sampleNetwork(subPixelArchitecture(3, 32, 3)), samplePlanes(1, 256, 200))
  expect(turns).toBe(3) // 17 bands per turn
})

test('the kernel’s memory grows with the width of a strip, not with the picture’s height', async () => {
  await watchMemories(async (memories) => {
    const fresh = createFusedEngine(modules)
    const fast = sampleNetwork(subPixelArchitecture(3, 16, 3))
    await fresh.run(fast, samplePlanes(1, 64, 40))
    expect(memories[0].buffer.byteLength).toBeLessThan(1.2e6)
    await fresh.run(fast, samplePlanes(1, 600, 5))
    const { byteLength } = memories[0].buffer
    expect(byteLength).toBeLessThan(4e6)
    await fresh.run(fast, samplePlanes(1, 1500, 50))
    expect(memories.map(({ buffer }) => buffer.byteLength)).toEqual([byteLength])
  })
})

test.each([
  sampleNetwork(subPixelArchitecture(3, 16, 1), 'zero'),
  sampleNetwork(subPixelArchitecture(3, 6, 1)),
  sampleNetwork(subPixelArchitecture(2, 68, 1)),
  sampleNetwork({ ...subPixelArchitecture(2, 8, 1), channels: 3 }),
  sampleNetwork({ kernels: [3, 3], widths: [8], scale: 2 }),
  sampleNetwork({ kernels: [5, 5], widths: [8], scale: 2 }),
  sampleNetwork({ kernels: [5], widths: [], scale: 2 }),
  sampleNetwork({ kernels: [5, 3], widths: [8] }),
])('a network that the kernel does not support is refused: case %#', async (other) => {
  expect(supportsFused(other)).toBe(false)
  await expect(engine.run(other, samplePlanes(1, 4, 4))).rejects.toThrow('expected 9-1-5, or 5-3')
})
