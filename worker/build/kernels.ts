// The kernels' builds, from what the generators write.
import { compiledFile } from './assemblyScript.ts'
import type { KernelModules } from '../engine/fused.ts'
import { MEMORY_PAGES as SRCNN_PAGES } from '../engine/kernel/layout.ts'
import { pictureSource } from '../engine/kernel/picture.ts'
import { MEMORY_PAGES as PICTURE_PAGES } from '../engine/kernel/pictureLayout.ts'
import type { Arithmetic } from '../engine/kernel/source.ts'
import { srcnnSource } from '../engine/kernel/srcnn.ts'
import { subpixelSource } from '../engine/kernel/subpixel.ts'
import { SCRATCH_PAGES } from '../engine/kernel/subpixelLayout.ts'

/** Those that run networks. */
const KERNELS: Readonly<Record<keyof KernelModules, KernelSource>> = {
  srcnn: { sourceOf: srcnnSource, pages: SRCNN_PAGES, mayGrow: false },
  subpixel: { sourceOf: subpixelSource, pages: SCRATCH_PAGES, mayGrow: true },
}

interface KernelSource {
  sourceOf(kind: Arithmetic): string
  /** Of its memory, at the start. */
  readonly pages: number
  readonly mayGrow: boolean
}

/** A network's kernel: its bytes in dist/kernel if they are of today's source, else compiled and written there. */
export function buildKernel(name: keyof KernelModules, kind: Arithmetic): Promise<Uint8Array<ArrayBuffer>> {
  return build(`${name}-${kind}`, kind, KERNELS[name])
}

/** That of what lies around the network, likewise; it is plain SIMD, which runs anywhere. */
export function buildPictureKernel(): Promise<Uint8Array<ArrayBuffer>> {
  return build('picture', 'plain', {
    sourceOf: pictureSource,
    pages: PICTURE_PAGES,
    mayGrow: false,
  })
}

function build(
  name: string,
  kind: Arithmetic,
  { sourceOf, pages, mayGrow }: KernelSource,
): Promise<Uint8Array<ArrayBuffer>> {
  const features = kind === 'relaxed' ? (['simd', 'relaxed-simd'] as const) : (['simd'] as const)
  return compiledFile('kernel', name, { source: sourceOf(kind), features, pages, mayGrow })
}
