// Builds the playground's files: copies its page and styles, bundles its scripts, and writes each WebAssembly module to
// a separate file, which the browser fetches on demand.
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { MODULE_NAMES, readArtefact } from './artefacts.ts'

const HERE = join(import.meta.dirname, '../playground')
const PAGES = ['index.html', 'playground.css']
/** The only build of onnxruntime-web with WebGPU that is below the size limit of a static asset. */
const ORT_FILES = ['ort-wasm-simd-threaded.jspi.mjs', 'ort-wasm-simd-threaded.jspi.wasm']

/** Writes the playground's files to the folder `target`. */
export async function buildPlayground(target: string): Promise<void> {
  await build({
    entryPoints: ['page.ts', 'enlarge.ts'].map((file) => join(HERE, file)),
    outdir: target,
    bundle: true,
    splitting: true, // so onnxruntime becomes a chunk of its own
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['browser', 'onnxruntime-web-use-extern-wasm'],
    legalComments: 'none',
    logLevel: 'warning',
  })
  for (const file of PAGES) await cp(join(HERE, file), join(target, file))
  for (const name of MODULE_NAMES) await write(await readArtefact(name), join(target, name))
  const { resolve } = createRequire(import.meta.url)
  for (const file of ORT_FILES) await cp(resolve(`onnxruntime-web/${file}`), join(target, 'ort', file))
}

async function write(module: Uint8Array, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, module)
}
