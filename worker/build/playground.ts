// The playground's files, as they are served: page and styles as they are, scripts bundled, and the modules that a
// picture made in a browser needs, each a file that is fetched when it is needed.
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { MODULES, readArtefact } from './artefacts.ts'

const HERE = join(import.meta.dirname, '../playground')
const PAGES = ['index.html', 'playground.css']
/** Of onnxruntime-web's builds with WebGPU the only one that is smaller than a static asset may be. */
const ORT_FILES = ['ort-wasm-simd-threaded.jspi.mjs', 'ort-wasm-simd-threaded.jspi.wasm']

/** Into `target`. */
export async function buildPlayground(target: string): Promise<void> {
  await build({
    entryPoints: ['page.ts', 'enlarge.ts'].map((file) => join(HERE, file)),
    outdir: target,
    bundle: true,
    splitting: true, // onnxruntime is a chunk of its own
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['browser', 'onnxruntime-web-use-extern-wasm'],
    legalComments: 'none',
    logLevel: 'warning',
  })
  for (const file of PAGES) await cp(join(HERE, file), join(target, file))
  for (const name of MODULES) await lay(await readArtefact(name), join(target, name))
  const { resolve } = createRequire(import.meta.url)
  for (const file of ORT_FILES) await cp(resolve(`onnxruntime-web/${file}`), join(target, 'ort', file))
}

async function lay(module: Uint8Array, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, module)
}
