// Opens the backends that compute gradients, and chooses the fastest one that works on this machine.
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { createNetwork } from '../../worker/model/network.ts'
import type { EngineOptions, Task, GradientEngine } from './gradientEngine.ts'
import { createGradientSession } from './gradientSession.ts'
import { createOnnxEngine, createOnnxGpuEngine } from './onnx.ts'
import { expectFaster, expectSame } from './probe.ts'
import { loadOnnxRuntime } from './onnxRuntime.ts'
import { createTensorFlowEngine, type TensorFlowRuntime } from './tensorflow.ts'
import { loadTensorFlowCpu, loadTensorFlowNode, loadTensorFlowWebGpu } from './tensorflowRuntime.ts'

export const BACKENDS = [
  'auto',
  'onnx-cpu',
  'onnx-wasm',
  'onnx-cuda',
  'onnx-webgpu',
  'tfjs-cuda',
  'tfjs-node',
  'tfjs-webgpu',
  'tfjs-cpu',
] as const
export type BackendName = (typeof BACKENDS)[number]
export type ComputingBackend = Exclude<BackendName, 'auto'>

/** A backend whose runtime is loaded and whose device responds. */
export interface OpenBackend {
  /** Name and version for the manifest: `onnxruntime-node 1.30.0`. */
  readonly version: string
  /** Runtime and device, for the log. */
  readonly description: string
  createEngine(task: Task, options?: EngineOptions): Promise<GradientEngine>
}

export interface Backend extends OpenBackend {
  readonly name: ComputingBackend
  /** One line per faster backend that was skipped, with the reason. Empty if the caller named a backend. */
  readonly skipped: readonly string[]
}

/** The backends that `auto` tries, fastest first. Plain JavaScript is not among them, because a run would take days. */
const ORDER: readonly ComputingBackend[] = [
  'onnx-cuda',
  'tfjs-cuda',
  'onnx-webgpu',
  'tfjs-webgpu',
  'onnx-cpu',
  'tfjs-node',
  'onnx-wasm',
]

const GPUS: ReadonlySet<ComputingBackend> = new Set<ComputingBackend>([
  'onnx-cuda',
  'tfjs-cuda',
  'onnx-webgpu',
  'tfjs-webgpu',
])

const OPEN: Readonly<Record<ComputingBackend, () => Promise<OpenBackend>>> = {
  'onnx-cpu': () => openOnnx('node'),
  'onnx-wasm': () => openOnnx('web'),
  'onnx-cuda': openOnnxCuda,
  'onnx-webgpu': () => openOnnxGpu('webgpu'),
  'tfjs-cpu': () => openTensorFlow(loadTensorFlowCpu, 'plain JavaScript on the CPU'),
  'tfjs-node': () => openTensorFlow(() => loadTensorFlowNode('@tensorflow/tfjs-node'), 'on the CPU'),
  'tfjs-cuda': () => openTensorFlow(() => loadTensorFlowNode('@tensorflow/tfjs-node-gpu'), 'on CUDA'),
  'tfjs-webgpu': () => openTensorFlow(loadTensorFlowWebGpu, 'on WebGPU'),
}

/**
 * Opens a backend. `auto` chooses the fastest backend that works: a GPU must be faster than the CPU in a few training
 * steps, and creating an engine for `task` must succeed. A named backend is used even if it is slow. If it does not
 * open, the error says what to install.
 */
export async function chooseBackend(name: BackendName, task?: Task): Promise<Backend> {
  if (name === 'auto') return takeFirst(ORDER, openTried, task)
  try {
    return { name, skipped: [], ...(await OPEN[name]()) }
  } catch (cause) {
    throw new Error(`backend ${name}: ${messageOf(cause)}`, { cause })
  }
}

