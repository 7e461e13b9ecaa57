// From the generator to WebAssembly, with the package `assemblyscript`: some 4 s of CPU a build, so that
// one is kept as long as its source is the same.
import { builtFile, versionOf } from '../../built.ts'
import { MEMORY_PAGES } from './layout.ts'
import type { Arithmetic } from './source.ts'
import { srcnnSource } from './srcnn.ts'

/** The kernel's bytes: those in dist/kernel if they are of today's source, else compiled and written there. */
export async function buildKernel(kind: Arithmetic): Promise<Uint8Array<ArrayBuffer>> {
  const source = srcnnSource(kind)
  const options = optionsOf(kind)
  const madeOf = [source, JSON.stringify(options), await versionOf('assemblyscript')]
  return builtFile(`kernel/srcnn-${kind}.wasm`, madeOf, () => compile(source, options))
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

function optionsOf(kind: Arithmetic) {
  return {
    // At 3 Binaryen nests the sums of an accumulator, so that more of them are alive than there are registers.
    optimizeLevel: 2,
    noAssert: true,
    runtime: 'stub',
    enable: kind === 'relaxed' ? ['simd', 'relaxed-simd'] : ['simd'],
    initialMemory: MEMORY_PAGES,
    maximumMemory: MEMORY_PAGES,
  }
}

async function compile(
  source: string,
  options: ReturnType<typeof optionsOf>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { compileString } = (await import(COMPILER)) as Compiler
  const { binary, stderr } = await compileString({ 'srcnn.ts': source }, options)
  if (!binary) throw new Error(`the kernel does not compile:\n${stderr.toString()}`)
  return new Uint8Array(binary)
}
