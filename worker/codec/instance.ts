// Every decode and every encode gets a new WebAssembly instance, because an instance that has trapped often fails later
// (https://github.com/cloudflare/workers-rs/issues/964), and because no request may see the bytes of another. Only the
// memory of an instance is reused, after it has been filled with zeros: V8 collects unused memories late, and a hundred
// of them exceed an isolate's limit. Idle memories are kept for any module, as long as all of them together do not exceed
// MAX_IDLE_BYTES.

import { CodecError, TooComplexError } from './error.ts'

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

/** Which memory a run gets, and how far the run may grow it. */
export interface MemoryUse {
  /**
   * Size in bytes that the run will probably need, so that it gets the idle memory that fits best. Default: the size to
   * which the module has last grown a memory.
   */
  readonly needBytes?: number
  /**
   * Size in bytes up to which Emscripten's glue may grow the memory; beyond it, the run rejects with a TooComplexError.
   * An idle memory that is larger already may be used as a whole. Has no effect on modules without glue, which grow
   * their memory themselves. Default: no limit.
   */
  readonly maxBytes?: number
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
    use?: MemoryUse,
  ): Promise<Result>
  /** Does the same for work that yields one result after another. An item may be a view of the instance's memory. */
  stream<Exports, Item>(
    factory: EmscriptenFactory<Exports>,
    module: WebAssembly.Module,
    work: (exports: Exports) => AsyncGenerator<Item, void> | Generator<Item, void>,
    use?: MemoryUse,
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
 * Limit on the total bytes of idle memories. Garbage collection cannot free them, because they are kept for reuse. The
 * largest memory is that of libwebp's decoder, which may grow this far (webp.ts). A lower limit would be worse, because a
 * memory beyond the limit becomes garbage, which V8 collects late.
 */
const MAX_IDLE_BYTES = 64 * 2 ** 20

/** WebAssembly's own limit on a memory of 32-bit addresses. */
const MOST_BYTES = 2 ** 32

/**
 * A run gets an idle memory of up to this size, or of up to MAX_WASTE times its needs, rather than a new one. A still
 * larger one would take long to fill with zeros, and another run might need it at the same time.
 */
const CHEAP_BYTES = 2 ** 21
const MAX_WASTE = 8

/** Runs fail that would grow a memory beyond `maxMemoryBytes`. `maxIdleBytes` limits all idle memories together. */
export function createInstances({ maxIdleBytes = MAX_IDLE_BYTES, maxMemoryBytes = MOST_BYTES } = {}): Instances {
  /** Memories not in use, least recently used first. A cancelled request never returns its memory to this list. */
  const idle: WebAssembly.Memory[] = []
  /** For each module, the size in bytes to which a run has last grown its memory. */
  const taken = new Map<WebAssembly.Module, number>()
  const maximum = Math.floor(maxMemoryBytes / PAGE_BYTES)

  const take = (module: WebAssembly.Module, needBytes: number): WebAssembly.Memory => {
    const pages = leastPages(module)
    const usable = idle.filter((memory) => bytesOf(memory) >= pages * PAGE_BYTES)
    const bySize = usable.toSorted((a, b) => bytesOf(a) - bytesOf(b))
    const fair = bySize.filter((memory) => bytesOf(memory) <= Math.max(CHEAP_BYTES, MAX_WASTE * needBytes))
    const isRoom = idleBytes() + needBytes <= maxIdleBytes
    // If none is large enough, the largest has to grow least.
    const best = fair.find((memory) => bytesOf(memory) >= needBytes) ?? fair.at(-1) ?? (isRoom ? undefined : bySize[0])
    if (!best) return new WebAssembly.Memory({ initial: pages, maximum })
    return idle.splice(idle.indexOf(best), 1)[0]
  }
  const keep = (module: WebAssembly.Module, memory: WebAssembly.Memory, before: number) => {
    const bytes = bytesOf(memory)
    if (bytes > before) taken.set(module, bytes)
    if (bytes > maxIdleBytes) return
    new Uint8Array(memory.buffer).fill(0)
    idle.push(memory)
    while (idleBytes() > maxIdleBytes) idle.shift()
  }
  const idleBytes = () => idle.reduce((sum, memory) => sum + bytesOf(memory), 0)
  /** Takes a memory for an instance. `end` must be called when its work has settled. */
  const borrow = <Exports>(
    factory: EmscriptenFactory<Exports>,
    module: WebAssembly.Module,
    { needBytes = taken.get(module) ?? 0, maxBytes }: MemoryUse = {},
  ) => {
    const memory = take(module, needBytes)
    const before = bytesOf(memory)
    return { start: () => start(factory, module, memory, maxBytes), end: () => keep(module, memory, before) }
  }

  return {
    async run(factory, module, work, use) {
      const instance = borrow(factory, module, use)
      try {
        return await work(await instance.start())
      } finally {
        instance.end()
      }
    },
    async *stream(factory, module, work, use) {
      const instance = borrow(factory, module, use)
      try {
        yield* work(await instance.start())
      } finally {
        instance.end()
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

function bytesOf({ buffer }: WebAssembly.Memory): number {
  return buffer.byteLength
}

function leastPages(module: WebAssembly.Module): number {
  const wanted = WebAssembly.Module.imports(module).find(({ kind }) => kind === 'memory')
  if (wanted?.module !== MEMORY_IMPORT)
    throw new Error(`expected a module that imports its memory from "${MEMORY_IMPORT}"`)
  return Number(wanted.name)
}

/**
 * Creates an instance of `module` that uses `memory`, which the glue can grow to `maxBytes` at most. This also runs the
 * module's start function.
 */
function start<Exports>(
  factory: EmscriptenFactory<Exports>,
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  maxBytes = Infinity,
): Promise<Exports> {
  const forGlue = growingTo(maxBytes, memory)
  const anyName = new Proxy({}, { get: () => memory })
  return factory({
    // Without this option the glue would fetch and compile the .wasm file itself, which Workers forbid.
    instantiateWasm: (imports, done) => {
      const { exports } = new WebAssembly.Instance(module, { ...imports, [MEMORY_IMPORT]: anyName })
      if (forGlue === memory) return done({ exports })
      const limited = Object.entries(exports).map(([name, value]) => [name, value === memory ? forGlue : value])
      return done({ exports: Object.fromEntries(limited) as WebAssembly.Exports })
    },
    print: silent,
    printErr: silent,
  })
}

const silent = () => {}

/**
 * Returns a substitute for `memory` that ends the run at the first attempt to grow beyond `maxBytes`. If `malloc` only
 * returned null, libwebp's encoder would go on for seconds.
 */
function growingTo(maxBytes: number, memory: WebAssembly.Memory): Pick<WebAssembly.Memory, 'buffer' | 'grow'> {
  if (maxBytes === Infinity) return memory
  let isFull = false
  return {
    get buffer() {
      // Emscripten's glue catches what `grow` throws. Then it tries again to grow by less, and reads `buffer` before.
      if (isFull) throw new TooComplexError(`needs more than ${maxBytes} bytes of memory`)
      return memory.buffer
    },
    grow(pages) {
      isFull = memory.buffer.byteLength + pages * PAGE_BYTES > maxBytes
      if (isFull) throw new RangeError(`cannot grow beyond ${maxBytes} bytes`)
      return memory.grow(pages)
    },
  }
}

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
