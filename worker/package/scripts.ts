// The package's scripts: bundled by esbuild, with what they share in files of their own. Their modules and
// weights stay files beside them. Not minified, as whoever bundles an app does that: a stack trace says where.
import { chmod, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { shippedName } from '../made/shippedName.ts'
import { scriptOf } from './entries.ts'
import { EXTERNAL } from './manifest.ts'
import { ROOT } from './places.ts'

/** Writes one for each source, and one for each that these start as a thread. Returns the packages that are inside. */
export async function writeScripts(sources: readonly string[], folder: string): Promise<string[]> {
  const started = new Set<string>()
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: sources.map((source) => ({ in: source, out: scriptOf(source) })),
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    conditions: ['package'],
    external: EXTERNAL,
    chunkNames: '[name]-[hash]',
    legalComments: 'none', // THIRD-PARTY.md
    preserveSymlinks: true, // names of files are in comments
    metafile: true,
    logLevel: 'warning',
    plugins: [besideTheScripts, startedScripts(started)],
  })
  const missing = [...started].filter((source) => !sources.includes(source))
  if (missing.length > 0) return writeScripts([...sources, ...missing], folder)
  for (const path of Object.keys(metafile.outputs)) await makeRunnable(join(ROOT, path))
  return packagesIn(metafile)
}

/** Imports of wasm and weights stay, by the names that the files have in the package. */
const besideTheScripts: Plugin = {
  name: 'beside the scripts',
  setup({ onResolve }) {
    onResolve({ filter: /\.(wasm|onnx)$/ }, ({ path, resolveDir }) => {
      const name = relative(ROOT, join(resolveDir, path)).replace(/^dist\//, '')
      return { path: `./${shippedName(name)}`, external: true }
    })
  },
}

/** A source that another names by `new URL('./thread.ts', import.meta.url)` is a script, too, and is called that there. */
function startedScripts(started: Set<string>): Plugin {
  return {
    name: 'started scripts',
    setup({ onLoad }) {
      onLoad({ filter: /\/worker\/.*\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8')
        const contents = source.replaceAll(
          /new URL\('(\.\.?\/[^']+\.ts)', import\.meta\.url\)/g,
          (_, name: string) => {
            const other = relative(ROOT, join(dirname(path), name))
            started.add(other)
            return `new URL('./${scriptOf(other)}.js', import.meta.url)`
          },
        )
        return { contents, loader: 'ts' }
      })
    },
  }
}

/** `@jsquash/jpeg` where some of it was bundled. */
function packagesIn({ inputs }: Metafile): string[] {
  const names = Object.keys(inputs).map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]) // prettier-ignore
  return [...new Set(names.filter((name) => name !== undefined))]
}

/** Commands begin with a line that says what runs them. */
async function makeRunnable(path: string): Promise<void> {
  if ((await readFile(path, 'utf8')).startsWith('#!')) await chmod(path, 0o755)
}
