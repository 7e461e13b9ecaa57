// The Workers runtime: codecs, kernels and weights as this runtime has them, and the middleware
// bound to them. Static imports only: workerd compiles no WASM at run time.
import { scriptModels } from './bundled.ts'
import { createCodec } from './codec/codec.ts'
import { codecModules } from './codec/workers.ts'
import { createFusedEngine } from './engine/fused.ts'
import { kernelModules, pictureModule } from './engine/kernel/workers.ts'
import { createVectorEnlarger } from './engine/vectorEnlarger.ts'
import { createSuperResolution } from './middleware.ts'
import type { Platform } from './platform.ts'

const fused = createFusedEngine(kernelModules, { name: 'fused-relaxed' })

export const platform: Platform = {
  codec: createCodec(codecModules),
  engines: fused.name,
  engineFor: () => fused,
  enlarger: createVectorEnlarger(pictureModule),
  bundled: scriptModels,
}

export type { Bucket, Dataset, EdgeCache, RateLimiter } from './bindings.ts'
export type { SuperResolutionOptions } from './options.ts'
export type { Options } from './middleware.ts'
export type { Platform } from './platform.ts'

/** See middleware.ts; `options` are described in options.ts. */
export const superResolution = createSuperResolution(platform)
