// `npm run build`: dist/assets, what is served beside the script: our own pages, and all weights, of
// which the script holds only some (weights.ts).
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'

const TARGET = join(import.meta.dirname, '../dist/assets')

await rm(TARGET, { recursive: true, force: true })
await cp(join(import.meta.dirname, 'assets'), TARGET, { recursive: true })
await cp(join(import.meta.dirname, '../models'), join(TARGET, 'models'), { recursive: true })
