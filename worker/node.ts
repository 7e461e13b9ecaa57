// The package's entry `edge-srcnn/node`: loads the platform in Node from files, with a choice of engines. Apps that
// need no choice import the default entry, nodeReady.ts, which loads the platform itself.
import './base/requireNode.mjs'
import { readArtefact } from '#artefacts'
import { ConfigError } from './base/errors.ts'
import { createCodec } from './codec/codec.ts'
import type { Engine } from './engine/engine.ts'
import { createFusedEngine } from './engine/fused.ts'
import { createDawnEngine, createNodeOrtEngine } from './engine/ortNode.ts'
import { createVectorEnlarger } from './engine/vectorEnlarger.ts'
import { createVectorShrinker } from './engine/vectorShrinker.ts'
import { decodeNetwork } from './model/networkFile.ts'
import {
  loadCodecModules,
  compileKernels,
  bundledModels,
  compilePictureKernel,
  compileShrinkKernel,
} from './platform/nodeFiles.ts'
import { PROCESS_LIMITS } from './platform/limits.ts'
import type { Platform } from './platform/platform.ts'

export { createSuperResolution, type Options } from './middleware.ts'
export type { Platform } from './platform/platform.ts'

/**
 * Engines that run networks. `fused` is our own kernels. `ort` is onnxruntime-web's WASM, which also runs networks that
 * our kernels cannot run. `webgpu` is onnxruntime-web on a GPU.
 */
export const NODE_ENGINES = ['fused', 'ort', 'webgpu'] as const
export type NodeEngine = (typeof NODE_ENGINES)[number]

export interface NodeOptions {
  /** Default `fused`. `ort` needs the package onnxruntime-web; `webgpu` needs onnxruntime-web and webgpu. */
  readonly engine?: NodeEngine
}

/**
 * Loads codecs, kernels and weights. Takes about 50 ms, so call it once per process. The plain builds of the kernels
 * are loaded if the runtime has no relaxed SIMD or does not fuse multiply-add, as in Bun. Rejects with the reason if the
 * engine cannot work here.
 *
 * @example
 * const superResolution = createSuperResolution(await loadPlatform({ engine: 'webgpu' }))
 */
export async function loadPlatform({ engine = 'fused' }: NodeOptions = {}): Promise<Platform> {
  const [modules, networkEngine] = await Promise.all([loadCodecModules(), loadEngine(engine)])
  return {
    codec: createCodec(modules),
    engines: networkEngine.name,
    engineFor: () => networkEngine,
    enlarger: createVectorEnlarger(compilePictureKernel()),
    shrinker: createVectorShrinker(compileShrinkKernel()),
    bundled: bundledModels(),
    limits: PROCESS_LIMITS,
    copiesBodies: false, // @hono/node-server's Response keeps the array
  }
}

async function loadEngine(engine: NodeEngine): Promise<Engine> {
  switch (engine) {
    case 'fused':
      return loadFused()
    case 'ort':
      return createNodeOrtEngine()
    case 'webgpu':
      return verifiedEngine(await createDawnEngine(), await loadFused())
    default:
      throw new ConfigError(`engine: expected one of ${NODE_ENGINES.join(', ')}, got ${JSON.stringify(engine)}`)
  }
}

async function loadFused(): Promise<Engine> {
  const { arithmetic, modules } = compileKernels()
  return createFusedEngine(modules, { name: `fused-${arithmetic}` })
}

/** Largest accepted difference. Engines agree to 1e-4 (engine.ts); a broken GPU driver is off by far more. */
const MAX_DIFFERENCE = 1e-3

/**
 * Returns `engine` if it computes the same as `known` for a small picture. Otherwise rejects, because the driver of the
 * GPU may be broken.
 */
async function verifiedEngine(engine: Engine, known: Engine): Promise<Engine> {
  const network = decodeNetwork(await readArtefact('models/fast-x2.onnx'))
  const [width, height] = [24, 16]
  const data = Float32Array.from({ length: width * height }, (_, i) => ((i * 37) % 101) / 101)
  const input = { channels: 1, width, height, data }
  const [got, expected] = [await engine.run(network, input), await known.run(network, input)]
  const isRight = expected.data.every((value, i) => Math.abs(value - got.data[i]) < MAX_DIFFERENCE)
  if (!isRight) throw new Error(`${engine.name} computes other values than ${known.name} here`)
  return engine
}
