// onnxruntime-web in Node: its WASM, or its WebGPU provider on Dawn, which the npm package `webgpu` brings. Both are
// for whoever installs them; nothing of them is loaded before one of these functions is called.
import type { Engine } from './engine.ts'
import { createOrtEngine, type OrtRuntime } from './ort.ts'

/**
 * Pixels. With 64 channels a plane of this side is 67 MB: WebGPU binds 128 at most where no more is asked for, and
 * the WASM's memory never shrinks. Results do not depend on it.
 */
const MAX_SIDE = 512

/** Rejects where onnxruntime-web is not installed. */
export async function createNodeOrtEngine(): Promise<Engine> {
  const runtime = await installed(() => import('onnxruntime-web/wasm'), 'onnxruntime-web')
  runtime.env.wasm.numThreads = 1 // threads would outlive the process's work
  return createOrtEngine(runtime, { executionProvider: 'wasm', maxSide: MAX_SIDE })
}

/**
 * Rejects where onnxruntime-web or webgpu is not installed, and where there is no adapter. One in software
 * (SwiftShader, llvmpipe) is taken as it is, slow. In Node 20 the first run waits half a minute, until V8 has
 * optimised the runtime; from Node 22 on it does not.
 */
export async function createDawnEngine(): Promise<Engine> {
  await startDawn()
  const runtime: OrtRuntime & WithEnvironment = await installed(
    () => import('onnxruntime-web/webgpu'),
    'onnxruntime-web',
  )
  runtime.env.wasm.numThreads = 1
  return createOrtEngine(runtime, {
    executionProvider: 'webgpu',
    maxSide: MAX_SIDE,
    // What the GPU cannot run is an error, so that no CPU code passes for it.
    sessionOptions: { extra: { session: { disable_cpu_ep_fallback: '1' } } },
  })
}

interface WithEnvironment {
  readonly env: { readonly wasm: { numThreads?: number } }
}

/** What is used of the package `webgpu`. */
interface Dawn {
  create(flags: readonly string[]): { requestAdapter(): Promise<object | null> }
  readonly globals: { readonly GPUQueue: { readonly prototype: Queue } }
}

interface Queue {
  writeBuffer(buffer: object, offset: number, data: ArrayBufferView, ...range: number[]): void
}

let isStarted = false

/** Gives the process a browser's globals, among which onnxruntime-web looks for a GPU. */
async function startDawn(): Promise<void> {
  if (isStarted) return
  // By a name that TypeScript does not follow: the package is not one of ours.
  const name: string = 'webgpu'
  const { create, globals } = await installed(() => import(name) as Promise<Dawn>, name)
  const gpu = create([])
  if (!(await gpu.requestAdapter()))
    throw new Error('WebGPU finds no adapter here: it wants a GPU with a Vulkan, Metal or Direct3D 12 driver')
  if (isStarted) return // by a call at the same time
  isStarted = true
  copySharedMemory(globals.GPUQueue.prototype)
  Object.assign(globalThis, globals)
  const known = (globalThis as { navigator?: object }).navigator
  if (known) Object.defineProperty(known, 'gpu', { value: gpu })
  else
    Object.defineProperty(globalThis, 'navigator', {
      value: { gpu, userAgent: `Node.js/${process.versions.node}` },
      configurable: true,
    })
}

/** onnxruntime-web's memory is shared, of which Dawn takes no views. */
function copySharedMemory(queue: Queue): void {
  const { writeBuffer } = queue
  queue.writeBuffer = function (buffer, offset, data, ...range) {
    const isShared = data.buffer instanceof SharedArrayBuffer
    writeBuffer.call(this, buffer, offset, isShared ? copyOf(data) : data, ...range)
  }
}

/** Of the same type, as a range counts elements. */
function copyOf(data: ArrayBufferView): ArrayBufferView {
  const Type = data.constructor as new (values: ArrayBufferView) => ArrayBufferView
  return new Type(data)
}

async function installed<T>(load: () => Promise<T>, name: string): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    throw new Error(
      `this engine wants the package ${name} (npm i ${name}): ${(cause as Error).message.split('\n', 1)[0]}`,
      { cause },
    )
  }
}
