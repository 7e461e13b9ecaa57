// Every decode and every encode gets a new WebAssembly instance, because an instance that has trapped often fails later
// (https://github.com/cloudflare/workers-rs/issues/964), and because no request may see the bytes of another. Only the
// memory of an instance is reused, after it has been filled with zeros: V8 collects unused memories late, and a hundred
// of them exceed an isolate's limit. An idle memory is kept for each module, as long as all idle memories together do
// not exceed MAX_IDLE_BYTES.

import { CodecError } from './error.ts'

/**
 * The function that Emscripten's JavaScript glue exports. For a module without glue, `withoutGlue` and photon.ts define a
 * function of this type.
 */
export type EmscriptenFactory<Exports> = (options: {
  instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => object): object
  print(line: string): void
  printErr(line: string): void
}) => Promise<Exports>

/** Returns the factory of a module that needs no glue and imports nothing but its memory. */
export function withoutGlue<Exports>(): EmscriptenFactory<Exports> {
  return ({ instantiateWasm }) => Promise.resolve(instantiateWasm({}, ({ exports }) => exports) as Exports)
}

/** Runs modules on new instances. */
export interface Instances {
  /**
   * Runs `work` on a new instance. The result must not be a view of the instance's memory. The memory stays in use
   * until `work` has settled.
   */
  run<Exports, Result>(
    factory: EmscriptenFactory<Exports>,
    module: WebAssembly.Module,
    work: (exports: Exports) => Result | Promise<Result>,
  ): Promise<Result>
  /** Does the same for work that yields one result after another. An item may be a view of the instance's memory. */
  stream<Exports, Item>(
    factory: EmscriptenFactory<Exports>,
    module: WebAssembly.Module,
    work: (exports: Exports) => AsyncGenerator<Item, void> | Generator<Item, void>,
  ): AsyncGenerator<Item, void>
  /** Returns the total size of idle memories in bytes. */
  idleBytes(): number
}

/**
 * Modules import their memory from this module name. The name of the import is the number of pages needed
 * (build/importedMemory.ts).
 */
export const MEMORY_IMPORT = 'memory'

/**
 * Limit on the total bytes of idle memories. Garbage collection cannot free them, because they are kept for reuse. For
 * results of 768x768 pixels, the memories of all modules together take 12.5 MiB. The largest memory, for a WebP of
 * 1536x1536 pixels with transparency, takes 50 MiB. A lower limit would be worse, because a memory beyond the limit
 * becomes garbage, which V8 collects late.
 */
const MAX_IDLE_BYTES = 50 * 2 ** 20

export function createInstances({ maxIdleBytes = MAX_IDLE_BYTES } = {}): Instances {
  /** Memories not in use, least recently used first. A cancelled request never returns its memory to this list. */
  const idle: { readonly module: WebAssembly.Module; readonly memory: WebAssembly.Memory }[] = []
  /** For each module, the size in bytes to which a run has last grown its memory. */
  const taken = new Map<WebAssembly.Module, number>()

  const take = (module: WebAssembly.Module): WebAssembly.Memory => {
    const least = leastPages(module)
    const own = idle.findLastIndex((one) => one.module === module)
    if (own >= 0) return idle.splice(own, 1)[0].memory
    // If a new memory would exceed the limit, take another module's idle memory: the largest, because it has to grow
    // least.
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
    async *stream(factory, module, work) {
      const memory = take(module)
      const before = memory.buffer.byteLength
      try {
        yield* work(await start(factory, module, memory))
      } finally {
        keep(module, memory, before)
      }
    },
    idleBytes,
  }
}

const PAGE_BYTES = 65_536

/** Grows a memory so that it has at least `bytes`. Earlier views of it are then empty. */
export function growTo(memory: WebAssembly.Memory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES))
}

function bytesOf({ memory }: { readonly memory: WebAssembly.Memory }): number {
  return memory.buffer.byteLength
}

function leastPages(module: WebAssembly.Module): number {
  const wanted = WebAssembly.Module.imports(module).find(({ kind }) => kind === 'memory')
  if (wanted?.module !== MEMORY_IMPORT)
    throw new Error(`expected a module that imports its memory from "${MEMORY_IMPORT}"`)
  return Number(wanted.name)
}

/** Creates an instance of `module` that uses `memory`. This also runs the module's start function. */
function start<Exports>(
  factory: EmscriptenFactory<Exports>,
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<Exports> {
  const anyName = new Proxy({}, { get: () => memory })
  return factory({
    // Without this option the glue would fetch and compile the .wasm file itself, which Workers forbid.
    instantiateWasm: (imports, done) =>
      done(new WebAssembly.Instance(module, { ...imports, [MEMORY_IMPORT]: anyName })),
    print: silent,
    printErr: silent,
  })
}

const silent = () => {}

/**
 * Runs `work` and turns every failure (a trap, an Emscripten exit, a C++ exception pointer, no result) into a
 * CodecError whose message begins with `attempt`.
 */
export async function guarded<Result>(
  attempt: string,
  work: () => Promise<Result | null | undefined>,
): Promise<Result> {
  let result: Result | null | undefined
  try {
    result = await work()
  } catch (cause) {
    throw codecErrorOf(attempt, cause)
  }
  if (result === null || result === undefined) throw new CodecError(`${attempt} returned no result`)
  return result
}

/** Does the same for work that yields one band after another. */
export async function* guardedBands<Band>(
  attempt: string,
  work: () => AsyncGenerator<Band, void>,
): AsyncGenerator<Band, void> {
  try {
    yield* work()
  } catch (cause) {
    throw codecErrorOf(attempt, cause)
  }
}

function codecErrorOf(attempt: string, cause: unknown): CodecError {
  return cause instanceof CodecError ? cause : new CodecError(`${attempt} failed`, { cause })
}
