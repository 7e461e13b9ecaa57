// The package's scripts: bundled by esbuild, with what they share in files of their own. Their modules and
// weights stay files beside them. Not minified, as whoever bundles an app does that: a stack trace says where.
import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { shippedName } from './shippedName.ts'
import { scriptOf } from './entries.ts'
import { EXTERNAL } from './manifest.ts'
import { ROOT } from './places.ts'

export interface ScriptSources {
  /** Each becomes a script, by paths in the repository; so does each that these start as a thread. */
  readonly scripts: readonly string[]
  /** Those of them that are commands. */
  readonly commands: readonly string[]
}

/** Returns the packages that are inside. */
export async function writeScripts(
  { scripts, commands }: ScriptSources,
  folder: string,
  root = ROOT,
): Promise<string[]> {
  const started = new Set<string>()
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: scripts.map((source) => ({ in: source, out: scriptOf(source) })),
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
    plugins: [besideTheScripts(root), startedScripts(root, started)],
  })
  const missing = [...started].filter((source) => !scripts.includes(source))
  if (missing.length > 0) {
    await rm(folder, { recursive: true }) // names of shared files change
    return writeScripts({ scripts: [...scripts, ...missing], commands }, folder, root)
  }
  for (const source of commands) await makeRunnable(join(folder, `${scriptOf(source)}.js`))
  return packagesIn(metafile)
}

/** Imports of wasm and weights stay, by the names that the files have in the package. */
function besideTheScripts(root: string): Plugin {
  return {
    name: 'beside the scripts',
    setup({ onResolve }) {
      onResolve({ filter: /\.(wasm|onnx)$/ }, ({ path, resolveDir }) => {
        const name = relative(root, join(resolveDir, path)).replace(/^dist\//, '')
        return { path: `./${shippedName(name)}`, external: true }
      })
    },
  }
}

/** A source that another names by `new URL('./thread.ts', import.meta.url)` is a script, too, and is called that there. */
function startedScripts(root: string, started: Set<string>): Plugin {
  return {
    name: 'started scripts',
    setup({ onLoad }) {
      onLoad({ filter: /\/worker\/.*\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8')
        const contents = source.replaceAll(/new URL\('(\.\.?\/[^']+\.ts)', import\.meta\.url\)/g, (_, name: string) => {
          const other = relative(root, join(dirname(path), name))
          started.add(other)
          return `new URL('./${scriptOf(other)}.js', import.meta.url)`
        })
        return { contents, loader: 'ts' }
      })
    },
  }
}

/** `@jsquash/jpeg` where some of it was bundled. */
function packagesIn({ inputs }: Metafile): string[] {
  const names = Object.keys(inputs).map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
  return [...new Set(names.filter((name) => name !== undefined))]
}

/** A command begins with a line that says what runs it; that of its source may be another. */
async function makeRunnable(path: string): Promise<void> {
  const script = await readFile(path, 'utf8')
  await writeFile(path, `#!/usr/bin/env node\n${script.replace(/^#!.*\n/, '')}`)
  await chmod(path, 0o755)
}
