// The Workers runtime: codecs, kernels and weights as this runtime has them, and the middleware
// bound to them. Static imports only: workerd compiles no WASM at run time.
import { scriptModels } from './platform/workersFiles.ts'
import { createCodec } from './codec/codec.ts'
import { codecModules } from './platform/workersCodecs.ts'
import { createFusedEngine } from './engine/fused.ts'
import { kernelModules, pictureModule } from './platform/workersKernels.ts'
import { createVectorEnlarger } from './engine/vectorEnlarger.ts'
import { createSuperResolution } from './middleware.ts'
import type { Platform } from './platform/platform.ts'

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

/** See middleware.ts; `options` are described in options.ts. */
export const superResolution = createSuperResolution(platform)
