// The Node runtime: codecs, kernels and weights as workers.ts has them, read from files.
import { readArtefact } from '#artefacts'
import { createCodec } from './codec/codec.ts'
import { loadCodecModules } from './platform/nodeFiles.ts'
import type { Engine } from './engine/engine.ts'
import { createFusedEngine } from './engine/fused.ts'
import { loadKernels, loadPictureKernel } from './platform/nodeKernels.ts'
import { createDawnEngine, createNodeOrtEngine } from './engine/ortNode.ts'
import { createVectorEnlarger } from './engine/vectorEnlarger.ts'
import { ConfigError } from './base/errors.ts'
import { parseManifest } from './model/manifest.ts'
import { decodeNetwork } from './model/networkFile.ts'
import type { BundledModels } from './picture/models.ts'
import type { Platform } from './platform/platform.ts'

export { createSuperResolution, type Options } from './middleware.ts'
export type { Platform } from './platform/platform.ts'

/**
 * What runs networks: `fused`, our own kernels; `ort`, onnxruntime-web's WASM, which also runs those that the kernels
 * cannot; `webgpu`, onnxruntime-web on a GPU.
 */
export const NODE_ENGINES = ['fused', 'ort', 'webgpu'] as const
export type NodeEngine = (typeof NODE_ENGINES)[number]

export interface NodeOptions {
  /** Default `fused`. `ort` wants the package onnxruntime-web installed, `webgpu` the package webgpu, too. */
  readonly engine?: NodeEngine
}

/**
 * Some 50 ms, so once a process is enough. Where Node has no relaxed SIMD the kernels' plain builds run. Rejects
 * where the engine cannot work here, and says why.
 *
 * @example
 * const superResolution = createSuperResolution(await loadPlatform({ engine: 'webgpu' }))
 */
export async function loadPlatform({ engine = 'fused' }: NodeOptions = {}): Promise<Platform> {
  const [modules, picture, bundled, runs] = await Promise.all([
    loadCodecModules(),
    loadPictureKernel(),
    loadModels(),
    loadEngine(engine),
  ])
  return {
    codec: createCodec(modules),
    engines: runs.name,
    engineFor: () => runs,
    enlarger: createVectorEnlarger(picture),
    bundled,
  }
}

async function loadEngine(engine: NodeEngine): Promise<Engine> {
  switch (engine) {
    case 'fused':
      return loadFused()
    case 'ort':
      return createNodeOrtEngine()
    case 'webgpu':
      return createTrusted(await createDawnEngine(), await loadFused())
    default:
      throw new ConfigError(`engine: expected one of ${NODE_ENGINES.join(', ')}, got ${JSON.stringify(engine)}`)
  }
}

async function loadFused(): Promise<Engine> {
  const { arithmetic, modules } = await loadKernels()
  return createFusedEngine(modules, { name: `fused-${arithmetic}` })
}

/** Both compute the same to 1e-4 (engine.ts); a broken driver is off by far more. */
const WRONG = 1e-3

/** A GPU is believed by what it does: `engine`, after it has run a small picture as `known` does. Else rejects. */
async function createTrusted(engine: Engine, known: Engine): Promise<Engine> {
  const network = decodeNetwork(await readArtefact('models/fast-x2.onnx'))
  const [width, height] = [24, 16]
  const data = Float32Array.from({ length: width * height }, (_, i) => ((i * 37) % 101) / 101)
  const input = { channels: 1, width, height, data }
  const [got, expected] = [await engine.run(network, input), await known.run(network, input)]
  const isRight = expected.data.every((value, i) => Math.abs(value - got.data[i]) < WRONG)
  if (!isRight) throw new Error(`${engine.name} computes something else than ${known.name} here`)
  return engine
}

async function loadModels(): Promise<BundledModels> {
  const manifest = await readArtefact('models/manifest.json')
  return {
    manifest: parseManifest(new TextDecoder().decode(manifest)),
    read: async (file) => (await readArtefact(`models/${file as `${string}.onnx`}`)).buffer,
  }
}
