// The worker as it is deployed, run by miniflare in real workerd: the very files that `wrangler deploy --dry-run`
// writes, with simulated R2, Cache API and static assets.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Miniflare, type MiniflareOptions } from 'miniflare'
import './atomicsWait.ts'
import type { WorkerModule } from './bundle.ts'

export const ROOT = join(import.meta.dirname, '../../..')
export const WRANGLER_TOML = join(ROOT, 'wrangler.toml')
/** Where build.ts puts the standalone worker, the one with onnxruntime, and an app that mounts the middleware. */
export const BUNDLE = join(ROOT, 'dist/worker')
export const ORT_BUNDLE = join(ROOT, 'dist/ort-worker')
export const OTHER_BUNDLE = join(ROOT, 'dist/other-worker')
/** Where build.ts writes what a worker needs of wrangler.toml, a WorkerConfig for each environment. */
export const CONFIGS = join(ROOT, 'dist/worker-configs.json')

export interface WorkerConfig {
  /** The compatibility date. */
  readonly date: string
  /** Compatibility flags. */
  readonly flags: readonly string[]
  /** The folder of static assets, relative to the repository. */
  readonly assets: string
}

export interface WorkerOptions {
  /** Default: BUNDLE. */
  readonly bundle?: string
  /** An environment of wrangler.toml. Default: none, the top level. */
  readonly env?: string
  /** Variables of wrangler.toml: ORIGIN_URL, SR_PREFIX, ... */
  readonly vars?: Record<string, string>
  /** R2 buckets to bind: RESULTS_BUCKET, MODELS_BUCKET, ORIGIN_BUCKET. */
  readonly buckets?: readonly string[]
  /** Binds MISS_LIMIT with this number of requests in a minute. */
  readonly missLimit?: number
  /** Folder of the simulated buckets. Default: none, the buckets end with the worker. */
  readonly bucketFolder?: string
  /** Answers the requests of the worker to the outside. Default: the network. */
  readonly outbound?: (request: Request) => Response | Promise<Response>
  /** The port of workerd's inspector, 0 for any free one. Default: no inspector. */
  readonly inspectorPort?: number
  /** Receives each line that the worker logs. Default: they go to this terminal. */
  readonly log?: (line: string) => void
  /** JavaScript that runs before the worker's own. */
  readonly prelude?: string
  /** Modules instead of a bundle, as bundle.ts makes them. */
  readonly modules?: readonly WorkerModule[]
  /** Compatibility flags in addition to those of wrangler.toml. */
  readonly flags?: readonly string[]
}

const TYPES = { '.js': 'ESModule', '.wasm': 'CompiledWasm', '.onnx': 'Data', '.bin': 'Data' } as const

/** Starts a worker. The caller disposes of it; in tests startSite (site.ts) does both. */
export async function startWorker(options: WorkerOptions = {}): Promise<Miniflare> {
  const config = configOf(options.env)
  const { bundle = BUNDLE, log, prelude, modules = modulesOf(bundle, prelude), flags = [] } = options
  const miniflare = new Miniflare({
    compatibilityDate: config.date,
    compatibilityFlags: [...config.flags, ...flags],
    modules,
    bindings: { ...options.vars },
    r2Buckets: [...(options.buckets ?? [])],
    r2Persist: options.bucketFolder ?? false,
    ratelimits:
      options.missLimit === undefined ? {} : { MISS_LIMIT: { simple: { limit: options.missLimit, period: 60 } } },
    assets: {
      directory: join(ROOT, config.assets),
      binding: 'ASSETS',
      routerConfig: { has_user_worker: true, invoke_user_worker_ahead_of_assets: true },
    },
    // miniflare's types name the Request and Response of undici, which are the global ones.
    outboundService: options.outbound,
    inspectorPort: options.inspectorPort,
    handleStructuredLogs: log && (({ message }: { message: string }) => log(message)),
    cf: false,
  } as MiniflareOptions)
  await miniflare.ready
  return miniflare
}

function configOf(env = ''): WorkerConfig {
  const configs = JSON.parse(readFileSync(CONFIGS, 'utf8')) as Record<string, WorkerConfig>
  if (!configs[env]) throw new Error(`build.ts reads no environment ${env} of wrangler.toml`)
  return configs[env]
}

/** Returns the modules of a bundle, its entry first. */
export function modulesOf(bundle: string, prelude?: string): WorkerModule[] {
  const files = readdirSync(bundle).filter((file) => extensionOf(file) in TYPES)
  files.sort((a, b) => Number(b === 'index.js') - Number(a === 'index.js'))
  return files.map((file) => ({
    type: TYPES[extensionOf(file) as keyof typeof TYPES],
    path: file,
    contents: contentsOf(join(bundle, file), file === 'index.js' ? prelude : undefined),
  }))
}

function contentsOf(path: string, prelude?: string): Uint8Array {
  const contents = readFileSync(path)
  return prelude ? Buffer.concat([Buffer.from(prelude), contents]) : contents
}

function extensionOf(file: string): string {
  return file.slice(file.lastIndexOf('.'))
}
