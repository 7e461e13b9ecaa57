// Builds the kernels. engine/kernel/unroll.ts describes how a kernel is put together.
import { compileAssemblyScript, type Program } from './assemblyScript.ts'
import type { KernelModules } from '../engine/fused.ts'
import type { Arithmetic } from '../engine/kernel/arithmetic.ts'
import * as layout from '../engine/kernel/layout.ts'
import { unrollPicture } from '../engine/kernel/picture.ts'
import * as pictureLayout from '../engine/kernel/pictureLayout.ts'
import * as shrinkLayout from '../engine/kernel/shrinkLayout.ts'
import { unrollSrcnn } from '../engine/kernel/srcnn.ts'
import { unrollSubpixel } from '../engine/kernel/subpixel.ts'
import * as subpixelLayout from '../engine/kernel/subpixelLayout.ts'
import { indent } from '../engine/kernel/unroll.ts'

const CONSTANTS = { layout, pictureLayout, shrinkLayout, subpixelLayout }

/** The kernels that resize and convert pixels: `picture` for enlarging, `shrink` for shrinking. */
export const PIXEL_KERNELS = ['picture', 'shrink'] as const
export type PixelKernel = (typeof PIXEL_KERNELS)[number]

interface KernelSource {
  /** Returns the unrolled functions. Undefined if the kernel has none. */
  readonly unroll?: (kind: Arithmetic) => string
  readonly pages: number
  readonly mayGrow: boolean
}

const SOURCES: Readonly<Record<keyof KernelModules | PixelKernel, KernelSource>> = {
  srcnn: { unroll: unrollSrcnn, pages: layout.SRCNN_PAGES, mayGrow: false },
  subpixel: { unroll: unrollSubpixel, pages: subpixelLayout.SCRATCH_PAGES, mayGrow: true },
  picture: { unroll: unrollPicture, pages: pictureLayout.PICTURE_PAGES, mayGrow: false },
  shrink: { pages: 1, mayGrow: true },
}

/** Returns the WebAssembly of a network's kernel. */
export function buildKernel(name: keyof KernelModules, kind: Arithmetic): Promise<Uint8Array<ArrayBuffer>> {
  return compileAssemblyScript(`kernel/${name}-${kind}`, programOf(name, kind))
}

/** Returns the WebAssembly of a kernel for pixels. It uses plain SIMD, which runs everywhere. */
export function buildPixelKernel(name: PixelKernel): Promise<Uint8Array<ArrayBuffer>> {
  return compileAssemblyScript(`kernel/${name}`, programOf(name, 'plain'))
}

function programOf(name: keyof typeof SOURCES, kind: Arithmetic): Program {
  const { unroll, pages, mayGrow } = SOURCES[name]
  return {
    file: new URL(`../engine/kernel/${name}.as.ts`, import.meta.url),
    unrolled: unroll ? `// Unrolled by worker/engine/kernel/${name}.ts\n${indent(unroll(kind))}` : '',
    constants: CONSTANTS,
    features: kind === 'relaxed' ? ['simd', 'relaxed-simd'] : ['simd'],
    pages,
    mayGrow,
  }
}
