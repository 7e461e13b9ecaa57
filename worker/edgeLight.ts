// The package's entry in Vercel's edge runtime (`export const runtime = 'edge'` in Next.js). It says why there is no
// platform here, which a bundler's errors about WebAssembly do not.
import { ConfigError } from './base/errors.ts'
import type { createSuperResolution } from './middleware.ts'
import type { Platform } from './platform/platform.ts'

export const platform: Platform = refuse()
export const superResolution: ReturnType<typeof createSuperResolution> = refuse()

function refuse(): never {
  throw new ConfigError(
    "edge-srcnn does not run in the edge runtime, which is not sure to have relaxed SIMD: use the runtime nodejs, which is Next.js' default",
  )
}
