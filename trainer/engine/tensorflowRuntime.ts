// Loads TensorFlow.js in Node on one of its backends: plain JavaScript, libtensorflow, CUDA or WebGPU.
import { createRequire } from 'node:module'
import { require as requireModule } from 'tsx/cjs/api'
import type * as TensorFlow from '@tensorflow/tfjs-core'
import { importOptional } from './importOptional.ts'
import type { TensorFlowRuntime } from './tensorflow.ts'

const VERSION = '4.22.0'
const INSTALL = 'npm i --no-save --save-optional'
const INSTALL_WEBGPU = `${INSTALL} webgpu@0.6.2 @tensorflow/tfjs-backend-webgpu@${VERSION}`

/** Loads the plain JavaScript backend, which is some thousand times slower than native code. */
export async function loadTensorFlowCpu(): Promise<TensorFlowRuntime> {
  const tf = await loadCore()
  await importOptional('@tensorflow/tfjs-backend-cpu', 'npm ci')
  return selectBackend(tf, 'cpu', `@tensorflow/tfjs-backend-cpu ${tf.version_core}`)
}

/** Loads libtensorflow from `name`, one of the two packages that contain it. */
export async function loadTensorFlowNode(
  name: '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu',
): Promise<TensorFlowRuntime> {
  restoreRemovedFunction()
  const isGpu = name.endsWith('-gpu')
  // Switches off TensorFloat-32, which is accurate to only three digits (as in backends.ts).
  if (isGpu) process.env.NVIDIA_TF32_OVERRIDE ??= '0'
  // The package's install script downloads libtensorflow. Because .npmrc switches install scripts off, the command
  // switches them on.
  const command = `${INSTALL} --ignore-scripts=false ${name}@${VERSION}`
  const install = isGpu ? `${command} (it needs CUDA 11.2 and cuDNN 8.1)` : command
  const tf = await importOptional<typeof TensorFlow>(name, install)
  const runtime = await selectBackend(tf, 'tensorflow', `${name} ${tf.version_core}`)
  const { isUsingGpuDevice } = tf.backend() as { isUsingGpuDevice?: boolean }
  if (isGpu && !isUsingGpuDevice) {
    throw new Error(
      `${name} found no GPU and would compute on the CPU; it needs CUDA 11.2, cuDNN 8.1 and a driver for them`,
    )
  }
  return runtime
}

/** Loads the WebGPU backend on Dawn, which the npm package `webgpu` contains. */
export async function loadTensorFlowWebGpu(): Promise<TensorFlowRuntime & { adapter: string }> {
  const { create, globals } = await importOptional<Dawn>('webgpu', INSTALL_WEBGPU)
  const gpu = create([])
  const adapter = await gpu.requestAdapter()
  if (!adapter) {
    throw new Error('WebGPU found no adapter: it needs a GPU with a Vulkan, Metal or Direct3D 12 driver')
  }
  const { vendor, architecture, description } = adapter.info
  // The backend registers itself on import, but only if a browser's globals exist at that time.
  Object.assign(globalThis, globals)
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true })
  const tf = await loadCore()
  await importOptional('@tensorflow/tfjs-backend-webgpu', INSTALL_WEBGPU)
  const runtime = await selectBackend(tf, 'webgpu', `@tensorflow/tfjs-backend-webgpu ${tf.version_core}`)
  return { ...runtime, adapter: [vendor, architecture, description].filter(Boolean).join(' ') }
}

/** The part of the package `webgpu` that is used here. */
interface Dawn {
  create(options: string[]): {
    requestAdapter(): Promise<{
      readonly info: { vendor: string; architecture: string; description: string }
    } | null>
  }
  readonly globals: object
}

async function loadCore(): Promise<typeof TensorFlow> {
  const install = 'npm ci'
  const tf = await importOptional<typeof TensorFlow>('@tensorflow/tfjs-core', install)
  // Registers the derivatives of the core's operations. The file is an ES module that Node's own loader cannot load,
  // because its imports lack extensions.
  requireModule('@tensorflow/tfjs-core/dist/register_all_gradients.js', import.meta.url)
  return tf
}

/**
 * Selects a backend and throws if it does not start. TensorFlow.js throws no error in that case but keeps the previous
 * backend, so this function checks which backend is active.
 */
async function selectBackend(
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

/**
 * Restores util.isNullOrUndefined, which tfjs-node 4.22 calls but Node 23 removed
 * (github.com/tensorflow/tfjs/issues/8609).
 */
export function restoreRemovedFunction(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined
}
