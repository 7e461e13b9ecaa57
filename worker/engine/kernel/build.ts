// `npm run build:kernel`: writes the builds that are named, by default both, of each kernel. `npm run
// build` writes those that workers.ts imports.
import { buildKernel, KERNEL_NAMES } from './compile.ts'
import { ARITHMETICS } from './source.ts'

const named = ARITHMETICS.filter((kind) => process.argv.includes(kind))
for (const kind of named.length > 0 ? named : ARITHMETICS) {
  for (const name of KERNEL_NAMES) await buildKernel(name, kind)
}
