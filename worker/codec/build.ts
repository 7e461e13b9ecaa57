// `npm run build`: writes the modules that workers.ts imports. Wrangler runs it before it bundles.
import { basename } from 'node:path'
import { builtFile, versionOf } from '../built.ts'
import { buildSymbols, OVERSIZED_FILES, readPhoton, readSlim } from './node.ts'
import { PHOTON_EXPORTS } from './photon.ts'

/** By a name that TypeScript does not follow: the package's types change those of Array for all of us. */
const BINARYEN: string = 'binaryen'

/** What is used of it. */
interface Binaryen {
  readBinary(wasm: Uint8Array): {
    getNumExports(): number
    getExportByIndex(index: number): object
    removeExport(name: string): void
    runPasses(names: readonly string[]): void
    emitBinary(): Uint8Array<ArrayBuffer>
  }
  getExportInfo(one: object): { readonly name: string }
}

for (const file of Object.values(OVERSIZED_FILES)) {
  const wasm = await readSlim(file)
  await builtFile(`codec/${basename(file)}`, [wasm], () => Promise.resolve(wasm))
}
const photon = await readPhoton()
const madeOf = [photon, PHOTON_EXPORTS.join(), await versionOf('binaryen')]
await builtFile('codec/photon.wasm', madeOf, () => withExports(photon, PHOTON_EXPORTS))
await buildSymbols()

/** The module without what these exports do not need. */
async function withExports(
  wasm: Uint8Array,
  kept: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> {
  const { default: binaryen } = (await import(BINARYEN)) as { default: Binaryen }
  const module = binaryen.readBinary(wasm)
  const exports = Array.from({ length: module.getNumExports() }, (_, i) => binaryen.getExportInfo(module.getExportByIndex(i)).name) // prettier-ignore
  for (const name of exports) if (!kept.includes(name)) module.removeExport(name)
  module.runPasses(['remove-unused-module-elements'])
  return module.emitBinary()
}
