// Artefacts as scripts, because every bundler and every packer understands scripts. Other files are left behind (Nitro,
// @vercel/nft), are not found beside a bundle of one file (esbuild), or are read as text (Vite's dependency optimizer).
// Only WebAssembly in Workers must stay files, because workerd compiles none at run time.
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import type { ArtefactName } from '../base/artefacts.ts'

const compress = promisify(brotliCompress)
const LARGEST_WINDOW = { params: { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS } }

/** Returns the name of an artefact's script: `models/fast-x2.js` for `models/fast-x2.onnx`. */
export function embeddedName(name: string): string {
  return name.replace(/\.\w+$/, '.js')
}

/**
 * Returns the script of an artefact, whose default export is the artefact in base64. WebAssembly is compressed with
 * Brotli before, to a quarter of its size. Weights are not, because they hardly shrink, and Workers have no Brotli.
 */
export async function embeddedScript(name: ArtefactName, artefact: Uint8Array): Promise<string> {
  const bytes = name.endsWith('.wasm') ? await compress(artefact, LARGEST_WINDOW) : artefact
  return `export default ${JSON.stringify(Buffer.from(bytes).toString('base64'))}\n`
}

/**
 * Returns the module `embedded-artefacts`, which package/artefacts.ts imports. Every import names its script literally,
 * so that bundlers and packers see it. Kernels are small, and their exports are there at once; the others are loaded when
 * they are needed.
 */
export function embeddedModule(names: readonly ArtefactName[]): string {
  const kernels = names.filter((name) => name.startsWith('kernel/'))
  const files = names.filter((name) => !kernels.includes(name))
  const script = (name: string) => JSON.stringify(`./${embeddedName(name)}`)
  return `${kernels.map((name, i) => `import kernel${i} from ${script(name)}`).join('\n')}
export const kernels = { ${kernels.map((name, i) => `${JSON.stringify(name)}: kernel${i}`).join(', ')} }
export const files = {
${files.map((name) => `  ${JSON.stringify(name)}: () => import(${script(name)}),`).join('\n')}
}
`
}
