// `npm run build:kernel`: writes the builds that are named, by default both. `npm run build` writes the one
// that workers.ts imports.
import { buildKernel } from './compile.ts'
import { ARITHMETICS } from './source.ts'

const named = ARITHMETICS.filter((kind) => process.argv.includes(kind))
for (const kind of named.length > 0 ? named : ARITHMETICS) await buildKernel(kind)
