// The ways to have TensorFlow.js in Node: plain JavaScript, libtensorflow, CUDA, WebGPU.
import { createRequire } from 'node:module'
import { require as requireModule } from 'tsx/cjs/api'
import type * as TensorFlow from '@tensorflow/tfjs-core'
import { importOptional } from './importOptional.ts'
import type { TensorFlowRuntime } from './tensorflow.ts'

const VERSION = '4.22.0'
const INSTALL = 'npm i --no-save --save-optional'
const INSTALL_WEBGPU = `${INSTALL} webgpu@0.6.2 @tensorflow/tfjs-backend-webgpu@${VERSION}`

/** Plain JavaScript, some thousand times slower than native code. */
export async function loadTensorFlowCpu(): Promise<TensorFlowRuntime> {
  const tf = await loadCore()
  await importOptional('@tensorflow/tfjs-backend-cpu', 'npm ci --include=optional')
  return take(tf, 'cpu', `@tensorflow/tfjs-backend-cpu ${tf.version_core}`)
}

/** libtensorflow, from a package that brings it. */
export async function loadTensorFlowNode(
  name: '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu',
): Promise<TensorFlowRuntime> {
  restoreRemovedFunction()
  const wantsGpu = name.endsWith('-gpu')
  // As above for onnxruntime: TensorFloat-32 is good to three digits.
  if (wantsGpu) process.env.NVIDIA_TF32_OVERRIDE ??= '0'
  const needs = wantsGpu ? 'it wants CUDA 11.2, cuDNN 8.1 and ' : ''
  // The library itself is downloaded by an install script, which .npmrc switches off.
  const install = `${needs}${INSTALL} --ignore-scripts=false ${name}@${VERSION}`
  const tf = await importOptional<typeof TensorFlow>(name, install)
  const runtime = await take(tf, 'tensorflow', `${name} ${tf.version_core}`)
  const { isUsingGpuDevice } = tf.backend() as { isUsingGpuDevice?: boolean }
  if (wantsGpu && !isUsingGpuDevice)
    throw new Error(`${name} found no GPU and would compute on the CPU; ${needs}a driver for them`)
  return runtime
}

/** WebGPU by Dawn, which the npm package `webgpu` brings. */
export async function loadTensorFlowWebGpu(): Promise<TensorFlowRuntime & { adapter: string }> {
  const { create, globals } = await importOptional<Dawn>('webgpu', INSTALL_WEBGPU)
  const gpu = create([])
  const adapter = await gpu.requestAdapter()
  if (!adapter)
    throw new Error('WebGPU finds no adapter here: it wants a GPU with a Vulkan, Metal or Direct3D 12 driver')
  const { vendor, architecture, description } = adapter.info
  // The backend registers itself on import, and only if it sees a browser's globals by then.
  Object.assign(globalThis, globals)
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true })
  const tf = await loadCore()
  await importOptional('@tensorflow/tfjs-backend-webgpu', INSTALL_WEBGPU)
  const runtime = await take(tf, 'webgpu', `@tensorflow/tfjs-backend-webgpu ${tf.version_core}`)
  return { ...runtime, adapter: [vendor, architecture, description].filter(Boolean).join(' ') }
}

/** The part of the package `webgpu` that is used. */
interface Dawn {
  create(options: string[]): {
    requestAdapter(): Promise<{
      readonly info: { vendor: string; architecture: string; description: string }
    } | null>
  }
  readonly globals: object
}

async function loadCore(): Promise<typeof TensorFlow> {
  const install = 'npm ci --include=optional'
  const tf = await importOptional<typeof TensorFlow>('@tensorflow/tfjs-core', install)
  // Without this the core has operations and no derivatives. Its file is an ES module that Node's
  // own loader does not read: its imports lack extensions.
  requireModule('@tensorflow/tfjs-core/dist/register_all_gradients.js', import.meta.url)
  return tf
}

/** A backend that does not start leaves TensorFlow.js on the one before, without an error. */
async function take(
  tf: typeof TensorFlow,
  backend: TensorFlowRuntime['backend'],
  version: string,
): Promise<TensorFlowRuntime> {
  await tf.setBackend(backend)
  await tf.ready()
  if (tf.getBackend() !== backend) {
    throw new Error(`expected TensorFlow.js to start on ${backend}, got ${tf.getBackend()}`)
  }
  return { tf, backend, version }
}

/** tfjs-node 4.22 calls a function that Node 23 no longer has (github.com/tensorflow/tfjs/issues/8609). */
export function restoreRemovedFunction(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined
}
