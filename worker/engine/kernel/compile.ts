// From the generator to WebAssembly, with the package `assemblyscript`: some 4 s of CPU a build, so that
// one is kept as long as its source is the same.
import { builtFile, versionOf } from '../../built.ts'
import { MEMORY_PAGES } from './layout.ts'
import type { Arithmetic } from './source.ts'
import { srcnnSource } from './srcnn.ts'
import { subpixelSource } from './subpixel.ts'
import { SCRATCH_PAGES } from './subpixelLayout.ts'

const KERNELS = {
  srcnn: { sourceOf: srcnnSource, pages: MEMORY_PAGES, mayGrow: false },
  subpixel: { sourceOf: subpixelSource, pages: SCRATCH_PAGES, mayGrow: true },
} as const
export type KernelName = keyof typeof KERNELS
export const KERNEL_NAMES = Object.keys(KERNELS) as KernelName[]

/** A kernel's bytes: those in dist/kernel if they are of today's source, else compiled and written there. */
export async function buildKernel(
  name: KernelName,
  kind: Arithmetic,
): Promise<Uint8Array<ArrayBuffer>> {
  const { sourceOf, pages, mayGrow } = KERNELS[name]
  const source = sourceOf(kind)
  const options = optionsOf(kind, pages, mayGrow)
  const madeOf = [source, JSON.stringify(options), await versionOf('assemblyscript')]
  return builtFile(`kernel/${name}-${kind}.wasm`, madeOf, () => compile(source, options))
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
  source: string,
  options: ReturnType<typeof optionsOf>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { compileString } = (await import(COMPILER)) as Compiler
  const { binary, stderr } = await compileString({ 'kernel.ts': source }, options)
  if (!binary) throw new Error(`the kernel does not compile:\n${stderr.toString()}`)
  return new Uint8Array(binary)
}
