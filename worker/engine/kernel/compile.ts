// From the generator to WebAssembly, with the package `assemblyscript`: some 4 s of CPU a build, so that
// one is kept as long as its source is the same.
import { builtFile, versionOf } from '../../built.ts'
import { MEMORY_PAGES } from './layout.ts'
import { pictureSource } from './picture.ts'
import { MEMORY_PAGES as PICTURE_PAGES } from './pictureLayout.ts'
import type { Arithmetic } from './source.ts'
import { srcnnSource } from './srcnn.ts'

/** The network's kernel: its bytes in dist/kernel if they are of today's source, else compiled and written there. */
export function buildKernel(kind: Arithmetic): Promise<Uint8Array<ArrayBuffer>> {
  return build(`srcnn-${kind}`, srcnnSource(kind), optionsOf(kind, MEMORY_PAGES))
}

/** That of what lies around the network, likewise; it is plain SIMD, which runs anywhere. */
export function buildPictureKernel(): Promise<Uint8Array<ArrayBuffer>> {
  return build('picture', pictureSource(), optionsOf('plain', PICTURE_PAGES))
}

async function build(
  name: string,
  source: string,
  options: ReturnType<typeof optionsOf>,
): Promise<Uint8Array<ArrayBuffer>> {
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

function optionsOf(kind: Arithmetic, pages: number) {
  return {
    // At 3 Binaryen nests the sums of an accumulator, so that more of them are alive than there are registers.
    optimizeLevel: 2,
    noAssert: true,
    runtime: 'stub',
    enable: kind === 'relaxed' ? ['simd', 'relaxed-simd'] : ['simd'],
    initialMemory: pages,
    maximumMemory: pages,
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
