// From the generator to WebAssembly, with the package `assemblyscript`: some 4 s of CPU a build, so that
// one is kept as long as its source is the same.
import { builtFile, versionOf } from '../../built.ts'
import type { KernelModules } from '../fused.ts'
import { MEMORY_PAGES as SRCNN_PAGES } from './layout.ts'
import { pictureSource } from './picture.ts'
import { MEMORY_PAGES as PICTURE_PAGES } from './pictureLayout.ts'
import type { Arithmetic } from './source.ts'
import { srcnnSource } from './srcnn.ts'
import { subpixelSource } from './subpixel.ts'
import { SCRATCH_PAGES } from './subpixelLayout.ts'

/** Those that run networks. */
const KERNELS: Readonly<Record<keyof KernelModules, KernelSource>> = {
  srcnn: { sourceOf: srcnnSource, pages: SRCNN_PAGES, mayGrow: false },
  subpixel: { sourceOf: subpixelSource, pages: SCRATCH_PAGES, mayGrow: true },
}
export const KERNEL_NAMES = Object.keys(KERNELS) as (keyof KernelModules)[]

interface KernelSource {
  sourceOf(kind: Arithmetic): string
  /** Of its memory, at the start. */
  readonly pages: number
  readonly mayGrow: boolean
}

/** A network's kernel: its bytes in dist/kernel if they are of today's source, else compiled and written there. */
export function buildKernel(
  name: keyof KernelModules,
  kind: Arithmetic,
): Promise<Uint8Array<ArrayBuffer>> {
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

async function build(
  name: string,
  kind: Arithmetic,
  { sourceOf, pages, mayGrow }: KernelSource,
): Promise<Uint8Array<ArrayBuffer>> {
  const source = sourceOf(kind)
  const options = optionsOf(kind, pages, mayGrow)
  const madeOf = [source, JSON.stringify(options), await versionOf('assemblyscript')]
  return builtFile(`kernel/${name}.wasm`, madeOf, () => compile(name, source, options))
}

/** By a name that TypeScript does not follow: the package's types change those of Array for all of us. */
const COMPILER: string = 'assemblyscript/asc'

/** What is used of it. */
interface Compiler {
  compileString(
    files: Record<string, string>,
    options: object,
  ): Promise<{ readonly binary: Uint8Array | null; readonly stderr: { toString(): string } }>
}

function optionsOf(kind: Arithmetic, pages: number, mayGrow: boolean) {
  return {
    // At 3 Binaryen nests the sums of an accumulator, so that more of them are alive than there are registers.
    optimizeLevel: 2,
    noAssert: true,
    runtime: 'stub',
    enable: kind === 'relaxed' ? ['simd', 'relaxed-simd'] : ['simd'],
    initialMemory: pages,
    ...(mayGrow ? {} : { maximumMemory: pages }),
  }
}

async function compile(
  name: string,
  source: string,
  options: ReturnType<typeof optionsOf>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { compileString } = (await import(COMPILER)) as Compiler
  const { binary, stderr } = await compileString({ [`${name}.ts`]: source }, options)
  if (!binary) throw new Error(`the kernel ${name} does not compile:\n${stderr.toString()}`)
  return new Uint8Array(binary)
}
