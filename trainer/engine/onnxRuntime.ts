// Chooses and loads ONNX Runtime. onnxruntime-node is native code and several times faster, but weighs 288 MB: it is an
// optional dependency, and onnxruntime-web replaces it if it is not installed.
import type * as Ort from 'onnxruntime-web'
import type { Engine } from '../../worker/engine/engine.ts'
import type { Enlarger } from '../../worker/engine/enlarger.ts'
import { createFusedEngine, supportsFused } from '../../worker/engine/fused.ts'
import { loadKernels, loadPictureKernel } from '../../worker/platform/nodeKernels.ts'
import { createOrtEngine, type OrtRuntime } from '../../worker/engine/ort.ts'
import { createVectorEnlarger } from '../../worker/engine/vectorEnlarger.ts'

export interface OnnxRuntime {
  readonly name: Exclude<OnnxRuntimeName, 'auto'>
  readonly api: OrtRuntime
  readonly executionProvider: 'cpu' | 'wasm'
  /** Name and version for the manifest: `onnxruntime-node 1.30.0`. */
  readonly version: string
  /** Version and the reason for this choice, for the log. */
  readonly description: string
}

export const ONNX_RUNTIMES = ['auto', 'node', 'web'] as const
export type OnnxRuntimeName = (typeof ONNX_RUNTIMES)[number]

const INSTALL = 'npm ci --include=optional'

/**
 * Loads onnxruntime-node (`node`), onnxruntime-web (`web`), or the former if it is installed and else the latter
 * (`auto`).
 */
export async function loadOnnxRuntime(name: OnnxRuntimeName = 'auto'): Promise<OnnxRuntime> {
  if (name === 'web') return loadWeb('asked for')
  // Typed as string, so that the compiler does not resolve a package that may be missing.
  const optional: string = 'onnxruntime-node'
  try {
    const api = moduleOf(await import(optional))
    const version = `onnxruntime-node ${api.env.versions.node}`
    const why = name === 'node' ? 'asked for' : 'installed, and faster than onnxruntime-web'
    return { name: 'node', api, executionProvider: 'cpu', version, description: `${version}, native: ${why}` }
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND'
    const reason = missing ? 'is not installed' : `does not load (${(cause as Error).message})`
    if (name === 'node') throw new Error(`onnxruntime-node ${reason}; install it with ${INSTALL}`, { cause })
    return loadWeb(`onnxruntime-node, which is several times faster, ${reason}`)
  }
}

// Side of the largest tile. It needs some 100 MB in the runtime; results do not depend on it.
const MAX_SIDE = 512

/**
 * Creates an engine that runs networks on whole pictures, to validate, evaluate and report. It uses the kernel that
 * serves them if that supports the network, else ONNX Runtime.
 */
export async function createInference(runtime: OnnxRuntime): Promise<Engine> {
  const { arithmetic, modules } = await loadKernels()
  const fused = createFusedEngine(modules)
  const ort = createOrtInference(runtime)
  return {
    name: `fused-${arithmetic}, ${ort.name}`,
    maxSide: Math.min(fused.maxSide, ort.maxSide),
    run: (network, input, room) => (supportsFused(network) ? fused : ort).run(network, input, room),
  }
}

/** Creates an engine that uses ONNX Runtime alone. */
export function createOrtInference({ api, executionProvider }: OnnxRuntime): Engine {
  return createOrtEngine(api, { executionProvider, maxSide: MAX_SIDE })
}

let enlarger: Promise<Enlarger> | undefined

/** Loads, once, the kernel that also serves bicubic and converts colours. */
export function loadEnlarger(): Promise<Enlarger> {
  return (enlarger ??= loadPictureKernel().then(createVectorEnlarger))
}

async function loadWeb(why: string): Promise<OnnxRuntime> {
  const api = moduleOf(await import('onnxruntime-web'))
  api.env.wasm.numThreads = 1 // sums keep their order: see createGradientSession
  const version = `onnxruntime-web ${api.env.versions.web}`
  return { name: 'web', api, executionProvider: 'wasm', version, description: `${version}, WASM: ${why}` }
}

/** Returns the exports of a CommonJS package, which some loaders wrap in `default`. */
function moduleOf(module: unknown): typeof Ort {
  return (module as { default?: typeof Ort }).default ?? (module as typeof Ort)
}
