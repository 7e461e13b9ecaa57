// Chooses and loads ONNX Runtime. onnxruntime-node is native code and several times faster, but weighs 288 MB.
// So a checkout may do without it (README.md): if it is not installed, onnxruntime-web is used.
import type * as Ort from 'onnxruntime-web'
import type { Engine } from '../../worker/engine/engine.ts'
import type { Enlarger } from '../../worker/engine/enlarger.ts'
import { createFusedEngine, supportsFused } from '../../worker/engine/fused.ts'
import { compileKernels, compilePictureKernel } from '../../worker/platform/nodeFiles.ts'
import { createOrtEngine, type OrtRuntime } from '../../worker/engine/ort.ts'
import { createVectorEnlarger } from '../../worker/engine/vectorEnlarger.ts'

export interface OnnxRuntime {
  readonly name: Exclude<OnnxRuntimeName, 'auto'>
  readonly api: OrtRuntime
  readonly executionProvider: 'cpu' | 'wasm'
  /** Name and version for the manifest: `onnxruntime-node 1.30.0`. */
  readonly version: string
  /** Version, and the reason why this runtime was chosen, for the log. */
  readonly description: string
}

export const ONNX_RUNTIMES = ['auto', 'node', 'web'] as const
export type OnnxRuntimeName = (typeof ONNX_RUNTIMES)[number]

const INSTALL = 'npm ci'

/**
 * Loads onnxruntime-node (`node`) or onnxruntime-web (`web`). `auto` loads onnxruntime-node if it is installed, else
 * onnxruntime-web.
 */
export async function loadOnnxRuntime(name: OnnxRuntimeName = 'auto'): Promise<OnnxRuntime> {
  if (name === 'web') return loadWeb('requested')
  // The type is `string` and not the literal, so that the compiler does not try to resolve a package that may be
  // missing.
  const optional: string = 'onnxruntime-node'
  try {
    const api = moduleOf(await import(optional))
    const version = `onnxruntime-node ${api.env.versions.node}`
    const why = name === 'node' ? 'requested' : 'installed, and faster than onnxruntime-web'
    return { name: 'node', api, executionProvider: 'cpu', version, description: `${version}, native: ${why}` }
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND'
    const reason = missing ? 'is not installed' : `does not load (${(cause as Error).message})`
    if (name === 'node') throw new Error(`onnxruntime-node ${reason}; install it with ${INSTALL}`, { cause })
    return loadWeb(`onnxruntime-node, which is several times faster, ${reason}`)
  }
}

// Largest side of a tile in pixels. A tile of this size takes some 100 MB in the runtime. Results do not depend on the
// size of tiles.
const MAX_SIDE = 512

/**
 * Creates an engine that runs networks on whole pictures, to validate, evaluate and report. It uses the worker's own
 * kernel if that kernel supports the network, else ONNX Runtime.
 */
export async function createInference(runtime: OnnxRuntime): Promise<Engine> {
  const { arithmetic, modules } = compileKernels()
  const fused = createFusedEngine(modules)
  const ort = createOrtInference(runtime)
  return {
    name: `fused-${arithmetic}, ${ort.name}`,
    maxSide: Math.min(fused.maxSide, ort.maxSide),
    run: (network, input, room) => (supportsFused(network) ? fused : ort).run(network, input, room),
  }
}

/** Creates an engine that uses only ONNX Runtime. */
export function createOrtInference({ api, executionProvider }: OnnxRuntime): Engine {
  return createOrtEngine(api, { executionProvider, maxSide: MAX_SIDE })
}

let enlarger: Enlarger | undefined

/** Loads the worker's kernel for bicubic and colour conversion. Later calls return the same kernel. */
export function loadEnlarger(): Enlarger {
  return (enlarger ??= createVectorEnlarger(compilePictureKernel()))
}

async function loadWeb(why: string): Promise<OnnxRuntime> {
  const api = moduleOf(await import('onnxruntime-web'))
  api.env.wasm.numThreads = 1 // keeps the order of sums: see createGradientSession
  const version = `onnxruntime-web ${api.env.versions.web}`
  return { name: 'web', api, executionProvider: 'wasm', version, description: `${version}, WASM: ${why}` }
}

/** Returns the exports of a CommonJS package, which some loaders wrap in `default`. */
function moduleOf(module: unknown): typeof Ort {
  return (module as { default?: typeof Ort }).default ?? (module as typeof Ort)
}
