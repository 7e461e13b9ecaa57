import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createCodec } from '../../../worker/codec/codec.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import { createOrtEngine } from '../../../worker/engine/ort.ts'
import { createNetwork, haloOf, type Network, subPixelArchitecture } from '../../../worker/model/network.ts'
import { decodeNetwork, encodeNetwork } from '../../../worker/model/networkFile.ts'
import { readCheckpoint, writeCheckpoint } from '../../../trainer/run/checkpoint.ts'
import { chooseBackend } from '../../../trainer/engine/backends.ts'
import { loadOnnxRuntime } from '../../../trainer/engine/onnxRuntime.ts'
import { createFitState, fit, type FitState, rateAt, type Schedule, startFrom } from '../../../trainer/run/fit.ts'
import { flattenParameters, unflattenParameters } from '../../../trainer/engine/parameters.ts'
import { prepareExamples } from '../../../trainer/data/examples.ts'
import { createBatch, createSampler, type PatchOptions } from '../../../trainer/data/patches.ts'
import { scoreSet } from '../../../trainer/evaluate/score.ts'
import { drawPicture } from '../../support/pictures/edges.ts'

// The tests train 9-1-5 with fewer channels, to save time.
const runtime = await loadOnnxRuntime('web')
const backend = await chooseBackend('onnx-wasm')
const NETWORK = createNetwork({ kernels: [9, 1, 5], widths: [16, 8], residual: true })
const TASK = { network: NETWORK, batch: 8, patch: 33 }
const SCALE = 3
const codec = createCodec(await loadCodecModules())
const degradation = { kind: 'clean', uint8Share: 0.5, blur: 0 } as const
const preparation = { channels: 1, scale: SCALE, patch: 33, degradation, sizes: 'all' } as const
const examples = (
  await Promise.all([1, 2, 3].map((seed) => prepareExamples(drawPicture(96, 90, seed), preparation, seed, codec)))
).flat()
const START = { rate: 2e-3, course: 'cosine' } as const
const scene = { name: 'unseen', rgba: drawPicture(90, 90, 99), isGrey: false }

async function train(
  steps: number,
  { seed = 1, state = createFitState(NETWORK, seed, 'soap'), stopAt = steps } = {},
): Promise<{ state: FitState; losses: number[] }> {
  const { batch, patch } = TASK
  const options: PatchOptions = {
    channels: 1,
    batch,
    patch,
    halo: haloOf(NETWORK),
    enlargement: 1,
    residual: true,
    seed,
    shares: [0.5, 0.5],
    sampling: 'random',
  }
  const sampler = createSampler([examples], options)
  const buffers = [createBatch(options), createBatch(options)]
  const batchOf = (step: number) => {
    const buffer = buffers[step % 2]
    sampler.fill(step, buffer)
    return buffer
  }
  const engine = await backend.createEngine(TASK, { workers: 1 })
  const losses: number[] = []
  await fit(state, engine, batchOf, { steps, ...START }, (loss) => {
    losses.push(loss)
    return state.step < stopAt
  })
  await engine.dispose()
  return { state, losses }
}

/** Returns all values of a state, but not the optimiser's functions. */
function valuesOf({ step, parameters, average, optimizer }: FitState) {
  return { step, parameters, average, ...optimizer.state }
}

test('training for 200 steps lowers the loss, and the exported network beats bicubic on a new picture', async () => {
  const { state, losses } = await train(200)
  const mean = (part: number[]) => part.reduce((sum, v) => sum + v, 0) / part.length
  expect(mean(losses.slice(-20))).toBeLessThan(0.9 * mean(losses.slice(0, 20)))

  // Takes the current weights and not their average, which after 200 steps still contains much of the initial weights.
  const trained = unflattenParameters(NETWORK, state.parameters)
  const file = encodeNetwork(trained)
  const network = decodeNetwork(file)
  expect(network).toEqual(trained)
  const engine = createOrtEngine(runtime.api, { executionProvider: runtime.executionProvider })
  for (const input of ['float', 'uint8'] as const) {
    const { bicubic, model } = await scoreSet('drawn', [scene], SCALE, input, { network, engine })
    expect(model.psnr).toBeGreaterThan(bicubic.psnr + 0.3)
    expect(model.ssim).toBeGreaterThan(bicubic.ssim)
  }
})

test('the exported file opens in onnxruntime, with input x and output y of the same size', async () => {
  const { parameters } = createFitState(NETWORK, 1, 'soap')
  const file = encodeNetwork(unflattenParameters(NETWORK, parameters))
  const session = await runtime.api.InferenceSession.create(file)
  expect([session.inputNames, session.outputNames]).toEqual([['x'], ['y']])
  const x = new runtime.api.Tensor('float32', new Float32Array(35), [1, 1, 5, 7])
  const { y } = await session.run({ x })
  expect(y.dims).toEqual([1, 1, 5, 7])
  await session.release()
})

