// The package's default entry in Node: the platform, loaded (by a top-level await), and the middleware on it. It exports
// the same names as workers.ts, the entry in Workers.
import { createSuperResolution } from './middleware.ts'
import { loadPlatform } from './node.ts'

export type { Bucket, Dataset, EdgeCache, RateLimiter } from './platform/bindings.ts'
export type { SuperResolutionOptions } from './options.ts'
export type { Options } from './middleware.ts'
export type { Platform } from './platform/platform.ts'

export const platform = await loadPlatform()

/** See middleware.ts; options.ts describes the options. */
export const superResolution = createSuperResolution(platform)
