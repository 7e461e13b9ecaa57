// The package's entry in Workers: the platform of Workers, and the middleware on this platform.
import { createCodec } from './codec/codec.ts'
import { createInstances } from './codec/instance.ts'
import { arithmeticOf, createFusedEngine } from './engine/fused.ts'
import { createVectorEnlarger } from './engine/vectorEnlarger.ts'
import { createVectorShrinker } from './engine/vectorShrinker.ts'
import { createSuperResolution } from './middleware.ts'
import { ISOLATE_LIMITS } from './platform/limits.ts'
import type { Platform } from './platform/platform.ts'
import { addressOf } from './platform/visitor.ts'
import { codecModules, kernelModules, pictureModule, scriptModels, shrinkModule } from './platform/workersFiles.ts'

const fused = createFusedEngine(kernelModules, { name: `fused-${arithmeticOf(kernelModules.subpixel)}` })

/**
 * Limit on each memory of the codecs. Beyond 128 MB, the runtime would end the isolate and all its requests, instead of
 * the one picture that takes too much. `maxMemoryBytes` refuses good pictures before they take this much.
 */
const MAX_CODEC_MEMORY_BYTES = 96 * 2 ** 20
const instances = createInstances({ maxMemoryBytes: MAX_CODEC_MEMORY_BYTES })

export const platform: Platform = {
  codec: createCodec(codecModules, instances),
  engines: fused.name,
  engineFor: () => fused,
  enlarger: createVectorEnlarger(pictureModule),
  shrinker: createVectorShrinker(shrinkModule),
  bundled: scriptModels,
  limits: ISOLATE_LIMITS,
  copiesBodies: true,
  visitorOf: addressOf,
}

export type { Bucket, Dataset, EdgeCache, RateLimiter } from './platform/bindings.ts'
export type { SuperResolutionOptions } from './options.ts'
export type { Options } from './middleware.ts'
export type { Platform } from './platform/platform.ts'

/** Creates the Hono middleware (middleware.ts). options.ts describes its options. */
export const superResolution = createSuperResolution(platform)
