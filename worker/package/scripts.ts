// The package's scripts, bundled by esbuild with their shared code in separate files. WebAssembly and weights stay
// separate files in the same folder: `.wasm` for Workers, and scripts that contain them (embedded.ts). The others are
// not minified, so that stack traces stay readable; an app's bundler minifies them anyway.
import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import type { ArtefactName } from '../base/artefacts.ts'
import { embeddedModule, embeddedName } from './embedded.ts'
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
  /** All artefacts, which are scripts in the package. */
  readonly artefacts: readonly ArtefactName[]
}

export interface WrittenScripts {
  /** Names of the npm packages that were bundled into the scripts. */
  readonly packages: readonly string[]
  /** The WebAssembly files that the scripts import in Workers. */
  readonly modules: readonly string[]
}

/** Writes the scripts to `folder`. */
export async function writeScripts(
  { scripts, commands, artefacts }: ScriptSources,
  folder: string,
  root = REPOSITORY,
): Promise<WrittenScripts> {
  const started = new Set<string>()
  const modules = new Set<string>()
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
    plugins: [
      besideTheScripts(root, modules),
      embeddedArtefacts(artefacts),
      startedScripts(root, started),
      gluesWithoutFiles(),
    ],
  })
  const missing = [...started].filter((source) => !scripts.includes(source))
  if (missing.length > 0) {
    await rm(folder, { recursive: true }) // the second build may give shared files other names
    return writeScripts({ scripts: [...scripts, ...missing], commands, artefacts }, folder, root)
  }
  for (const source of commands) await makeRunnable(join(folder, `${scriptOf(source)}.js`))
  return { packages: packagesIn(metafile), modules: [...modules] }
}

/**
 * Writes each source to `folder` as CommonJS, too. `require` returns its default export, with all exports as
 * properties, so that it does not matter how a caller reads the default export.
 */
export async function writeRequired(sources: readonly string[], folder: string, root = REPOSITORY): Promise<void> {
  const footer = 'module.exports = Object.assign(module.exports.default, module.exports, { __esModule: true });'
  for (const source of sources) {
    await build({
      absWorkingDir: root,
      entryPoints: [source],
      outfile: join(folder, `${scriptOf(source)}.cjs`),
      bundle: true,
      format: 'cjs',
      target: 'es2022',
      platform: 'node', // else esbuild leaves out the names of the exports, which `import` in Node looks for
      footer: { js: footer },
      logLevel: 'warning',
    })
  }
}

/**
 * Keeps the imports of WebAssembly and weights instead of bundling these files. WebAssembly stays a file, whose name is
 * added to `modules`. Weights become scripts.
 */
function besideTheScripts(root: string, modules: Set<string>): Plugin {
  return {
    name: 'beside the scripts',
    setup({ onResolve }) {
      onResolve({ filter: /\.(wasm|onnx)$/ }, ({ path, resolveDir }) => {
        const name = relative(root, join(resolveDir, path)).replace(/^dist\//, '')
        if (name.endsWith('.wasm')) modules.add(name)
        return { path: `./${name.endsWith('.wasm') ? name : embeddedName(name)}`, external: true }
      })
    },
  }
}

/** Writes the module `embedded-artefacts`, and keeps its imports of the artefacts' scripts. */
function embeddedArtefacts(artefacts: readonly ArtefactName[]): Plugin {
  const namespace = 'embedded-artefacts'
  return {
    name: namespace,
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^embedded-artefacts$/ }, ({ path }) => ({ path, namespace }))
      onResolve({ filter: /./, namespace }, ({ path }) => ({ path, external: true }))
      onLoad({ filter: /./, namespace }, () => ({ contents: embeddedModule(artefacts) }))
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

/**
 * Hides from bundlers that Emscripten's glue may load a file beside it: `new URL('webp_dec.wasm', import.meta.url)`. It
 * never does here, because it is given the compiled module.
 */
function gluesWithoutFiles(): Plugin {
  return {
    name: 'glues without files',
    setup({ onLoad }) {
      onLoad({ filter: /@jsquash\/.*\.js$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8')
        return { contents: source.replaceAll('import.meta', "({ url: 'https://localhost' })"), loader: 'js' }
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
