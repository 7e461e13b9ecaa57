// `npm run build:kernel`: writes both builds, which workers.ts imports. `npm run build` does it too.
import { buildKernel } from './compile.ts'
import { ARITHMETICS } from './source.ts'

for (const kind of ARITHMETICS) await buildKernel(kind)
