// `npm run build`: writes the modules that workers.ts imports. Wrangler runs it before it bundles.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { OVERSIZED_FILES, readSlim } from './node.ts'

const folder = join(import.meta.dirname, '../../dist/codec')
await mkdir(folder, { recursive: true })
for (const file of Object.values(OVERSIZED_FILES)) {
  const path = join(folder, basename(file))
  const wasm = await readSlim(file)
  const before = await readFile(path).catch(() => undefined)
  // Whoever bundles at this moment shall not read half a file.
  if (!before?.equals(wasm)) await writeFile(path, wasm)
}
