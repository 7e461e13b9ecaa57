// From AssemblyScript to WebAssembly, with the package `assemblyscript`: some 4 s of CPU a build, so that
// one is kept as long as its source is the same.
import { builtFile, versionOf } from './buildCache.ts'

export interface Program {
  readonly source: string
  /** What it needs of WebAssembly beyond its first version. */
  readonly features: readonly ('simd' | 'relaxed-simd')[]
  /** Of its memory, at the start. */
  readonly pages: number
  readonly mayGrow: boolean
}

/** The program's bytes in dist/`folder` if they are of today's source, else compiled and written there. */
export async function compiledFile(folder: string, name: string, program: Program): Promise<Uint8Array<ArrayBuffer>> {
  const options = optionsOf(program)
  const madeOf = [program.source, JSON.stringify(options), await versionOf('assemblyscript')]
  return builtFile(`${folder}/${name}.wasm`, madeOf, () => compile(name, program.source, options))
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

function optionsOf({ features, pages, mayGrow }: Program) {
  return {
    // At 3 Binaryen nests the sums of an accumulator, so that more of them are alive than there are registers.
    optimizeLevel: 2,
    noAssert: true,
    runtime: 'stub',
    enable: features,
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
  if (!binary) throw new Error(`${name} does not compile:\n${stderr.toString()}`)
  return new Uint8Array(binary)
}
