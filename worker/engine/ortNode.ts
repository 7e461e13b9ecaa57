// The ort engine in Node: onnxruntime-web's WASM, or its WebGPU provider on Dawn, which the npm package `webgpu`
// contains. Both packages are optional, so they are loaded when one of these functions is called, and no bundler may
// look for them before.
import type { Engine } from './engine.ts'
import { createOrtEngine, type OrtRuntime } from './ort.ts'

/**
 * Maximum side of an input, in pixels. 64 channels of this side take 67 MB. WebGPU's default limit for a buffer is 128
 * MB, and the WASM's memory never shrinks. Results do not depend on the side.
 */
const MAX_SIDE = 512

/** Creates an engine on onnxruntime-web's WASM. Rejects if the package is not installed. */
export async function createNodeOrtEngine(): Promise<Engine> {
  const runtime = await installed<OrtRuntime & WithEnvironment>('onnxruntime-web', '/wasm')
  runtime.env.wasm.numThreads = 1 // threads would keep the process alive when its work is done
  return createOrtEngine(runtime, { executionProvider: 'wasm', maxSide: MAX_SIDE })
}

/**
 * Creates an engine on WebGPU. Rejects if onnxruntime-web or webgpu is not installed, or if there is no adapter.
 * Software adapters (SwiftShader, llvmpipe) are accepted, but slow. In Node 20 the first run waits half a minute, until
 * V8 has optimised the runtime; Node 22 and later do not wait.
 */
export async function createDawnEngine(): Promise<Engine> {
  await startDawn()
  const runtime = await installed<OrtRuntime & WithEnvironment>('onnxruntime-web', '/webgpu')
  runtime.env.wasm.numThreads = 1
  return createOrtEngine(runtime, {
    executionProvider: 'webgpu',
    maxSide: MAX_SIDE,
    // If the GPU cannot run a node, the session fails. Without this option the CPU would run that node unnoticed.
    sessionOptions: { extra: { session: { disable_cpu_ep_fallback: '1' } } },
  })
}

interface WithEnvironment {
  readonly env: { readonly wasm: { numThreads?: number } }
}

/** The part of the API of the package `webgpu` that this file uses. */
interface Dawn {
  create(flags: readonly string[]): { requestAdapter(): Promise<object | null> }
  readonly globals: { readonly GPUQueue: { readonly prototype: Queue } }
}

interface Queue {
  writeBuffer(buffer: object, offset: number, data: ArrayBufferView, ...range: number[]): void
}

let isStarted = false

/** Defines the browser globals through which onnxruntime-web finds a GPU. */
async function startDawn(): Promise<void> {
  if (isStarted) return
  const { create, globals } = await installed<Dawn>('webgpu')
  const gpu = create([])
  if (!(await gpu.requestAdapter()))
    throw new Error('WebGPU finds no adapter here: it needs a GPU with a Vulkan, Metal or Direct3D 12 driver')
  if (isStarted) return // another call has started it meanwhile
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

/**
 * Makes the queue copy views of shared memory before writing them, because onnxruntime-web's memory is shared and Dawn
 * rejects views of shared memory.
 */
function copySharedMemory(queue: Queue): void {
  const { writeBuffer } = queue
  queue.writeBuffer = function (buffer, offset, data, ...range) {
    const isShared = data.buffer instanceof SharedArrayBuffer
    writeBuffer.call(this, buffer, offset, isShared ? copyOf(data) : data, ...range)
  }
}

/** Returns a copy of `data` in an array of the same type, because writeBuffer's `range` counts its elements. */
function copyOf(data: ArrayBufferView): ArrayBufferView {
  const Type = data.constructor as new (values: ArrayBufferView) => ArrayBufferView
  return new Type(data)
}

/**
 * Imports an optional package. Its name is an argument, because bundlers resolve a name that they can read or compute,
 * and then fail if the package is not installed. The comments keep Vite, webpack and Turbopack from warning about it.
 */
async function installed<T>(name: string, path = ''): Promise<T> {
  try {
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ /* turbopackIgnore: true */ name + path)) as T
  } catch (cause) {
    throw new Error(
      `this engine needs the package ${name} (npm i ${name}): ${(cause as Error).message.split('\n', 1)[0]}`,
      { cause },
    )
  }
}
