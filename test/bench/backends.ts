// What can train here, and how fast: `npm run bench -- backends`. Patches of 33x33 through 9-1-5.
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { type Backend, BACKENDS, chooseBackend, type ComputingBackend } from '../../trainer/engine/backends.ts' // prettier-ignore
import type { Task } from '../../trainer/engine/engine.ts'
import { drawStep, measureRate } from '../../trainer/engine/probe.ts'
import { viewParameters } from '../../trainer/parameters.ts'
import { createNetwork, SRCNN_915 } from '../../worker/model/network.ts'
import type { Table } from './bench.ts'

const STEPS = 20
const BATCH = 32
/** For what is too slow to be given a whole batch: as many patches, and fewer a second than this. */
const FEW = 2
const SLOW = 5

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

export async function benchBackends(): Promise<Table[]> {
  const oracle = await gradientsOn(await chooseBackend('tfjs-cpu'))
  const cells = [['backend', 'patches/s', 'gradient error', 'installed MB', '']]
  for (const name of BACKENDS) {
    if (name === 'auto') continue
    const size = `${Math.round(PACKAGES[name].reduce((sum, one) => sum + bytesOf(path.join('node_modules', one)), 0) / 1e6)}` // prettier-ignore
    try {
      const backend = await chooseBackend(name)
      const error = errorOf(await gradientsOn(backend), oracle)
      const rate = await rateOf(backend)
      cells.push([name, rate.toFixed(rate < SLOW ? 1 : 0), error.toExponential(1), size, backend.description]) // prettier-ignore
    } catch (error) {
      cells.push([name, '-', '-', size, (error as Error).message])
    }
  }
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)))
  const notes = cells.map((row) => row.map((cell, i) => (i > 0 && i < 4 ? cell.padStart(widths[i]) : cell.padEnd(i ? 0 : widths[0]))).join('  ')) // prettier-ignore
  const { skipped, name } = await chooseBackend('auto')
  notes.push('', `auto: ${name}`, ...skipped)
  return [{ title: `training backends, 9-1-5; gradients against tfjs-cpu's`, rounds: STEPS, rows: [], notes }] // prettier-ignore
}

async function rateOf({ createEngine }: Backend): Promise<number> {
  const rate = await measureRate(createEngine, FEW, 2)
  return rate < SLOW ? rate : measureRate(createEngine, BATCH, STEPS)
}

async function gradientsOn({ createEngine }: Backend): Promise<Float32Array> {
  const { parameters, examples } = drawStep(GRADIENT_TASK, 7)
  const engine = await createEngine(GRADIENT_TASK)
  const { gradients } = await engine.lossAndGradients(parameters, examples)
  await engine.dispose()
  return gradients.slice()
}

/** The largest difference in a tensor over the tensor's largest value, of the worst tensor. */
function errorOf(gradients: Float32Array, oracle: Float32Array): number {
  const largest = (values: Float32Array) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0) // prettier-ignore
  const tensorsOf = (flat: Float32Array) =>
    viewParameters(GRADIENT_TASK.network, flat).flatMap(({ weights, bias }) => [weights, bias])
  const others = tensorsOf(oracle)
  const errors = tensorsOf(gradients).map((tensor, i) => largest(tensor.map((v, j) => v - others[i][j])) / largest(others[i])) // prettier-ignore
  return Math.max(...errors)
}

/** Of a folder's files; 0 where there is none. */
function bytesOf(folder: string): number {
  if (!existsSync(folder)) return 0
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0)
}
