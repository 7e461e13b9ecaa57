// `npm run build:kernel`: writes the builds that are named, by default all. `npm run build` writes those
// that workers.ts imports.
import { KERNEL_NAMES } from '../fused.ts'
import { buildKernel, buildPictureKernel } from './compile.ts'
import { ARITHMETICS } from './source.ts'

const names = process.argv.slice(2)
const isWanted = (name: string) => names.length === 0 || names.includes(name)
for (const kind of ARITHMETICS.filter(isWanted)) {
  for (const name of KERNEL_NAMES) await buildKernel(name, kind)
}
if (isWanted('picture')) await buildPictureKernel()
