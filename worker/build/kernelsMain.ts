// Part of `npm run build`: all builds of the kernels, of which workers.ts imports some and the playground others.
import { KERNEL_NAMES } from '../engine/fused.ts'
import { buildKernel, buildPictureKernel } from './kernels.ts'
import { ARITHMETICS } from '../engine/kernel/source.ts'

for (const kind of ARITHMETICS) for (const name of KERNEL_NAMES) await buildKernel(name, kind)
await buildPictureKernel()
