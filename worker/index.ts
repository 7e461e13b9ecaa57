// The Worker's entry: turns `Env` into options, and the options into the app. Only this file knows `Env`.
import { env as untyped } from 'cloudflare:workers'
import { createApp } from './app.ts'
import { withAssets } from './platform/workersFiles.ts'
import { supportsFused } from './engine/fused.ts'
import { checkHealth, rememberChecks } from './request/health.ts'
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
 * Set in wrangler.toml's [define]. Decides for which networks onnxruntime-web (14 MB) is bundled: `none`, `others`
 * (those that our kernels cannot run) or `all`.
 */
declare const ORT: 'none' | 'others' | 'all'

/**
 * Bindings and variables of wrangler.toml. Variables that are derived from an option's name are not listed here (see
 * variables.ts). OPTIONS.md is generated from these comments and from those in variables.ts.
 */
interface Env extends OtherVariables {
  /** Files that are deployed beside the script: the playground, its samples and all weights (build/assets.ts). */
  readonly ASSETS: Fetcher
  /**
   * The origin that pictures come from, as `http(s)://host[/path]`, if it is not the zone's own origin.
   *
   * @default the zone's origin
   */
  readonly ORIGIN_URL?: string
  /**
   * Other hosts to which the worker follows the origin's redirects: names with spaces between them. A redirect to any
   * other host is passed on to the visitor's browser.
   *
   * @default none
   */
  readonly ORIGIN_HOSTS?: string
  /**
   * An R2 bucket that pictures come from, instead of a host. The URL's path is the object's key.
   *
   * @default none
   */
  readonly ORIGIN_BUCKET?: R2Bucket
  /**
   * `none` means that there is no origin, only our own pages (the demo).
   *
   * @default an origin
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

/**
 * Default of `edgeTtlSeconds` if purges do not reach other data centres, which then keep a purged result for that long.
 */
const UNREACHED_EDGE_TTL_SECONDS = 300

// The variables are read once, at start, so that a wrong one makes the deploy fail and not the first request.
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
const { originTimeoutMs, maxOutputPixels, model } = settings

export default createApp({
  prefix: env.SR_PREFIX ?? '/_sr/',
  superResolution: (below) => createMiddleware(() => service, below),
  origin: originOf(env),
  hasPlayground: env.SR_PLAYGROUND !== undefined && parseFlag('SR_PLAYGROUND', env.SR_PLAYGROUND),
  assets: env.ASSETS,
  offered: settings,
  engines: platform.engines,
  maxOutputPixels,
  listModels: () => models.list(),
  checkHealth: rememberChecks(() =>
    checkHealth(models, model, { RESULTS_BUCKET: env.RESULTS_BUCKET, MODELS_BUCKET: env.MODELS_BUCKET }),
  ),
  purge: purgeAccess && ((request) => answerPurge(request, purgeAccess, settings)),
})

/**
 * Returns the engines that ORT asks for. The import is inside the condition, so that the bundler leaves onnxruntime-web
 * out if ORT is `none`.
 */
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
