// What networks can run on here. All but `fused` are for comparing: the worker serves what `fused` makes.
import { createOrtEngine, type OrtRuntime } from '../engine/ort.ts'
import { reference } from '../engine/reference.ts'
import type { Engine } from '../engine/engine.ts'
import type { Platform } from '../middleware.ts'
import { loadPlatform } from '../node.ts'

export const ENGINES = ['fused', 'reference', 'ort'] as const
export type EngineName = (typeof ENGINES)[number]

/** Throws where it needs a package that is not installed. */
export async function loadEngine(name: EngineName): Promise<Platform> {
  const [platform, engine] = await Promise.all([loadPlatform(), OTHERS[name]?.()])
  return engine ? { ...platform, engines: engine.name, engineFor: () => engine } : platform
}

const OTHERS: Partial<Record<EngineName, () => Promise<Engine>>> = {
  reference: () => Promise.resolve(reference),
  ort: loadOrt,
}

const ORT_PACKAGE = 'onnxruntime-web'
/** Pixels. A tile of this side needs some 100 MB in the runtime; results do not depend on it. */
const ORT_MAX_SIDE = 512

async function loadOrt(): Promise<Engine> {
  let module: unknown
  try {
    // Not a literal: the package is an option, which no compiler shall look for.
    const name: string = ORT_PACKAGE
    module = await import(name)
  } catch (cause) {
    throw new Error(`expected the package ${ORT_PACKAGE} for --engine ort: npm install ${ORT_PACKAGE}`, { cause }) // prettier-ignore
  }
  // A CommonJS package comes as `default` from some loaders and as itself from others.
  const { default: inner } = module as { default?: unknown }
  const runtime = (inner ?? module) as OrtRuntime & { env: { wasm: { numThreads: number } } }
  runtime.env.wasm.numThreads = 1 // pictures are what runs in parallel
  return createOrtEngine(runtime, { executionProvider: 'wasm', maxSide: ORT_MAX_SIDE })
}
