// The Workers runtime: its platform, and the middleware on it. It is the package's entry in Workers.
import { createCodec } from './codec/codec.ts'
import { createFusedEngine } from './engine/fused.ts'
import { createVectorEnlarger } from './engine/vectorEnlarger.ts'
import { createSuperResolution } from './middleware.ts'
import type { Platform } from './platform/platform.ts'
import { codecModules, kernelModules, pictureModule, scriptModels } from './platform/workersFiles.ts'

const fused = createFusedEngine(kernelModules, { name: 'fused-relaxed' })

export const platform: Platform = {
  codec: createCodec(codecModules),
  engines: fused.name,
  engineFor: () => fused,
  enlarger: createVectorEnlarger(pictureModule),
  bundled: scriptModels,
}

export type { Bucket, Dataset, EdgeCache, RateLimiter } from './platform/bindings.ts'
export type { SuperResolutionOptions } from './options.ts'
export type { Options } from './middleware.ts'
export type { Platform } from './platform/platform.ts'

/** See middleware.ts; options.ts describes the options. */
export const superResolution = createSuperResolution(platform)
