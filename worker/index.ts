// The Worker's entry: env -> options -> app. The only file that knows `Env`.
import { env as untyped } from 'cloudflare:workers'
import { createApp } from './app.ts'
import { withAssets } from './platform/workersFiles.ts'
import { supportsFused } from './engine/fused.ts'
import { checkHealth } from './request/health.ts'
import { createMiddleware, createService } from './middleware.ts'
import { MIN_SECRET, type SuperResolutionOptions } from './options.ts'
import type { Platform } from './platform/platform.ts'
import { answerPurge } from './request/purge.ts'
import { ConfigError } from './base/errors.ts'
import type { SigningKeys } from './signature.ts'
import { createBucketOrigin, createOrigin } from './origin/origin.ts'
import { optionsOfVariables, type OtherVariables, parseFlag } from './variables.ts'
import { platform as scriptPlatform } from './workers.ts'

/**
 * Set in wrangler.toml's [define]. Decides for which networks onnxruntime-web (14 MB) is bundled: `none`, the `others`
 * that our kernels do not run, or `all`.
 */
declare const ORT: 'none' | 'others' | 'all'

/**
 * Bindings and variables of wrangler.toml. An option's own variable is derived from its name (variables.ts). OPTIONS.md is
 * made of these comments and of those in variables.ts.
 */
interface Env extends OtherVariables {
  /** Files that are deployed beside the script: the playground, its samples and all weights (build/assets.ts). */
  readonly ASSETS: Fetcher
  /**
   * Where pictures come from, if not from the zone's own origin: `http(s)://host[/path]`.
   *
   * @default the zone's origin
   */
  readonly ORIGIN_URL?: string
  /**
   * Names of other hosts that the origin's redirects may lead to, with spaces between them. Redirects to any other host
   * are left to the visitor's browser.
   *
   * @default none
   */
  readonly ORIGIN_HOSTS?: string
  /**
   * An R2 bucket instead of a host; the path is the object's key.
   *
   * @default none
   */
  readonly ORIGIN_BUCKET?: R2Bucket
  /**
   * `none`: there is no origin, only our own pages (the demo).
   *
   * @default there is one
   */
  readonly ORIGIN?: 'none'
  /** The option `results`. */
  readonly RESULTS_BUCKET?: R2Bucket
  /** The option `models`. */
  readonly MODELS_BUCKET?: R2Bucket
  /** The option `analytics`. */
  readonly ANALYTICS?: AnalyticsEngineDataset
  /** The option `missLimit`. */
  readonly MISS_LIMIT?: RateLimit
}

/** Default of `edgeTtlSeconds` where purges do not reach other data centres: they keep a purged result at most this long. */
const UNREACHED_EDGE_TTL_SECONDS = 300

// Read once, here: a wrong variable fails the deploy, not the first visitor.
const env = untyped as unknown as Env
const purgeAccess = purgeAccessOf(env)
const options: SuperResolutionOptions = {
  edgeTtlSeconds: purgeAccess && !purgeAccess.zone ? UNREACHED_EDGE_TTL_SECONDS : undefined,
  ...optionsOfVariables(env),
  signing: signingKeysOf(env.SR_SIGNING_KEYS),
  results: env.RESULTS_BUCKET,
  models: env.MODELS_BUCKET,
  analytics: env.ANALYTICS,
  missLimit: env.MISS_LIMIT,
}
const service = createService(options, await choosePlatform())
const { platform, settings, models } = service
const { originTimeoutMs, maxOutputPixels, model, param } = settings

export default createApp({
  prefix: env.SR_PREFIX ?? '/_sr/',
  superResolution: (below) => createMiddleware(() => service, below),
  origin: originOf(env),
  hasPlayground: env.SR_PLAYGROUND !== undefined && parseFlag('SR_PLAYGROUND', env.SR_PLAYGROUND),
  assets: env.ASSETS,
  param,
  engines: platform.engines,
  maxOutputPixels,
  listModels: () => models.list(),
  checkHealth: () =>
    checkHealth(models, model, { RESULTS_BUCKET: env.RESULTS_BUCKET, MODELS_BUCKET: env.MODELS_BUCKET }),
  purge: purgeAccess && ((request) => answerPurge(request, purgeAccess, settings)),
})

/** Written so that the bundler sees an import that is never reached with ORT = 'none', and leaves onnxruntime out. */
async function choosePlatform(): Promise<Platform> {
  const kernelPlatform: Platform = { ...scriptPlatform, bundled: withAssets(env.ASSETS) }
  if (ORT !== 'none') {
    const { createWorkerdOrtEngine } = await import('./engine/ortWorkerd.ts')
    const ort = createWorkerdOrtEngine()
    if (ORT === 'all') return { ...kernelPlatform, engines: ort.name, engineFor: () => ort }
    const engineFor: Platform['engineFor'] = (network) =>
      supportsFused(network) ? kernelPlatform.engineFor(network) : ort
    return { ...kernelPlatform, engineFor }
  }
  return kernelPlatform
}

function purgeAccessOf({ SR_PURGE_SECRET: secret, SR_PURGE_ZONE: id, SR_PURGE_TOKEN: token }: Env) {
  if (!id !== !token) throw new ConfigError('SR_PURGE_ZONE, SR_PURGE_TOKEN: expected both or none')
  if (!secret) return undefined
  if (secret.length < MIN_SECRET) throw new ConfigError(`SR_PURGE_SECRET: expected at least ${MIN_SECRET} characters`)
  return { secret, zone: id && token ? { id, token } : undefined }
}

function signingKeysOf(text: string | undefined): SigningKeys | undefined {
  if (!text) return undefined
  const pairs = text
    .trim()
    .split(/\s+/)
    .map((pair) => /^([\w.~-]+):(.+)$/.exec(pair)?.slice(1))
  if (pairs.includes(undefined))
    throw new ConfigError('SR_SIGNING_KEYS: expected id:secret, with spaces between several')
  return Object.fromEntries(pairs as [string, string][])
}

function originOf({ ORIGIN, ORIGIN_BUCKET, ORIGIN_HOSTS = '', ORIGIN_URL }: Env) {
  if (ORIGIN === 'none') return undefined
  if (ORIGIN_BUCKET) return createBucketOrigin(ORIGIN_BUCKET)
  return createOrigin(ORIGIN_URL || undefined, originTimeoutMs, ORIGIN_HOSTS.split(/\s+/).filter(Boolean))
}
