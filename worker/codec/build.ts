// `npm run build`: writes the modules that workers.ts imports. Wrangler runs it before it bundles.
import { basename } from 'node:path'
import { builtFile } from '../built.ts'
import { buildSymbols, OVERSIZED_FILES, readPhoton, readSlim } from './node.ts'

const modules = [['photon.wasm', await readPhoton()], ['jpeg_symbols.wasm', await buildSymbols()]] as const // prettier-ignore
const slim = Object.values(OVERSIZED_FILES).map(async (file) => [basename(file), await readSlim(file)] as const) // prettier-ignore

for (const [name, wasm] of [...modules, ...(await Promise.all(slim))]) {
  await builtFile(`codec/${name}`, [wasm], () => Promise.resolve(wasm))
}
