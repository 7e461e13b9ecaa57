// `npm run bench -- backends` measures which training backends run here, how fast they are, and how long they take to
// reach the paper's PSNR. The network is 9-1-5, on patches of 33x33 pixels. The learning curve is the same on all
// backends, so only the fastest backend is really trained and timed. The training time of every other backend is
// computed: the number of patches divided by that backend's rate.
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import {
  type TrainConfig,
  DATA_FOLDER,
  parseTrainConfig,
  sourceOptionsOf,
  taskOf,
} from '../../trainer/commands/trainOptions.ts'
import { readPictureSet } from '../../trainer/data/pictureSet.ts'
import { type Backend, BACKENDS, chooseBackend, type ComputingBackend } from '../../trainer/engine/backends.ts'
import type { Task } from '../../trainer/engine/gradientEngine.ts'
import { drawStep, measureRate } from '../../trainer/engine/probe.ts'
import { createInference, loadOnnxRuntime } from '../../trainer/engine/onnxRuntime.ts'
import { createFitState, fit } from '../../trainer/run/fit.ts'
import { viewParameters, unflattenParameters } from '../../trainer/engine/parameters.ts'
import { createTrainingProgress } from '../../trainer/run/trainingProgress.ts'
import { publishedOf } from '../../trainer/evaluate/published.ts'
import { scoreSet } from '../../trainer/evaluate/score.ts'
import { openPatchSource } from '../../trainer/data/patchSource.ts'
import { createNetwork, SRCNN_915 } from '../../worker/model/network.ts'
import type { Table } from './compare.ts'

const STEPS = 20
const BATCH = 32
/** Batch size of the first, short measurement, which finds the slow backends. */
const SMALL_BATCH = 2
/**
 * Backends below this rate, in patches per second, are measured only with batches of size SMALL_BATCH. The others are
 * measured again, with size BATCH.
 */
const SLOW_RATE = 5

const SET = 'Set5'
const SCALE = 3
/** PSNR in dB that the paper reports for 9-1-5, trained on T91. */
const FIGURE = publishedOf('9-1-5, T91', SET, SCALE, 'float')!.psnr
const GOAL = `${FIGURE.toFixed(2)} dB on ${SET} x${SCALE}`
/**
 * About the smallest number of steps with which the trainer's recipe reaches FIGURE. On onnx-cpu, 1,250 steps ended at
 * 32.37 dB, 1,500 at 32.40 dB and 1,750 at 32.43 dB.
 */
const STEPS_TO_FIGURE = 1_750

const GRADIENT_TASK: Task = { network: createNetwork(SRCNN_915), batch: 2, patch: 15 }

const ONNX = ['onnxruntime-node', 'onnxruntime-common']
const TFJS = ['@tensorflow/tfjs-core']
const PACKAGES: Readonly<Record<ComputingBackend, readonly string[]>> = {
  'onnx-cpu': ONNX,
  'onnx-cuda': ONNX,
  'onnx-webgpu': ONNX,
  'onnx-wasm': ['onnxruntime-web', 'onnxruntime-common'],
  'tfjs-cpu': [...TFJS, '@tensorflow/tfjs-backend-cpu'],
  'tfjs-webgpu': [...TFJS, '@tensorflow/tfjs-backend-webgpu', 'webgpu'],
  'tfjs-node': [...TFJS, '@tensorflow/tfjs-node'],
  'tfjs-cuda': [...TFJS, '@tensorflow/tfjs-node-gpu'],
}

export async function benchBackends({ isQuick = false } = {}): Promise<Table[]> {
  const config = parseTrainConfig({ arch: 'srcnn', scale: `${SCALE}`, words: [] })
  const chosen = await chooseBackend('auto', taskOf(config, SCALE))
  const { seconds, note } = await reachFigure(chosen, config, isQuick)
  const timeOf = (name: string, rate: number) => {
    if (seconds === undefined) return '-'
    if (name === chosen.name) return formatTime(seconds)
    return `~${formatTime((STEPS_TO_FIGURE * config.batch) / rate)}`
  }
  const oracle = await gradientsOn(await chooseBackend('tfjs-cpu'))
  const cells = [['backend', 'patches/s', 'gradient error', 'installed MB', `time to ${GOAL}`, '']]
  for (const name of BACKENDS) {
    if (name === 'auto') continue
    const bytes = PACKAGES[name].reduce((sum, one) => sum + bytesOf(path.join('node_modules', one)), 0)
    const megabytes = `${Math.round(bytes / 1e6)}`
    try {
      const backend = await chooseBackend(name)
      const error = errorOf(await gradientsOn(backend), oracle)
      const rate = await rateOf(backend)
      cells.push([
        name,
        rate.toFixed(rate < SLOW_RATE ? 1 : 0),
        error.toExponential(1),
        megabytes,
        timeOf(name, rate),
        backend.description,
      ])
    } catch (error) {
      cells.push([name, '-', '-', megabytes, '-', (error as Error).message])
    }
  }
  const last = cells[0].length - 1
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)))
  const notes = cells.map((row) =>
    row.map((cell, i) => (i > 0 && i < last ? cell.padStart(widths[i]) : cell.padEnd(i ? 0 : widths[0]))).join('  '),
  )
  notes.push('', `time to ${GOAL}: ${note}`, `auto: ${chosen.name}`, ...chosen.skipped)
  return [
    { title: `training backends with 9-1-5; gradient errors are relative to tfjs-cpu`, rounds: STEPS, rows: [], notes },
  ]
}

