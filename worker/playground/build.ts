// The playground's files, as they are served: page and styles as they are, scripts bundled, and the modules that a
// picture made in a browser needs, each a file that is fetched when it is needed.
import { cp, mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { buildKernel, buildPictureKernel, KERNEL_NAMES } from '../engine/kernel/compile.ts'
import { ARITHMETICS } from '../engine/kernel/source.ts'

const HERE = import.meta.dirname
const DIST = join(HERE, '../../dist')
const PAGES = ['index.html', 'playground.css']
const MODULES = [
  'photon',
  'mozjpeg_dec',
  'mozjpeg_enc',
  'jpeg_symbols',
  'webp_dec',
  'webp_enc_simd',
]
/** Of onnxruntime-web's builds with WebGPU the only one that is smaller than a static asset may be. */
const ORT_FILES = ['ort-wasm-simd-threaded.jspi.mjs', 'ort-wasm-simd-threaded.jspi.wasm']

/** Into `target`; the codecs' modules must lie in dist/ already. */
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
  for (const folder of ['codec', 'kernel', 'ort'])
    await mkdir(join(target, folder), { recursive: true })
  for (const file of PAGES) await cp(join(HERE, file), join(target, file))
  for (const name of MODULES)
    await lay(join(DIST, `codec/${name}.wasm`), target, `codec/${name}.wasm`)
  await buildPictureKernel()
  await lay(join(DIST, 'kernel/picture.wasm'), target, 'kernel/picture.wasm')
  for (const kind of ARITHMETICS) {
    for (const name of KERNEL_NAMES) {
      await buildKernel(name, kind)
      await lay(join(DIST, `kernel/${name}-${kind}.wasm`), target, `kernel/${name}-${kind}.wasm`)
    }
  }
  const { resolve } = createRequire(import.meta.url)
  for (const file of ORT_FILES) await lay(resolve(`onnxruntime-web/${file}`), target, `ort/${file}`)
}

function lay(from: string, target: string, name: string): Promise<void> {
  return cp(from, join(target, name))
}
