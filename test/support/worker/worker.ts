// Runs the deployed worker in real workerd through miniflare: the same files that `wrangler deploy --dry-run` writes,
// with simulated R2, Cache API and static assets.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Miniflare, type MiniflareOptions } from 'miniflare'
import './atomicsWait.ts'
import type { WorkerModule } from './bundle.ts'

export const ROOT = join(import.meta.dirname, '../../..')
export const WRANGLER_TOML = join(ROOT, 'wrangler.toml')
/**
 * Folders of the bundles that build.ts makes: the standalone worker, the worker with onnxruntime, and
 * test/support/mountedApp.
 */
export const BUNDLE = join(ROOT, 'dist/worker')
export const ORT_BUNDLE = join(ROOT, 'dist/ort-worker')
export const OTHER_BUNDLE = join(ROOT, 'dist/other-worker')
/** File into which build.ts writes a WorkerConfig for each environment of wrangler.toml. */
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
  /** Folder of the bundle to run. Default: BUNDLE. */
  readonly bundle?: string
  /** Environment of wrangler.toml. Default: the top level of the file. */
  readonly env?: string
  /** Variables of wrangler.toml: ORIGIN_URL, SR_PREFIX, ... */
  readonly vars?: Record<string, string>
  /** R2 buckets to bind: RESULTS_BUCKET, MODELS_BUCKET, ORIGIN_BUCKET. */
  readonly buckets?: readonly string[]
  /** Requests per minute that the binding MISS_LIMIT allows. Default: no such binding. */
  readonly missLimit?: number
  /** Folder in which the simulated buckets are stored. Default: they are lost when the worker is disposed of. */
  readonly bucketFolder?: string
  /** Answers the requests that the worker sends out. Default: they go to the network. */
  readonly outbound?: (request: Request) => Response | Promise<Response>
  /** Port of workerd's inspector. 0 means any free port. Default: no inspector. */
  readonly inspectorPort?: number
  /** Receives each line that the worker logs. Default: the terminal shows them. */
  readonly log?: (line: string) => void
  /** JavaScript that runs before the worker's own. */
  readonly prelude?: string
  /** Modules to run instead of a bundle, as bundleWorker (bundle.ts) returns them. */
  readonly modules?: readonly WorkerModule[]
  /** Compatibility flags in addition to those of wrangler.toml. */
  readonly flags?: readonly string[]
}

const TYPES = { '.js': 'ESModule', '.wasm': 'CompiledWasm', '.onnx': 'Data', '.bin': 'Data' } as const

/** Starts a worker. The caller must dispose of it. In tests, startSite (site.ts) does both. */
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
    // miniflare's types use undici's Request and Response, but these are the same classes as the global ones.
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
  if (!configs[env]) throw new Error(`build.ts does not read the environment ${env} of wrangler.toml`)
  return configs[env]
}

/** Returns the modules in the folder of a bundle, the entry first. */
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
