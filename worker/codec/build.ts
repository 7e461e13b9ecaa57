// `npm run build`: writes the modules that workers.ts imports. Wrangler runs it before it bundles.
import { basename } from 'node:path'
import { builtFile } from '../built.ts'
import { buildSymbols, OVERSIZED_FILES, readPhoton, readSlim } from './node.ts'

for (const file of Object.values(OVERSIZED_FILES)) {
  const wasm = await readSlim(file)
  await builtFile(`codec/${basename(file)}`, [wasm], () => Promise.resolve(wasm))
}
await readPhoton()
const symbols = await buildSymbols()
await builtFile('codec/jpeg_symbols.wasm', [symbols], () => Promise.resolve(symbols))
