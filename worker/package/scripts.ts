// The package's scripts, bundled by esbuild with their shared code in separate files. WebAssembly and weights stay
// separate files in the same folder. Scripts are not minified, so that stack traces stay readable; an app's bundler
// minifies them anyway.
import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { shippedName } from './shippedName.ts'
import { scriptOf } from './entries.ts'
import { EXTERNAL } from './manifest.ts'
import { REPOSITORY } from './places.ts'

export interface ScriptSources {
  /**
   * Paths of sources in the repository. Each source becomes a script, and so do the sources that it starts as threads.
   */
  readonly scripts: readonly string[]
  /** The sources in `scripts` that users run as commands. */
  readonly commands: readonly string[]
}

/** Writes the scripts to `folder` and returns the names of the npm packages that were bundled into them. */
export async function writeScripts(
  { scripts, commands }: ScriptSources,
  folder: string,
  root = REPOSITORY,
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
    legalComments: 'none', // the licences are in THIRD-PARTY.md
    preserveSymlinks: true, // else esbuild's comments would name the targets of links
    metafile: true,
    logLevel: 'warning',
    plugins: [besideTheScripts(root), startedScripts(root, started)],
  })
  const missing = [...started].filter((source) => !scripts.includes(source))
  if (missing.length > 0) {
    await rm(folder, { recursive: true }) // the second build may give shared files other names
    return writeScripts({ scripts: [...scripts, ...missing], commands }, folder, root)
  }
  for (const source of commands) await makeRunnable(join(folder, `${scriptOf(source)}.js`))
  return packagesIn(metafile)
}

/**
 * Keeps the imports of WebAssembly and weights instead of bundling these files. Changes their names to those in the
 * package.
 */
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

/**
 * Finds sources that another source names in `new URL('./thread.ts', import.meta.url)`. Adds them to `started`, and
 * replaces the URL with the built script's URL.
 */
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

/** Returns the names of the npm packages whose files were bundled, such as `@jsquash/jpeg`. */
function packagesIn({ inputs }: Metafile): string[] {
  const names = Object.keys(inputs).map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
  return [...new Set(names.filter((name) => name !== undefined))]
}

/** Makes a command executable and replaces the source's `#!` line, which may name another program, with Node's. */
async function makeRunnable(path: string): Promise<void> {
  const script = await readFile(path, 'utf8')
  await writeFile(path, `#!/usr/bin/env node\n${script.replace(/^#!.*\n/, '')}`)
  await chmod(path, 0o755)
}
