// Every decode and every encode has a WebAssembly instance for itself: one that trapped often dies later
// (https://github.com/cloudflare/workers-rs/issues/964), and no request must meet bytes of another. Only
// memory is used again, after all of it was set to zero: V8 sees no hurry in collecting dead ones, and a hundred of them
// are more than an isolate has. Each module has its own, as long as there is room for that.

import { CodecError } from './error.ts'

/** The function that a glue's file exports. A module of our own has one that just hands over its exports. */
export type EmscriptenFactory<Exports> = (options: {
  instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => object): object
  print(line: string): void
  printErr(line: string): void
}) => Promise<Exports>

/** What runs modules. */
export interface Instances {
  /**
   * Runs `work` on a new instance. The result must not be a part of its memory. Work that awaits something
   * keeps the memory meanwhile.
   */
  run<Exports, Result>(
    factory: EmscriptenFactory<Exports>,
    module: WebAssembly.Module,
    work: (exports: Exports) => Result | Promise<Result>,
  ): Promise<Result>
  /** How much idle memory there is. */
  idleBytes(): number
}

/** What modules import their memory from; the name of that import is how many pages they need (importedMemory.ts). */
export const MEMORY_IMPORT = 'memory'

/**
 * No garbage collection can take what is idle. Those of the five modules are 12.5 MiB for results of 768x768
 * pixels; the largest by itself, for a WebP of 1536x1536 with transparency, is 50. What does not fit becomes
 * garbage, which is worse.
 */
const MAX_IDLE_BYTES = 50 * 2 ** 20

export function createInstances({ maxIdleBytes = MAX_IDLE_BYTES } = {}): Instances {
  /** The least recently used first. None that is in use: a cancelled request never gives its own back. */
  const idle: { readonly module: WebAssembly.Module; readonly memory: WebAssembly.Memory }[] = []
  /** What a module took when it last made a memory larger. */
  const taken = new Map<WebAssembly.Module, number>()

  const take = (module: WebAssembly.Module): WebAssembly.Memory => {
    const least = leastPages(module)
    const own = idle.findLastIndex((one) => one.module === module)
    if (own >= 0) return idle.splice(own, 1)[0].memory
    // Where one more would be too many: the largest, which then grows least.
    const isRoom = idleBytes() + (taken.get(module) ?? 0) <= maxIdleBytes
    const [largest] = isRoom ? [] : idle.toSorted((a, b) => bytesOf(b) - bytesOf(a))
    if (!largest || bytesOf(largest) < least * PAGE_BYTES) return new WebAssembly.Memory({ initial: least })
    return idle.splice(idle.indexOf(largest), 1)[0].memory
  }
  const keep = (module: WebAssembly.Module, memory: WebAssembly.Memory, before: number) => {
    const { byteLength } = memory.buffer
    if (byteLength > before) taken.set(module, byteLength)
    if (byteLength > maxIdleBytes) return
    new Uint8Array(memory.buffer).fill(0)
    idle.push({ module, memory })
    while (idleBytes() > maxIdleBytes) idle.shift()
  }
  const idleBytes = () => idle.reduce((sum, one) => sum + bytesOf(one), 0)

  return {
    async run(factory, module, work) {
      const memory = take(module)
      const before = memory.buffer.byteLength
      try {
        return await work(await start(factory, module, memory))
      } finally {
        keep(module, memory, before)
      }
    },
    idleBytes,
  }
}

const PAGE_BYTES = 65_536

function bytesOf({ memory }: { readonly memory: WebAssembly.Memory }): number {
  return memory.buffer.byteLength
}

function leastPages(module: WebAssembly.Module): number {
  const wanted = WebAssembly.Module.imports(module).find(({ kind }) => kind === 'memory')
  if (wanted?.module !== MEMORY_IMPORT) throw new Error('expected a module that imports its memory')
  return Number(wanted.name)
}

/** Runs the module's own start, too. */
function start<Exports>(
  factory: EmscriptenFactory<Exports>,
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<Exports> {
  const anyName = new Proxy({}, { get: () => memory })
  return factory({
    // Left alone, the glue would fetch and compile the .wasm file itself, which Workers forbid.
    instantiateWasm: (imports, done) =>
      done(new WebAssembly.Instance(module, { ...imports, [MEMORY_IMPORT]: anyName })),
    print: silent,
    printErr: silent,
  })
}

const silent = () => {}

/**
 * Runs `work` and turns whatever goes wrong (a trap, an Emscripten exit, a C++ exception pointer, no
 * result) into a CodecError that says what was tried.
 */
export async function guarded<Result>(
  attempt: string,
  work: () => Promise<Result | null | undefined>,
): Promise<Result> {
  let result: Result | null | undefined
  try {
    result = await work()
  } catch (cause) {
    throw cause instanceof CodecError ? cause : new CodecError(`${attempt} failed`, { cause })
  }
  if (result === null || result === undefined) throw new CodecError(`${attempt} gave no result`)
  return result
}
