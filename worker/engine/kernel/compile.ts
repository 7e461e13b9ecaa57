// From the generator to WebAssembly, with the package `assemblyscript`: some 4 s of CPU a build, so that
// one is kept as long as its source is the same.
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { MEMORY_PAGES } from './layout.ts'
import type { Arithmetic } from './source.ts'
import { srcnnSource } from './srcnn.ts'

const FOLDER = join(import.meta.dirname, '../../../dist/kernel')

/**
 * The kernel's bytes: those in dist/ if they are of today's source, else compiled and written there.
 * The source lies beside them, for whoever wants to read it.
 */
export async function buildKernel(kind: Arithmetic): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(FOLDER, `srcnn-${kind}`)
  const source = srcnnSource(kind)
  const options = optionsOf(kind)
  const made = JSON.stringify([source, options, await compilerVersion()])
  const digest = createHash('sha256').update(made).digest('hex')
  const known = await readFile(`${path}.sha256`, 'utf8').catch(() => undefined)
  if (known === digest) return new Uint8Array(await readFile(`${path}.wasm`))
  const wasm = await compile(source, options)
  await mkdir(FOLDER, { recursive: true })
  await replace(`${path}.ts`, source)
  await replace(`${path}.wasm`, wasm)
  await replace(`${path}.sha256`, digest)
  return wasm
}

/** Whoever reads at this moment shall not read half a file. */
async function replace(path: string, content: string | Uint8Array): Promise<void> {
  const part = `${path}.${randomUUID()}`
  await writeFile(part, content)
  await rename(part, path)
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

/** Read, not imported: loading the compiler takes longer than all the rest. */
async function compilerVersion(): Promise<string> {
  const path = createRequire(import.meta.url).resolve('assemblyscript/package.json')
  return (JSON.parse(await readFile(path, 'utf8')) as { version: string }).version
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
