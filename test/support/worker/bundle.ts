// Bundles a worker for a test or a measurement with esbuild. The wasm and weights that it imports become modules of
// their own, as miniflare expects.
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { build, type Plugin } from 'esbuild'

export interface WorkerModule {
  readonly type: 'ESModule' | 'CompiledWasm' | 'Data'
  readonly path: string
  readonly contents: string | Uint8Array
}

/**
 * Returns the modules of a worker, the entry first. `prelude` is JavaScript that runs before the worker's own. `define`
 * works as in wrangler.toml.
 */
export async function bundleWorker(
  entry: string,
  prelude = '',
  define: Record<string, string> = {},
): Promise<WorkerModule[]> {
  const files = new Set<string>()
  const bundle = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    define,
    plugins: [besideTheBundle(files)],
  })
  return [
    { type: 'ESModule', path: 'index.mjs', contents: prelude + bundle.outputFiles[0].text },
    ...Array.from(files, (file): WorkerModule => {
      const type = file.endsWith('.wasm') ? 'CompiledWasm' : 'Data'
      return { type, path: basename(file), contents: readFileSync(file) }
    }),
  ]
}

const RESOLVING = {}

/**
 * Keeps imported wasm and weights outside the bundle, which then imports them by file name. Adds the paths of these
 * files to `files`.
 */
function besideTheBundle(files: Set<string>): Plugin {
  return {
    name: 'beside the bundle',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /\.(wasm|onnx)$/ }, async ({ path, kind, resolveDir, pluginData }) => {
        if (pluginData === RESOLVING) return undefined
        const found = await resolve(path, { kind, resolveDir, pluginData: RESOLVING })
        if (found.errors.length > 0) return { errors: found.errors }
        files.add(found.path)
        return { path: `./${basename(found.path)}`, external: true }
      })
    },
  }
}
