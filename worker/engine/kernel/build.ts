// Part of `npm run build`: all builds of the kernels, of which workers.ts imports some and the playground others.
import { KERNEL_NAMES } from '../fused.ts'
import { buildKernel, buildPictureKernel } from './compile.ts'
import { ARITHMETICS } from './source.ts'

for (const kind of ARITHMETICS) for (const name of KERNEL_NAMES) await buildKernel(name, kind)
await buildPictureKernel()
