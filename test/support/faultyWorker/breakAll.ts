// Makes the platform, the edge cache and the bindings of the worker fail in the ways that a request names. Must be
// imported before the worker itself.
import { env } from 'cloudflare:workers'
import { platform } from '../../../worker/workers.ts'
import { breakPlatform, breakWebAssembly } from './compute.ts'
import { current } from './current.ts'
import { breakAssets, breakBucket, breakCache } from './storage.ts'

interface Bindings {
  readonly RESULTS_BUCKET: R2Bucket
  readonly MODELS_BUCKET: R2Bucket
  readonly ASSETS: Fetcher
}
const { RESULTS_BUCKET, MODELS_BUCKET, ASSETS } = env as unknown as Bindings

breakWebAssembly()
Object.assign(platform, breakPlatform(platform))
breakCache(caches.default)
breakBucket(RESULTS_BUCKET, () => current().r2)
breakBucket(MODELS_BUCKET, () => current().models)
breakAssets(ASSETS)