/**
 * Trains as `npm run trainer` does. Returns the seconds that the training steps took, and a note about the result. If
 * the training is skipped or ends below FIGURE, returns only the note, which says why.
 */
async function reachFigure(
  backend: Backend,
  config: TrainConfig,
  isQuick: boolean,
): Promise<{ seconds?: number; note: string }> {
  const folder = config.tests.find((test) => path.basename(test) === SET)
  if (isQuick) return { note: 'skipped because of --quick' }
  if (!folder || config.data.length === 0) return { note: `skipped because T91 and ${SET} are not in ${DATA_FOLDER}` }
  const { batch, seed, optimizer, rate, course } = config
  const task = taskOf(config, SCALE)
  const patches = await openPatchSource(sourceOptionsOf(config, SCALE))
  const engine = await backend.createEngine(task)
  const state = createFitState(task.network, seed, optimizer)
  const progress = createTrainingProgress(`to ${GOAL}`, { first: 0, steps: STEPS_TO_FIGURE, batch })
  const start = performance.now()
  await fit(
    state,
    engine,
    (step) => patches.batch(step),
    { steps: STEPS_TO_FIGURE, rate, course },
    (loss) => {
      progress.update(state.step, loss)
      return true
    },
  )
  const seconds = (performance.now() - start) / 1000
  progress.end()
  await engine.dispose()
  await patches.close()

  const network = unflattenParameters(task.network, state.average)
  const model = { network, engine: await createInference(await loadOnnxRuntime()) }
  const { psnr } = (await scoreSet(SET, (await readPictureSet(folder)).pictures, SCALE, 'float', model)).model
  const done =
    `${STEPS_TO_FIGURE} steps of ${batch} on ${backend.name} took ${formatTime(seconds)} ` +
    `and ended at ${psnr.toFixed(2)} dB`
  return psnr < FIGURE
    ? { note: `${done}, below the goal` }
    : { seconds, note: `${done}; times with ~ are not measured, but computed from each backend's rate` }
}

async function rateOf({ createEngine }: Backend): Promise<number> {
  const rate = await measureRate(createEngine, SMALL_BATCH, 2)
  return rate < SLOW_RATE ? rate : measureRate(createEngine, BATCH, STEPS)
}

async function gradientsOn({ createEngine }: Backend): Promise<Float32Array> {
  const { parameters, examples } = drawStep(GRADIENT_TASK, 7)
  const engine = await createEngine(GRADIENT_TASK)
  const { gradients } = await engine.lossAndGradients(parameters, examples)
  await engine.dispose()
  return gradients.slice()
}

/**
 * Returns the error of the worst tensor: its largest difference from the oracle, divided by the largest absolute value
 * of the oracle.
 */
function errorOf(gradients: Float32Array, oracle: Float32Array): number {
  const largest = (values: Float32Array) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  const tensorsOf = (flat: Float32Array) =>
    viewParameters(GRADIENT_TASK.network, flat).flatMap(({ weights, bias }) => [weights, bias])
  const others = tensorsOf(oracle)
  const errors = tensorsOf(gradients).map(
    (tensor, i) => largest(tensor.map((v, j) => v - others[i][j])) / largest(others[i]),
  )
  return Math.max(...errors)
}

function formatTime(seconds: number): string {
  const units = [
    ['days', 86_400],
    ['h', 3600],
    ['min', 60],
  ] as const
  const [unit, size] = units.find(([, least]) => seconds >= least) ?? ['s', 1]
  return `${(seconds / size).toFixed(size > 1 ? 1 : 0)} ${unit}`
}

/** Returns the total size in bytes of all files below a folder, or 0 if the folder does not exist. */
function bytesOf(folder: string): number {
  if (!existsSync(folder)) return 0
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0)
}
