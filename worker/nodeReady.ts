// The package's default entry in Node: the platform, and the middleware on this platform. Exports the same names as
// workers.ts, the entry in Workers. It awaits nothing, so that `require` loads it and bundlers can make CommonJS of it:
// kernels are compiled by the import, and codecs meanwhile.
import './base/requireNode.mjs'
import { createCodec } from './codec/codec.ts'
import { createFusedEngine } from './engine/fused.ts'
import { createVectorEnlarger } from './engine/vectorEnlarger.ts'
import { createVectorShrinker } from './engine/vectorShrinker.ts'
import { createSuperResolution } from './middleware.ts'
import { PROCESS_LIMITS } from './platform/limits.ts'
import {
  bundledModels,
  compileCodecModules,
  compileKernels,
  compilePictureKernel,
  compileShrinkKernel,
} from './platform/nodeFiles.ts'
import type { Platform } from './platform/platform.ts'

const { arithmetic, modules } = compileKernels()
const fused = createFusedEngine(modules, { name: `fused-${arithmetic}` })

export const platform: Platform = {
  codec: createCodec(compileCodecModules()),
  engines: fused.name,
  engineFor: () => fused,
  enlarger: createVectorEnlarger(compilePictureKernel()),
  shrinker: createVectorShrinker(compileShrinkKernel()),
  bundled: bundledModels(),
  limits: PROCESS_LIMITS,
  copiesBodies: false, // @hono/node-server's Response keeps the array
}

export type { Bucket, Dataset, EdgeCache, RateLimiter } from './platform/bindings.ts'
export type { SuperResolutionOptions } from './options.ts'
export type { Options } from './middleware.ts'
export type { Platform } from './platform/platform.ts'

/** Creates the Hono middleware (middleware.ts). options.ts describes its options. */
export const superResolution = createSuperResolution(platform)