/** Returns the first of `names` that opens and, if a task is given, creates an engine for it. */
export async function takeFirst(
  names: readonly ComputingBackend[],
  open: (name: ComputingBackend) => Promise<OpenBackend>,
  task?: Task,
): Promise<Backend> {
  const skipped: string[] = []
  for (const name of names) {
    try {
      const backend = await open(name)
      if (task) await (await backend.createEngine(task)).dispose()
      return { name, skipped, ...backend }
    } catch (error) {
      skipped.push(`not ${name}: ${messageOf(error)}`)
    }
  }
  throw new Error(`expected a backend that works on this machine, got none: ${skipped.join('; ')}`)
}

async function openTried(name: ComputingBackend): Promise<OpenBackend> {
  if (!GPUS.has(name)) return OPEN[name]()
  expectDevice()
  const backend = await OPEN[name]()
  if (SOFTWARE.test(backend.description)) throw new Error(`${backend.description} is a software renderer, not a GPU`)
  const cpu = await loadOnnxRuntime()
  await expectFaster(backend.createEngine, (task) => createOnnxEngine(task, cpu))
  return backend
}

/** Names of software renderers that present themselves as GPUs. */
const SOFTWARE = /swiftshader|llvmpipe/i

/**
 * Files of NVIDIA's driver, of the kernel's drivers and of WSL. If a Linux machine has a GPU, at least one of them
 * exists. They are checked first, because asking a runtime takes time and prints warnings.
 */
const DEVICES = ['/dev/nvidiactl', '/dev/dri', '/dev/dxg']

function expectDevice(): void {
  if (process.platform === 'linux' && !DEVICES.some((device) => existsSync(device))) {
    throw new Error(`found no GPU (none of ${DEVICES.join(', ')})`)
  }
}

async function openOnnx(name: 'node' | 'web'): Promise<OpenBackend> {
  const runtime = await loadOnnxRuntime(name)
  const { version } = runtime
  return {
    version,
    description: `${version}, ${name === 'node' ? 'native' : 'WASM'}, on the CPU`,
    createEngine: (task, options) => createOnnxEngine(task, runtime, options),
  }
}

async function openOnnxGpu(provider: 'cuda' | 'webgpu'): Promise<OpenBackend> {
  const runtime = await loadOnnxRuntime('node')
  const network = createNetwork({ kernels: [3], widths: [] })
  const session = await createGradientSession({ network, batch: 1, patch: 3 }, runtime.api, provider)
  await session.dispose()
  const version = `${runtime.version} ${provider}`
  return {
    version,
    description: `${runtime.version} on ${provider === 'cuda' ? 'CUDA' : 'WebGPU'}`,
    async createEngine(task) {
      const engine = await createOnnxGpuEngine(task, runtime, provider)
      const trusted = await createOnnxEngine(task, runtime, { workers: 1 })
      try {
        await expectSame(engine, trusted, task)
      } catch (error) {
        await engine.dispose()
        throw error
      } finally {
        await trusted.dispose()
      }
      return engine
    },
  }
}

const INSTALL_CUDA = 'npm rebuild onnxruntime-node --ignore-scripts=false'

async function openOnnxCuda(): Promise<OpenBackend> {
  const { version } = await loadOnnxRuntime('node')
  const bin = path.join(path.dirname(createRequire(import.meta.url).resolve('onnxruntime-node')), '../bin')
  const hasProvider = readdirSync(bin, { recursive: true }).some((file) =>
    String(file).includes('onnxruntime_providers_cuda'),
  )
  if (!hasProvider) {
    throw new Error(`${version} has no CUDA provider; it needs CUDA 12 and cuDNN 9; install it with ${INSTALL_CUDA}`)
  }
  // Switches off TensorFloat-32. It is fast but accurate to only three digits, too few for comparing gradients.
  process.env.NVIDIA_TF32_OVERRIDE ??= '0'
  return openOnnxGpu('cuda')
}

async function openTensorFlow(
  load: () => Promise<TensorFlowRuntime & { readonly adapter?: string }>,
  place: string,
): Promise<OpenBackend> {
  const runtime = await load()
  const { version, adapter } = runtime
  return {
    version,
    description: `${version}, ${place}${adapter === undefined ? '' : ` (${adapter})`}`,
    createEngine: (task) => createTensorFlowEngine(task, runtime),
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.split('\n')[0] : String(error)
}
