// Every decode and every encode has a WebAssembly instance for itself that is as good as new. An
// instance that failed is dropped (one that trapped often dies later:
// https://github.com/cloudflare/workers-rs/issues/964). One of Emscripten's that did its work is
// rewound, its whole memory put back to what it was at the start, and kept for the next: so no request
// meets bytes of another. A new instance each time would do as well, but for memory: V8 collects dead
// ones only after 64 MB of them, half of what an isolate has.
//
// Beside its memory an instance has a stack pointer, which is back where it was after every normal
// return. And it has a glue of JavaScript (functions from C++, bound by embind), which remembers the
// arguments of its calls, pictures among them: so each use has a glue of its own, and an instance
// reaches the glue of the hour through imports that pass calls on.

import { CodecError } from './error.ts'

/** The function that a glue's file exports. A module of our own has one that just hands over its exports. */
export type EmscriptenFactory<Exports> = (options: {
  instantiateWasm(
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance) => object,
  ): object
  print(line: string): void
  printErr(line: string): void
}) => Promise<Exports>

/** What runs Emscripten's modules. */
export interface Instances {
  /**
   * Runs `work` on an instance that nobody else uses: an idle one, or a new one. After a failure, a
   * missing result among them, it is not used again. The result must not be a part of its memory. Work
   * that awaits something keeps the instance meanwhile.
   */
  run<Exports, Result>(
    factory: EmscriptenFactory<Exports>,
    module: WebAssembly.Module,
    work: (exports: Exports) => Result | Promise<Result>,
  ): Promise<Result>
  /** How much memory idle instances hold. */
  idleBytes(): number
}

/**
 * The five modules' instances for results of 768x768 pixels take 12.5 MiB. Larger ones are rare, and what
 * is idle no garbage collection can take: with room for all the steady state of 1536x1536 is no lower.
 */
const MAX_IDLE_BYTES = 16 * 2 ** 20

/** Nothing here is known to age; should something do, it does not grow old. */
const MAX_USES = 50

export function createInstances({
  maxIdleBytes = MAX_IDLE_BYTES,
  maxUses = MAX_USES,
} = {}): Instances {
  /** The least recently used first. None that is in use: a cancelled request never gives its own back. */
  const idle: Instance[] = []

  const take = (module: WebAssembly.Module) => {
    const at = idle.findLastIndex((instance) => instance.module === module)
    return at < 0 ? undefined : idle.splice(at, 1)[0]
  }
  const keep = (instance: Instance) => {
    if (++instance.uses >= maxUses || instance.memory.buffer.byteLength > maxIdleBytes) return
    rewind(instance)
    idle.push(instance)
    while (idleBytes() > maxIdleBytes) idle.shift()
  }
  const idleBytes = () => idle.reduce((sum, { memory }) => sum + memory.buffer.byteLength, 0)

  return {
    async run(factory, module, work) {
      const instance = take(module) ?? (await instantiate(module))
      const result = await work(await startGlue(factory, instance))
      instance.glue = undefined
      if (result !== null && result !== undefined) keep(instance)
      return result
    },
    idleBytes,
  }
}

interface Instance {
  readonly module: WebAssembly.Module
  readonly linked: WebAssembly.Instance
  readonly memory: WebAssembly.Memory
  /** The memory before anything of the module has run, up to its last byte that is not zero. */
  readonly beginning: Uint8Array
  /** What it imports from the glue that is in use. */
  glue: WebAssembly.Imports | undefined
  uses: number
}

type Imported = (...values: unknown[]) => unknown

async function instantiate(module: WebAssembly.Module): Promise<Instance> {
  const passOn: Record<string, Record<string, Imported>> = {}
  for (const { module: space, name } of WebAssembly.Module.imports(module)) {
    const functions = (passOn[space] ??= {})
    functions[name] = (...values) => (instance.glue![space][name] as Imported)(...values)
  }
  const linked = await WebAssembly.instantiate(module, passOn)
  const memory = Object.values(linked.exports).find(
    (value): value is WebAssembly.Memory => value instanceof WebAssembly.Memory,
  )!
  const whole = new Uint8Array(memory.buffer)
  const beginning = whole.slice(0, whole.findLastIndex((byte) => byte !== 0) + 1)
  const instance: Instance = { module, linked, memory, beginning, glue: undefined, uses: 0 }
  return instance
}

/** Runs the module's own start, too. */
function startGlue<Exports>(
  factory: EmscriptenFactory<Exports>,
  instance: Instance,
): Promise<Exports> {
  return factory({
    // Left alone, the glue would fetch and compile the .wasm file itself, which Workers forbid.
    instantiateWasm(imports, done) {
      instance.glue = imports
      return done(instance.linked)
    },
    print: silent,
    printErr: silent,
  })
}

const silent = () => {}

function rewind({ memory, beginning }: Instance): void {
  const whole = new Uint8Array(memory.buffer)
  whole.fill(0)
  whole.set(beginning)
}

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
