import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import {
  type BackendName,
  BACKENDS,
  chooseBackend,
  type OpenBackend,
  takeFirst,
} from '../../../trainer/engine/backends.ts'
import type { Task, GradientEngine } from '../../../trainer/engine/gradientEngine.ts'
import { createOnnxEngine } from '../../../trainer/engine/onnx.ts'
import { drawStep, expectFaster, expectSame } from '../../../trainer/engine/probe.ts'
import { loadOnnxRuntime } from '../../../trainer/engine/onnxRuntime.ts'
import { shardOf } from '../../../trainer/engine/shards.ts'
import { countParameters } from '../../../trainer/engine/parameters.ts'
import { restoreRemovedFunction } from '../../../trainer/engine/tensorflowRuntime.ts'
import { createNetwork } from '../../../worker/model/network.ts'

const NETWORK = createNetwork({ kernels: [9, 1, 5], widths: [8, 4], residual: true })
const BATCH = 24
const TASK: Task = { network: NETWORK, batch: BATCH, patch: 17 }

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const runtime = await loadOnnxRuntime()

describe(`on ${runtime.version}`, () => {
  test('two worker threads compute the same bits as the calling thread, step after step', async () => {
    const run = async (workers: number) => {
      const engine = await createOnnxEngine(TASK, runtime, { workers })
      const steps: { loss: number; gradients: Float32Array }[] = []
      for (const seed of [1, 2, 3]) {
        const { parameters, examples } = drawStep(TASK, seed)
        const { loss, gradients } = await engine.lossAndGradients(parameters, examples)
        steps.push({ loss, gradients: gradients.slice() })
      }
      await engine.dispose()
      return steps
    }
    const [alone, together] = await Promise.all([run(1), run(2)])
    expect(alone[0].loss).toBeGreaterThan(0)
    expect(alone[1]).not.toEqual(alone[0])
    expect(together).toEqual(alone)
  })

  test('the calling thread stays free while worker threads compute', async () => {
    const engine = await createOnnxEngine(TASK, runtime, { workers: 2 })
    const { parameters, examples } = drawStep(TASK, 1)
    let turns = 0
    const result = engine.lossAndGradients(parameters, examples).then(() => 'done')
    while ((await Promise.race([result, new Promise((go) => setImmediate(go, 'turn'))])) === 'turn') turns++
    expect(turns).toBeGreaterThan(0)
    await engine.dispose()
  })

  test('a batch of the wrong size rejects the call, and the engine can still be disposed', async () => {
    const engine = await createOnnxEngine(TASK, runtime, { workers: 2 })
    const { parameters, examples } = drawStep({ ...TASK, batch: BATCH + 1 }, 1)
    await expect(engine.lossAndGradients(parameters, examples)).rejects.toThrow()
    await engine.dispose()
  })
})

test('a batch is cut into at least four equal shards, which are as large as possible but have at most 8 patches', () => {
  expect([1, 8, 16, 32, 48, 20, 17].map(shardOf)).toEqual([1, 2, 4, 8, 8, 5, 1])
})

test('auto chooses the CPU if there is no faster device, and gives a reason for each backend that it skipped', async () => {
  const { name, skipped, version, description } = await chooseBackend('auto')
  const order = skipped.map((line) => /^not (\S+): ./.exec(line)?.[1])
  expect(order).not.toContain(undefined)
  expect(order).not.toContain(name)
  expect(order).not.toContain('tfjs-cpu')
  expect(skipped.join('')).not.toContain('\n')
  expect(description).toContain(version.split(' ')[0])
})

test('auto skips a backend that cannot train the network, gives the reason, and leaves no engine open', async () => {
  let open = 0
  const engine: GradientEngine = {
    description: '',
    lossAndGradients: () => Promise.reject(new Error('must not be called')),
    dispose: async () => void open--,
  }
  const createEngine = async (task: Task) => {
    if (task === TINY) throw new Error('wrong gradients for this network')
    open++
    return engine
  }
  const usable: OpenBackend = { version: '', description: '', createEngine: async () => createEngine(TASK) }
  const fake = async (name: string) => (name === 'onnx-webgpu' ? { ...usable, createEngine } : usable)
  const order = ['onnx-webgpu', 'onnx-cpu', 'onnx-wasm'] as const
  const refused = await takeFirst(order, fake, TINY)
  expect([refused.name, refused.skipped]).toEqual(['onnx-cpu', ['not onnx-webgpu: wrong gradients for this network']])
  expect((await takeFirst(order, fake, TASK)).name).toBe('onnx-webgpu')
  await expect(takeFirst(['onnx-webgpu'], fake, TINY)).rejects.toThrow('wrong gradients')
  expect(open).toBe(0)
})

test('a named backend is used without trying others, and if it does not open, the error names it', async () => {
  for (const name of BACKENDS.filter((one: BackendName) => one !== 'auto')) {
    const answer = await chooseBackend(name).catch((error: Error) => error)
    if (answer instanceof Error) {
      console.log(answer.message)
      expect(answer.message).toContain(`backend ${name}: `)
    } else expect([answer.name, answer.skipped]).toEqual([name, []])
  }
})

