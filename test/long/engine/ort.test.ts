import { describe, expect, test } from 'vitest'
import { createOrtEngine, type OrtRuntime } from '../../../worker/engine/ort.ts'
import { reference } from '../../../worker/engine/reference.ts'
import { describeNetwork, SRCNN_915, subPixelArchitecture } from '../../../worker/model/network.ts'
import { describeEngine } from '../../support/engine/describeEngine.ts'
import { ort } from '../../support/engine/ort.ts'
import { maxDifference, sampleNetwork, samplePlanes } from '../../support/engine/samples.ts'

const engine = createOrtEngine(ort, { executionProvider: 'wasm' })

describe('onnxruntime agrees with the reference to 1e-4, as every engine must', () => {
  const networks = [
    sampleNetwork(SRCNN_915),
    sampleNetwork({ kernels: [9, 3, 5], widths: [32, 16] }, 'zero'),
    sampleNetwork({ kernels: [9, 5, 5], widths: [32, 16], residual: true }, 'zero'),
    sampleNetwork({ kernels: [9, 3, 3, 5], widths: [16, 8, 8] }),
    sampleNetwork({ kernels: [5, 1, 3], widths: [16, 8], channels: 3, residual: true }),
  ]
  for (const network of networks) {
    const channels = network.layers[0].inputs
    test.each([
      [1, 1],
      [1, 9],
      [17, 9],
      [64, 65],
    ])(`for ${describeNetwork(network)}, ${network.padding} padding, %i x %i pixels`, async (width, height) => {
      const input = samplePlanes(channels, width, height)
      const got = await engine.run(network, input)
      expect(got).toMatchObject({ channels, width, height })
      expect(maxDifference(got.data, (await reference.run(network, input)).data)).toBeLessThan(1e-4)
    })
  }
})

describe('onnxruntime agrees with the reference to 1e-5 on a network that enlarges by itself:', () => {
  const architectures = [
    subPixelArchitecture(2, 32, 1),
    subPixelArchitecture(3, 16, 3),
    subPixelArchitecture(4, 8, 2),
    { ...subPixelArchitecture(2, 6, 1), channels: 3, residual: false },
  ]
  for (const architecture of architectures) {
    for (const padding of ['edge', 'zero'] as const) {
      const network = sampleNetwork(architecture, padding)
      test.each([
        [1, 1],
        [17, 9],
        [40, 33],
      ])(`${describeNetwork(network)}, ${padding} padding, %i x %i pixels`, async (width, height) => {
        const input = samplePlanes(network.layers[0].inputs, width, height)
        const got = await engine.run(network, input)
        const { scale } = network
        expect(got).toMatchObject({ channels: input.channels, width: scale * width, height: scale * height })
        const want = await reference.run(network, input)
        // The tolerance is relative to the largest value, because values grow with the number of skip connections.
        const largest = Math.max(1, ...want.data.map(Math.abs))
        expect(maxDifference(got.data, want.data)).toBeLessThan(1e-5 * largest)
      })
    }
  }
})

const srcnn = sampleNetwork(SRCNN_915)
describeEngine({
  createEngine: () => createOrtEngine(ort, { executionProvider: 'wasm' }),
  network: srcnn,
  earlierRuns: [
    { network: srcnn, input: samplePlanes(1, 40, 50) },
    { network: sampleNetwork(SRCNN_915, 'zero', 9), input: samplePlanes(1, 9, 7) },
  ],
  concurrentRuns: {
    network: srcnn,
    inputs: Array.from({ length: 12 }, (_, i) => samplePlanes(1, 5 + i, 30 - i, i)),
  },
})

test('the name and the largest side of an onnxruntime engine come from its options', () => {
  expect(engine).toMatchObject({ name: 'ort', maxSide: Infinity })
  const other = createOrtEngine(ort, { executionProvider: 'webgpu', maxSide: 160 })
  expect(other).toMatchObject({ name: 'ort-webgpu', maxSide: 160 })
})