test('the same seed gives the same weights bit for bit, and another seed gives other weights', async () => {
  const first = await train(12)
  const again = await train(12)
  expect(valuesOf(again.state)).toEqual(valuesOf(first.state))
  expect(again.losses).toEqual(first.losses)
  const other = await train(12, { seed: 2 })
  expect(other.state.average).not.toEqual(first.state.average)
})

test('a run that was stopped and resumed from its checkpoint ends with the same bits as an uninterrupted one', async () => {
  const whole = await train(20)
  const { state: stopped } = await train(20, { stopAt: 7 })
  expect(stopped.step).toBe(7)
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'trainer-')), 'run.json')
  await writeCheckpoint(file, { seed: 1 }, { steps: 20, seconds: 1.5 }, stopped)
  const state = createFitState(NETWORK, 2, 'soap')
  expect(await readCheckpoint(file, { seed: 1 }, state)).toEqual({ steps: 20, seconds: 1.5 })
  expect(valuesOf(state)).toEqual(valuesOf(stopped))
  const { state: resumed } = await train(20, { state })
  expect(valuesOf(resumed)).toEqual(valuesOf(whole.state))
})

test('a checkpoint of another recipe is refused, and the error names the setting that differs', async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'trainer-')), 'run.json')
  const state = createFitState(NETWORK, 1, 'soap')
  await writeCheckpoint(file, { seed: 1, scale: 3 }, { steps: 20, seconds: 0 }, state)
  await expect(readCheckpoint(file, { seed: 1, scale: 2 }, state)).rejects.toThrow(
    'expected scale 3, as in the file, got 2',
  )
})

test('a NaN loss ends the run and leaves the weights unchanged', async () => {
  const state = createFitState(NETWORK, 1, 'soap')
  const before = state.parameters.slice()
  const gradients = new Float32Array(before.length)
  const engine = { description: '', lossAndGradients: async () => ({ loss: NaN, gradients }), dispose: async () => {} }
  const batch = { inputs: new Float32Array(0), targets: new Float32Array(0) }
  const run = fit(
    state,
    engine,
    () => batch,
    { steps: 1, rate: 1, course: 'constant' },
    () => true,
  )
  await expect(run).rejects.toThrow('the loss became NaN at step 0')
  expect(state.parameters).toEqual(before)
})

test('the learning rate rises over the first 200 steps, then falls to 2 % of its peak', () => {
  const schedule: Schedule = { steps: 100_000, rate: 1e-3, course: 'cosine' }
  expect(rateAt(0, schedule)).toBeCloseTo(1e-3 / 200, 8)
  expect(rateAt(199, schedule)).toBeCloseTo(1e-3, 5)
  expect(rateAt(50_000, schedule)).toBeCloseTo(0.51e-3, 6)
  expect(rateAt(99_999, schedule)).toBeCloseTo(0.02e-3, 8)
})

test('initial weights have the standard deviation of He et al., or a tenth of it in the last layer and in layers with a skip', () => {
  const deviationsOf = (network: Network) => {
    const { layers } = unflattenParameters(network, createFitState(network, 1, 'adam').parameters)
    expect(layers.every(({ bias }) => bias.every((v) => v === 0))).toBe(true)
    return layers.map(({ weights }) => Math.hypot(...weights) / Math.sqrt(weights.length))
  }
  const expectAbout = (deviations: number[], expected: number[]) =>
    deviations.forEach((deviation, i) => expect(deviation / expected[i]).toBeCloseTo(1, 1))
  const srcnn = createNetwork({ kernels: [9, 1, 5], widths: [64, 32] })
  expectAbout(deviationsOf(srcnn), [Math.sqrt(2 / 81), Math.sqrt(2 / 64), 0.1 * Math.sqrt(2 / 800)])
  const [first, other] = [Math.sqrt(2 / 25), Math.sqrt(2 / (9 * 32))]
  const small = createNetwork(subPixelArchitecture(3, 32, 2))
  expectAbout(deviationsOf(small), [first, other, 0.1 * other, other, 0.1 * other, 0.1 * other])
})

test('a run can start from the weights of a file', () => {
  const { parameters } = createFitState(NETWORK, 3, 'adam')
  const network = decodeNetwork(encodeNetwork(unflattenParameters(NETWORK, parameters)))
  const state = startFrom(NETWORK, flattenParameters(network), 'soap')
  expect(state.parameters).toEqual(parameters)
  expect(state.average).toEqual(parameters)
})
