// The Node runtime, ready to use: what workers.ts is for Workers, with the same names.
import { createSuperResolution } from './middleware.ts'
import { loadPlatform } from './node.ts'

export type { Bucket, Dataset, EdgeCache, RateLimiter } from './platform/bindings.ts'
export type { SuperResolutionOptions } from './options.ts'
export type { Options } from './middleware.ts'
export type { Platform } from './platform/platform.ts'

export const platform = await loadPlatform()

/** See middleware.ts; `options` are described in options.ts. */
export const superResolution = createSuperResolution(platform)