describe('a session of onnxruntime', () => {
  const input = samplePlanes(1, 2, 2)
  const tiny = (seed: number) => sampleNetwork({ kernels: [1], widths: [] }, 'edge', seed)

  test('is created once for a network and reused', async () => {
    const runtime = countingRuntime()
    const counted = createOrtEngine(runtime, { executionProvider: 'wasm' })
    const network = tiny(1)
    for (let i = 0; i < 5; i++) await counted.run(network, input)
    expect(runtime.counts).toEqual({ created: 1, released: 0 })
  })

  test('that cannot be created makes the run reject, and the next run tries again', async () => {
    const runtime = countingRuntime()
    const counted = createOrtEngine(runtime, { executionProvider: 'wasm' })
    runtime.failNextCreate = true
    await expect(counted.run(tiny(1), input)).rejects.toThrow('create failed')
    expect((await counted.run(tiny(1), input)).data).toHaveLength(4)
  })

  test('is dropped when a run fails, and the next run creates another', async () => {
    const runtime = countingRuntime()
    const counted = createOrtEngine(runtime, { executionProvider: 'wasm' })
    const network = tiny(1)
    const want = await counted.run(network, input)
    runtime.failNextRun = true
    await expect(counted.run(network, input)).rejects.toThrow('run failed')
    expect(runtime.counts).toEqual({ created: 1, released: 1 })
    expect(await counted.run(network, input)).toEqual(want)
    expect(runtime.counts).toEqual({ created: 2, released: 1 })
  })

  test('is the only one kept for a network, even if several first runs of the network start at the same time', async () => {
    const runtime = countingRuntime()
    const counted = createOrtEngine(runtime, { executionProvider: 'wasm' })
    const network = tiny(1)
    await Promise.all([1, 2, 3].map(() => counted.run(network, input)))
    expect(runtime.counts.created - runtime.counts.released).toBe(1)
  })

  test('is released when a fifth one is created, if it is the least recently used', async () => {
    const runtime = countingRuntime()
    const counted = createOrtEngine(runtime, { executionProvider: 'wasm' })
    const networks = [1, 2, 3, 4, 5].map(tiny)
    for (const network of networks.slice(0, 4)) await counted.run(network, input)
    await counted.run(networks[0], input)
    await counted.run(networks[4], input) // in place of networks[1]
    expect(runtime.counts).toEqual({ created: 5, released: 1 })
    for (const i of [0, 2, 3, 4]) await counted.run(networks[i], input)
    expect(runtime.counts).toEqual({ created: 5, released: 1 })
  })

  test('is not released during a run', async () => {
    const runtime = countingRuntime()
    const counted = createOrtEngine(runtime, { executionProvider: 'wasm' })
    const results = await Promise.all(Array.from({ length: 12 }, (_, i) => counted.run(tiny(i), samplePlanes(1, 3, 3))))
    for (const [i, { data }] of results.entries()) {
      const want = await reference.run(tiny(i), samplePlanes(1, 3, 3))
      expect(maxDifference(data, want.data)).toBeLessThan(1e-5)
    }
    expect(runtime.counts.created - runtime.counts.released).toBe(4)
  })
})

describe('a run of onnxruntime', () => {
  const input = samplePlanes(1, 2, 2)
  const network = sampleNetwork({ kernels: [1], widths: [] })

  test('that never ends does not block the next run', async () => {
    const runtime = countingRuntime()
    const counted = createOrtEngine(runtime, { executionProvider: 'wasm' })
    const want = await counted.run(network, input)
    runtime.hangNextRun = true
    void counted.run(network, input) // never settles, like a run whose request exceeded its CPU time
    expect(await counted.run(network, input)).toEqual(want)
    expect(await counted.run(network, input)).toEqual(want)
  })

  test.each(['wasm', 'webgpu'] as const)('does not overlap with another run on %s', async (executionProvider) => {
    const runtime = countingRuntime(executionProvider === 'webgpu' ? 3 : 0)
    const counted = createOrtEngine(runtime, { executionProvider })
    await Promise.all([1, 2, 3, 4].map(() => counted.run(network, input)))
    expect(runtime.mostAtOnce).toBe(1)
  })
})

/**
 * Wraps onnxruntime. Counts sessions, and fails or hangs on demand. Each run waits for `turns` additional macrotasks.
 */
function countingRuntime(turns = 0) {
  const runtime = {
    Tensor: ort.Tensor,
    counts: { created: 0, released: 0 },
    failNextCreate: false,
    failNextRun: false,
    hangNextRun: false,
    mostAtOnce: 0,
    InferenceSession: {
      async create(model: Uint8Array) {
        if (runtime.failNextCreate) {
          runtime.failNextCreate = false
          throw new Error('create failed')
        }
        const session = await ort.InferenceSession.create(model)
        runtime.counts.created++
        const run = session.run.bind(session)
        const release = session.release.bind(session)
        session.run = async (feeds: Parameters<typeof run>[0]) => {
          if (runtime.hangNextRun) {
            runtime.hangNextRun = false
            return new Promise(() => {})
          }
          if (runtime.failNextRun) {
            runtime.failNextRun = false
            throw new Error('run failed')
          }
          runtime.mostAtOnce = Math.max(runtime.mostAtOnce, ++running)
          for (let i = 0; i < turns; i++) await new Promise((resolve) => setTimeout(resolve, 0))
          const result = await run(feeds)
          running--
          return result
        }
        session.release = () => {
          runtime.counts.released++
          return release()
        }
        return session
      },
    },
  }
  let running = 0
  return runtime satisfies OrtRuntime
}
