// The worker as it deploys, run by miniflare in real workerd: the very files that
// `wrangler deploy --dry-run` writes, with real R2, Cache API and static assets behind them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Miniflare, type MiniflareOptions } from 'miniflare'
import { unstable_readConfig as readConfig } from 'wrangler'
import type { WorkerModule } from './bundle.ts'

export const ROOT = join(import.meta.dirname, '../../..')
/** Where build.ts puts the standalone worker, that with onnxruntime, and somebody else's that mounts the middleware. */
export const BUNDLE = join(ROOT, 'dist/worker')
export const ORT_BUNDLE = join(ROOT, 'dist/ort-worker')
export const OTHER_BUNDLE = join(ROOT, 'dist/other-worker')

export interface WorkerOptions {
  /** Default: BUNDLE. */
  readonly bundle?: string
  /** An environment of wrangler.toml. Default: none, the top level. */
  readonly env?: string
  /** Variables of wrangler.toml: ORIGIN_URL, SR_PREFIX, ... */
  readonly vars?: Record<string, string>
  /** R2 buckets to bind: RESULTS_BUCKET, MODELS_BUCKET, ORIGIN_BUCKET. */
  readonly buckets?: readonly string[]
  /** Binds MISS_LIMIT: so many in a minute. */
  readonly missLimit?: number
  /** Folder of the simulated buckets; default: none, they end with the worker. */
  readonly bucketFolder?: string
  /** Answers what the worker fetches from the outside; default: the network. */
  readonly outbound?: (request: Request) => Response | Promise<Response>
  /** The port of workerd's inspector, 0 for any; with it a debugger, or inspector.ts, can look in. */
  readonly inspectorPort?: number
  /** Takes each line that the worker logs; default: they go to this terminal. */
  readonly log?: (line: string) => void
  /** JavaScript to run before the worker's own. */
  readonly prelude?: string
  /** Instead of a bundle: bundle.ts makes them. */
  readonly modules?: readonly WorkerModule[]
  /** Compatibility flags beside those of wrangler.toml. */
  readonly flags?: readonly string[]
}

/**
 * Miniflare's bindings wait for their thread, and take its late wake-up for an earlier answer for the one to this
 * call: https://github.com/cloudflare/workers-sdk/pull/15552, mended in versions that want a newer Node. So
 * whoever waits here, without an end, goes on only when the value is another.
 */
const { wait } = Atomics
Atomics.wait = ((array: Int32Array, index: number, value: number, timeout?: number) => {
  if (timeout !== undefined) return wait(array, index, value, timeout)
  let outcome = wait(array, index, value)
  while (outcome === 'ok' && Atomics.load(array, index) === value) outcome = wait(array, index, value)
  return outcome
}) as typeof Atomics.wait

const TYPES = { '.js': 'ESModule', '.wasm': 'CompiledWasm', '.onnx': 'Data', '.bin': 'Data' } as const

/** Starts a worker; call `dispose()` when done. */
export async function startWorker(options: WorkerOptions = {}): Promise<Miniflare> {
  const config = readConfig({ config: join(ROOT, 'wrangler.toml'), env: options.env }, { hideWarnings: true })
  const { bundle = BUNDLE, log, prelude, modules = modulesOf(bundle, prelude), flags = [] } = options
  const miniflare = new Miniflare({
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: [...config.compatibility_flags, ...flags],
    modules,
    bindings: { ...options.vars },
    r2Buckets: [...(options.buckets ?? [])],
    r2Persist: options.bucketFolder ?? false,
    ratelimits:
      options.missLimit === undefined ? {} : { MISS_LIMIT: { simple: { limit: options.missLimit, period: 60 } } },
    assets: {
      directory: join(ROOT, config.assets!.directory),
      binding: 'ASSETS',
      routerConfig: { has_user_worker: true, invoke_user_worker_ahead_of_assets: true },
    },
    // miniflare types its own Request and Response (undici's); ours are the same things.
    outboundService: options.outbound,
    inspectorPort: options.inspectorPort,
    handleStructuredLogs: log && (({ message }: { message: string }) => log(message)),
    cf: false,
  } as MiniflareOptions)
  await miniflare.ready
  return miniflare
}

/** The entry comes first. */
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
