// `npm run build:kernel`: writes the builds that are named, by default all. `npm run build` writes those
// that workers.ts imports.
import { buildKernel, buildPictureKernel } from './compile.ts'
import { ARITHMETICS } from './source.ts'

const names = process.argv.slice(2)
const isWanted = (name: string) => names.length === 0 || names.includes(name)
for (const kind of ARITHMETICS) if (isWanted(kind)) await buildKernel(kind)
if (isWanted('picture')) await buildPictureKernel()
