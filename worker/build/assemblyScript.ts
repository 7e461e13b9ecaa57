// Compiles AssemblyScript to WebAssembly with the package `assemblyscript`. A build takes about 4 s of CPU, so its
// output is kept in dist/ until a source changes. The compiled source text is also written to dist/, for reading.
import { readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { cachedBuild, versionOf, writeToDist } from './buildCache.ts'

export interface Program {
  /** The hand-written file, `NAME.as.ts`. Other `*.as.ts` files that it imports are read from the same folder. */
  readonly file: URL
  /**
   * AssemblyScript source of the functions that a generator has unrolled. It is placed before the hand-written file.
   */
  readonly unrolled: string
  /**
   * TypeScript modules of constants (numbers, and records of numbers), by the names under which the program imports
   * them.
   */
  readonly constants: Readonly<Record<string, object>>
  /** WebAssembly features that the program uses beyond version 1. */
  readonly features: readonly ('simd' | 'relaxed-simd')[]
  /** Initial size of the memory, in pages of 64 KiB. */
  readonly pages: number
  readonly mayGrow: boolean
}

/**
 * Returns the WebAssembly of `program`. `name` is the path of the output in dist/ without an extension, e.g.
 * `kernel/picture`.
 */
export async function compileAssemblyScript(name: string, program: Program): Promise<Uint8Array<ArrayBuffer>> {
  const files = await sourcesOf(program)
  const options = optionsOf(program)
  const inputs = [JSON.stringify([...files]), JSON.stringify(options), await versionOf('assemblyscript')]
  return cachedBuild(`${name}.wasm`, inputs, async () => {
    const [[entry, source], ...imports] = files
    await writeToDist(`${name}.ts`, source)
    for (const [file, text] of imports) {
      if (!file.endsWith('.as.ts')) await writeToDist(`${dirname(name)}/${file}`, text)
    }
    return compile(entry, files, options)
  })
}

/** Returns the program's files by name. The first file consists of the unrolled functions and the hand-written file. */
async function sourcesOf({ file, unrolled, constants }: Program): Promise<Map<string, string>> {
  const files = new Map([[basename(file.pathname), `${unrolled}\n${await readFile(file, 'utf8')}`]])
  for (const text of files.values()) {
    for (const [, name] of text.matchAll(/ from '\.\/(.+)'/g)) {
      const values = constants[name]
      if (files.has(`${name}.ts`)) continue
      files.set(`${name}.ts`, values ? constantsModule(values) : await readFile(new URL(`${name}.ts`, file), 'utf8'))
    }
  }
  return files
}

/** Returns an AssemblyScript module with the numbers and records of numbers that a TypeScript module exports. */
function constantsModule(values: object): string {
  // Without `@inline` the constants would be globals, which the code would load at each use.
  const constant = (name: string, value: number) => `@inline export const ${name}: usize = ${value}\n`
  let text = ''
  // Sorted by name, because loaders, e.g. vitest's, list a module's exports in different orders. Without sorting, the
  // inputs would seem changed, and the program would be compiled again.
  for (const [name, value] of Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1)) as [string, unknown][]) {
    if (typeof value === 'number') text += constant(name, value)
    else if (value && typeof value === 'object' && !Array.isArray(value)) {
      const members = Object.entries(value as Record<string, number>).map((member) => `  ${constant(...member)}`)
      text += `export namespace ${name} {\n${members.join('')}}\n`
    }
  }
  return text
}

function optionsOf({ features, pages, mayGrow }: Program): string[] {
  // Optimisation stops at level 2. At level 3 Binaryen joins the additions to an accumulator into a nested expression,
  // which has more values in use at a time than there are registers.
  const always = `--optimizeLevel 2 --noAssert --runtime stub --initialMemory ${pages}`.split(' ')
  const maximum = mayGrow ? [] : ['--maximumMemory', `${pages}`]
  return [...always, ...maximum, ...features.flatMap((feature) => ['--enable', feature])]
}

/**
 * A variable, so that TypeScript does not load the package's types, which would change the type of Array everywhere.
 */
const COMPILER: string = 'assemblyscript/asc'

/** The part of the compiler's API that this file uses. */
interface Compiler {
  main(
    argv: readonly string[],
    host: {
      readFile(name: string): string | null
      writeFile(name: string, content: Uint8Array): void
      listFiles(): string[]
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>
}

async function compile(
  entry: string,
  files: ReadonlyMap<string, string>,
  options: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> {
  const { main } = (await import(COMPILER)) as Compiler
  const outputs: Uint8Array[] = []
  const { error, stderr } = await main([entry, '--outFile', 'binary', ...options], {
    readFile: (file) => files.get(file) ?? null,
    writeFile: (_, content) => void outputs.push(content),
    listFiles: () => [],
  })
  if (error) throw new Error(`${entry} does not compile:\n${stderr.toString()}`)
  return new Uint8Array(outputs[0])
}
