// The package's default entry in Node: loads the platform by a top-level await, and binds the middleware to it. Exports
// the same names as workers.ts, the entry in Workers.
import { createSuperResolution } from './middleware.ts'
import { loadPlatform } from './node.ts'

export type { Bucket, Dataset, EdgeCache, RateLimiter } from './platform/bindings.ts'
export type { SuperResolutionOptions } from './options.ts'
export type { Options } from './middleware.ts'
export type { Platform } from './platform/platform.ts'

export const platform = await loadPlatform()

/** Creates the Hono middleware (middleware.ts). options.ts describes its options. */
export const superResolution = createSuperResolution(platform)
