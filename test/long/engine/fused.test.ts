import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createFusedEngine, supportsFused } from '../../../worker/engine/fused.ts'
import { hasRelaxedSimd } from '../../../worker/platform/nodeFiles.ts'
import { createOrtEngine } from '../../../worker/engine/ort.ts'
import { crop } from '../../../worker/image/plane.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { type Architecture, describeNetwork, type Network } from '../../../worker/model/network.ts'
import { decodeNetwork } from '../../../worker/model/networkFile.ts'
import { drawnPlanes } from '../../support/pictures/drawn.ts'
import { describeEngine } from '../../support/engine/describeEngine.ts'
import { builds, engines, expectSound } from '../../support/engine/fused.ts'
import { watchMemories } from '../../support/measure/memories.ts'
import { ort } from '../../support/engine/ort.ts'
import { maxDifference, sampleNetwork, samplePlanes } from '../../support/engine/samples.ts'

const [{ engine }] = engines
const [{ modules }] = builds

const nineOneFive = (n1: number, n2: number, residual = true): Architecture => ({
  kernels: [9, 1, 5],
  widths: [n1, n2],
  residual,
})
const SMALL = nineOneFive(8, 4)

/** Functions that change a network's random weights, by the name of the change. */
const KINDS = {
  dense: () => {},
  sparse({ layers }: Network, random: () => number) {
    for (const { weights } of layers) weights.forEach((w, i) => (weights[i] = random() < 0.8 ? 0 : w))
  },
  'dead first layer': ({ layers }: Network) => void layers[0].bias.fill(-100),
  'dead second layer': ({ layers }: Network) => void layers[1].bias.fill(-100),
  huge({ layers }: Network) {
    for (const { weights, bias } of layers) {
      weights.forEach((w, i) => (weights[i] = 1e6 * w))
      bias.forEach((b, i) => (bias[i] = 1e6 * b))
    }
  },
} satisfies Record<string, (network: Network, random: () => number) => void>

test('both builds of the kernels are tested if this Node has relaxed SIMD', async () => {
  expect(builds.map(({ arithmetic }) => arithmetic)).toEqual(hasRelaxedSimd() ? ['relaxed', 'plain'] : ['plain'])
  expect(engine).toMatchObject({ name: 'fused', maxSide: 1024 })
})

describe('the 9-1-5 kernel agrees with the reference to 1e-5 of the sum of |w| |x|', () => {
  const random = createRandom(15)
  const side = () => 1 + random.below(300)
  const channels = () => 4 * (1 + random.below(3))
  const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[]
  const cases = Array.from({ length: 30 }, (_, i) => {
    const multiple = [1, 4, 32, 128][i % 4] // any width, whole tiles, whole groups of tiles, several groups
    const width = Math.max(multiple, side() - (side() % multiple))
    return {
      width: width - (width % multiple),
      height: side(),
      n1: channels(),
      n2: channels(),
      kind: kinds[i % kinds.length],
      residual: i % 3 > 0,
    }
  })
  test.each(cases)(
    'for $width x $height pixels, $n1-$n2 channels, weights: $kind',
    async ({ width, height, n1, n2, kind, residual }) => {
      const network = sampleNetwork(nineOneFive(n1, n2, residual), 'edge', width)
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
  ])('with the paper’s 64-32 channels at %i x %i pixels', async (width, height) => {
    await expectSound(sampleNetwork(nineOneFive(64, 32, false)), samplePlanes(1, width, height))
  })

  test.each([
    [128, 128],
    [4, 128],
    [128, 4],
    [100, 36],
  ])('with up to 128 channels: %i-%i', async (n1, n2) => {
    await expectSound(sampleNetwork(nineOneFive(n1, n2)), samplePlanes(1, 21, 11))
  })

  test('for a picture that is wider than one strip', async () => {
    await expectSound(sampleNetwork(nineOneFive(4, 4)), samplePlanes(1, 4100, 3))
  })
})

describe('the kernels agree with onnxruntime to 1e-5', () => {
  const onnxruntime = createOrtEngine(ort, { executionProvider: 'wasm' })
  const folder = `${import.meta.dirname}/../../../models`
  const files = readdirSync(folder).filter((file) => file.endsWith('.onnx'))
  test.each(files)('with the shipped weights of %s', async (file) => {
    const network = decodeNetwork(new Uint8Array(readFileSync(`${folder}/${file}`)))
    const scale = Number(/x(\d)\.onnx$/.exec(file)![1])
    const input = await drawnPlanes(61 * scale, 47 * scale, scale)
    const want = await onnxruntime.run(network, input)
    for (const { engine: candidate } of engines) {
      expect(maxDifference((await candidate.run(network, input)).data, want.data)).toBeLessThan(1e-5)
    }
  })
})