test('a GPU that is slower than the CPU is refused', async () => {
  const cpu = (task: Task) => createOnnxEngine(task, runtime, { workers: 1 })
  const twice = async (task: Task): Promise<GradientEngine> => {
    const engine = await cpu(task)
    return {
      ...engine,
      async lossAndGradients(parameters, batch) {
        await engine.lossAndGradients(parameters, batch)
        return engine.lossAndGradients(parameters, batch)
      },
    }
  }
  await expect(expectFaster(twice, cpu)).rejects.toThrow(/expected a GPU/)
})

const TINY: Task = { network: createNetwork({ kernels: [9, 1, 5], widths: [16, 16] }), batch: 1, patch: 13 }

test("an engine whose gradients differ from a trusted engine's is refused", async () => {
  const engine = await createOnnxEngine(TINY, runtime)
  await expectSame(engine, engine, TINY)
  const broken: typeof engine = {
    ...engine,
    async lossAndGradients(parameters, batch) {
      const { loss, gradients } = await engine.lossAndGradients(parameters, batch)
      return { loss, gradients: gradients.map((v) => 1.01 * v) }
    },
  }
  await expect(expectSame(broken, engine, TINY)).rejects.toThrow('wrong gradients')
  await engine.dispose()
})

// The kernels are as large as the patch, so the output is a single pixel: the network has many weights, but a step is
// fast. Plain JavaScript gets fewer weights, because it is slow.
test.for([
  { name: 'onnx-cpu', workers: 1, width: 32 },
  { name: 'onnx-cpu', workers: 2, width: 32 },
  { name: 'onnx-wasm', workers: 1, width: 32 },
  { name: 'tfjs-cpu', workers: 1, width: 4 },
] as const)(
  'memory does not grow over 10,000 steps on $name with workers: $workers',
  async ({ name, workers, width }, context) => {
    const backend = await chooseBackend(name).catch((error: Error) => context.skip(error.message))
    const network = createNetwork({ kernels: [15, 1], widths: [width] })
    const task: Task = { network, batch: workers === 1 ? 1 : 9, patch: 15 } // 9: nine shards
    const engine = await backend.createEngine(task, { workers })
    const { parameters, examples } = drawStep(task, 1)
    const memoryAfter = async (steps: number) => {
      for (let step = 0; step < steps; step++) await engine.lossAndGradients(parameters, examples)
      collectGarbage()
      const { rss, heapUsed, external } = process.memoryUsage()
      return { rss, own: heapUsed + external }
    }
    const settled = await memoryAfter(2_000)
    const last = await memoryAfter(8_000)
    await engine.dispose()
    // If each step leaked one set of gradients, 8,000 steps would leak 232 MB. In plain JavaScript, which gets fewer
    // weights, they would leak 29 MB, all in the heap. So the heap and external memory together may grow by at most
    // half as much as such a leak. The process as a whole may grow by 100 MB, because the memory of WASM grows by some
    // 50 MB at first, but does not grow further in 60,000 steps.
    const kept = 8_000 * Float32Array.BYTES_PER_ELEMENT * countParameters(network)
    expect(last.own - settled.own).toBeLessThan(kept / 2)
    expect(last.rss - settled.rss).toBeLessThan(100e6)
  },
)

test('a step on TensorFlow.js leaves no tensor allocated', async (context) => {
  const backend = await chooseBackend('tfjs-cpu').catch((error: Error) => context.skip(error.message))
  const { memory } = await import('@tensorflow/tfjs-core')
  const engine = await backend.createEngine(TINY)
  const { parameters, examples } = drawStep(TINY, 1)
  const before = memory().numTensors
  for (let step = 0; step < 20; step++) await engine.lossAndGradients(parameters, examples)
  expect(memory().numTensors).toBe(before)
  await engine.dispose()
})

test('util.isNullOrUndefined, which tfjs-node calls, is restored if Node has removed it, and otherwise unchanged', (context) => {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>
  const own = util.isNullOrUndefined
  context.onTestFinished(() => {
    if (own) util.isNullOrUndefined = own
    else delete util.isNullOrUndefined
  })
  delete util.isNullOrUndefined
  restoreRemovedFunction()
  const restored = util.isNullOrUndefined as (value: unknown) => boolean
  expect([null, undefined, 0, '', false, []].map(restored)).toEqual([true, true, false, false, false, false])
  restoreRemovedFunction()
  expect(util.isNullOrUndefined).toBe(restored)
})

test('under tsx, which runs the trainer, a process ends by itself once its worker threads are disposed', () => {
  const engine = (file: string) => pathToFileURL(`${import.meta.dirname}/../../../trainer/engine/${file}`).href
  const script = `
    import { createNetwork } from '${engine('../../worker/model/network.ts')}'
    import { chooseBackend } from '${engine('backends.ts')}'
    import { drawStep } from '${engine('probe.ts')}'
    const task = { network: createNetwork({ kernels: [3], widths: [] }), batch: 32, patch: 5 }
    const { createEngine } = await chooseBackend('auto')
    const engine = await createEngine(task, { workers: 2 })
    const { parameters, examples } = drawStep(task, 1)
    const { loss } = await engine.lossAndGradients(parameters, examples)
    await engine.dispose()
    console.log(loss > 0, engine.description)`
  const output = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    encoding: 'utf8',
  })
  expect(output).toMatch(/^true .*2 workers/)
})
