// The Worker's entry: env -> options -> app. The only file that knows `Env`.
import { env as untyped } from 'cloudflare:workers'
import { createApp } from './app.ts'
import { withAssets } from './platform/workersFiles.ts'
import { supportsFused } from './engine/fused.ts'
import { checkHealth } from './request/health.ts'
import { createMiddleware, createService } from './middleware.ts'
import { MIN_SECRET } from './options.ts'
import type { Platform } from './platform/platform.ts'
import { answerPurge } from './request/purge.ts'
import { ConfigError } from './base/errors.ts'
import type { SigningKeys } from './signature.ts'
import { createBucketOrigin, createOrigin } from './origin/origin.ts'
import { platform as scriptPlatform } from './workers.ts'

/**
 * By wrangler.toml's [define], which decides what is bundled: onnxruntime-web (14 MB) for `none` of the
 * networks, for the `others` that the kernel does not run, or for `all`.
 */
declare const ORT: 'none' | 'others' | 'all'

/** Bindings and variables of wrangler.toml. */
interface Env {
  readonly ASSETS: Fetcher
  /** Another host to stand in front of, with an optional path: `https://images.example/base`. */
  readonly ORIGIN_URL?: string
  /** Hosts beside it that its redirects may lead to, with spaces between them. */
  readonly ORIGIN_HOSTS?: string
  readonly ORIGIN_BUCKET?: R2Bucket
  /** `none`: there is no origin, only our own pages. */
  readonly ORIGIN?: 'none'
  readonly RESULTS_BUCKET?: R2Bucket
  readonly MODELS_BUCKET?: R2Bucket
  readonly ANALYTICS?: AnalyticsEngineDataset
  /** On what has to be made anew, by the visitor's address. */
  readonly MISS_LIMIT?: RateLimit
  /** `false`: every picture comes back as it was. */
  readonly SR_ENABLED?: string
  readonly SR_PREFIX?: string
  /** `true`: a page under the prefix where visitors try it. */
  readonly SR_PLAYGROUND?: string
  readonly SR_PARAM?: string
  readonly SR_MODEL?: string
  readonly SR_ALLOW_ORIGIN?: string
  /** What sr-width and sr-height may be, with spaces between them. */
  readonly SR_SIZES?: string
  readonly SR_ORIGIN_TIMEOUT_MS?: string
  readonly SR_SOURCE_TIMEOUT_MS?: string
  readonly SR_MAX_OUTPUT_PIXELS?: string
  readonly SR_MAX_CPU_MS?: string
  readonly SR_MAX_MEMORY_BYTES?: string
  readonly SR_MAX_WAITING?: string
  readonly SR_MAX_WAIT_MS?: string
  /** A secret: `id:secret`, several with a space between them. */
  readonly SR_SIGNING_KEYS?: string
  readonly SR_EDGE_TTL_SECONDS?: string
  /** A secret: the bearer token of /_sr/purge. */
  readonly SR_PURGE_SECRET?: string
  /** For edge caches elsewhere: the zone's id, and as a secret a token that may purge its cache. */
  readonly SR_PURGE_ZONE?: string
  readonly SR_PURGE_TOKEN?: string
}

/** How long edge caches elsewhere may go on with what was purged here, unless somebody says so. */
const UNREACHED_EDGE_TTL_SECONDS = 300

// Read once, here: a wrong variable fails the deploy, not the first visitor.
const env = untyped as unknown as Env
const purgeAccess = purgeAccessOf(env)
const options = {
  enabled: env.SR_ENABLED === undefined ? undefined : flagOf('SR_ENABLED', env.SR_ENABLED),
  param: env.SR_PARAM,
  model: env.SR_MODEL,
  allowOrigin: env.SR_ALLOW_ORIGIN,
  sizes: env.SR_SIZES?.split(/\s+/).filter(Boolean).map(Number),
  originTimeoutMs: numberOf(env.SR_ORIGIN_TIMEOUT_MS),
  sourceTimeoutMs: numberOf(env.SR_SOURCE_TIMEOUT_MS),
  maxOutputPixels: numberOf(env.SR_MAX_OUTPUT_PIXELS),
  maxCpuMs: numberOf(env.SR_MAX_CPU_MS),
  maxMemoryBytes: numberOf(env.SR_MAX_MEMORY_BYTES),
  maxWaiting: numberOf(env.SR_MAX_WAITING),
  maxWaitMs: numberOf(env.SR_MAX_WAIT_MS),
  signing: signingKeysOf(env.SR_SIGNING_KEYS),
  edgeTtlSeconds:
    numberOf(env.SR_EDGE_TTL_SECONDS) ?? (purgeAccess && !purgeAccess.zone ? UNREACHED_EDGE_TTL_SECONDS : undefined),
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
  hasPlayground: env.SR_PLAYGROUND !== undefined && flagOf('SR_PLAYGROUND', env.SR_PLAYGROUND),
  assets: env.ASSETS,
  param,
  engines: platform.engines,
  maxOutputPixels,
  listModels: () => models.list(),
  checkHealth: () =>
    checkHealth(models, model, { RESULTS_BUCKET: env.RESULTS_BUCKET, MODELS_BUCKET: env.MODELS_BUCKET }),
  purge: purgeAccess && ((request) => answerPurge(request, purgeAccess, settings)),
})

/** In this form the bundler sees an import that is never reached, and leaves onnxruntime out. */
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

function flagOf(name: string, text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw new ConfigError(`${name}: expected true or false, got "${text}"`)
}

/** The options say what is wrong with NaN. */
function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
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