describe.each(engines)('results of the $arithmetic build', ({ engine: candidate }) => {
  const network = sampleNetwork(nineOneFive(16, 8))

  test('are bit-identical in two runs', async () => {
    const input = samplePlanes(1, 77, 50)
    expect(await candidate.run(network, input)).toEqual(await candidate.run(network, input))
  })

  // Each part starts at a multiple of the tile size, so its tiles are also tiles of the whole picture. Only tiles at
  // least 12 px away from the part's inner edges are compared, because only their neighbours are the same, too.
  test.each([
    ['of 44 rows', 90, 120, { x: 0, y: 40, width: 90, height: 44 }],
    ['of 72 columns', 200, 30, { x: 64, y: 0, width: 72, height: 30 }],
    ['across the seam of two strips', 2100, 9, { x: 2000, y: 0, width: 100, height: 9 }],
  ])('are bit-identical for a part %s, computed alone or with the whole picture', async (_, width, height, rect) => {
    const whole = samplePlanes(1, width, height)
    const inner = (edge: number, length: number, size: number) => ({
      start: edge > 0 ? 12 : 0,
      end: edge + length < size ? length - 12 : length,
    })
    const across = inner(rect.x, rect.width, width)
    const down = inner(rect.y, rect.height, height)
    const middle = { x: across.start, y: down.start, width: across.end - across.start, height: down.end - down.start }
    const piece = await candidate.run(network, { channels: 1, ...crop(whole, rect) })
    const want = crop(await candidate.run(network, whole), rect)
    expect(crop(piece, middle).data).toEqual(crop(want, middle).data)
  })
})

describe('NaN and infinity', () => {
  test.each(engines)('affect only their neighbourhood in the $arithmetic build', async ({ engine: candidate }) => {
    const network = sampleNetwork(nineOneFive(16, 8))
    const [width, height, x, y] = [90, 61, 50, 29]
    const clean = samplePlanes(1, width, height)
    const want = (await candidate.run(network, clean)).data
    for (const poison of [NaN, Infinity, -Infinity, 3e38]) {
      const data = clean.data.slice()
      data[y * width + x] = poison
      const got = (await candidate.run(network, { ...clean, data })).data
      // A pixel of the result depends on pixels up to 6 px away. The kernel computes tiles of 4x4 px as a whole, so a
      // bad value can affect pixels up to 9 px away.
      const far = (_: unknown, i: number) =>
        Math.max(Math.abs((i % width) - x), Math.abs(Math.floor(i / width) - y)) > 9
      expect(got.filter(far)).toEqual(want.filter(far))
      expect(await candidate.run(network, clean)).toMatchObject({ data: want })
    }
  })

  test('in every pixel do not hang the kernel', async () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      const input = { ...samplePlanes(1, 50, 20), data: new Float32Array(1000).fill(value) }
      expect((await engine.run(sampleNetwork(SMALL), input)).data).toHaveLength(1000)
    }
  })
})

const wide = [samplePlanes(1, 300, 41), { ...samplePlanes(1, 2050, 9), data: new Float32Array(2050 * 9).fill(NaN) }]
describeEngine({
  createEngine: () => createFusedEngine(modules),
  network: sampleNetwork(SMALL),
  earlierRuns: wide.map((input) => ({ network: sampleNetwork(nineOneFive(64, 32)), input })),
  concurrentRuns: {
    network: sampleNetwork(nineOneFive(64, 64)),
    inputs: [1, 2, 3, 4].map((seed) => samplePlanes(1, 700, 60 + seed, seed)),
  },
})

describe('a run', () => {
  test('pauses after every 131,072 pixels with 9-1-5, and after fewer pixels with a larger network', async () => {
    let turns = 0
    const pause = () => Promise.resolve(void turns++)
    const counted = createFusedEngine(modules, { pause })
    await counted.run(sampleNetwork(nineOneFive(64, 32)), samplePlanes(1, 256, 256))
    expect(turns).toBe(0)
    await counted.run(sampleNetwork(nineOneFive(64, 32)), samplePlanes(1, 3000, 180))
    expect(turns).toBe(5) // two strips of 46 bands, with a pause after every 16 bands
    turns = 0
    await counted.run(sampleNetwork(nineOneFive(128, 128)), samplePlanes(1, 256, 256))
    expect(turns).toBe(1)
  })

  test('that never continues after a pause does not block the next run', async () => {
    let isKilled = true
    const pause = () => (isKilled ? new Promise<void>(() => {}) : Promise.resolve())
    const killed = createFusedEngine(modules, { pause })
    const [heavy, input] = [sampleNetwork(nineOneFive(64, 32)), samplePlanes(1, 512, 280)]
    void killed.run(heavy, input)
    isKilled = false
    expect(await killed.run(heavy, input)).toEqual(await engine.run(heavy, input))
  })

  test.each([
    sampleNetwork({ kernels: [9, 3, 5], widths: [64, 32] }),
    sampleNetwork({ kernels: [9, 5], widths: [64] }),
    sampleNetwork(SMALL, 'zero'),
    sampleNetwork({ ...SMALL, channels: 3 }),
    sampleNetwork(nineOneFive(6, 4)),
    sampleNetwork(nineOneFive(4, 132)),
  ])('of a network that the kernels do not support is refused: case %#', async (other) => {
    expect(supportsFused(other)).toBe(false)
    await expect(engine.run(other, samplePlanes(1, 4, 4))).rejects.toThrow(`got ${describeNetwork(other)}`)
    expect(supportsFused(sampleNetwork(SMALL))).toBe(true)
  })
})

test('the memory of the kernel is below 1 MB at any picture width, and does not grow', async () => {
  await watchMemories(async (memories) => {
    const fresh = createFusedEngine(modules)
    await fresh.run(sampleNetwork(nineOneFive(128, 128)), samplePlanes(1, 9, 9))
    await fresh.run(sampleNetwork(nineOneFive(4, 4)), samplePlanes(1, 16_384, 5))
    expect(memories.map(({ buffer }) => buffer.byteLength < 1e6)).toEqual([true])
  })
})
