// Every decode and every encode gets a WebAssembly instance of its own, made from the compiled module
// (0.4 to 2.6 ms of CPU) and dropped afterwards. So a trap cannot poison the next request (an instance
// that trapped often dies: https://github.com/cloudflare/workers-rs/issues/964), memory that a big
// picture grew is given back, and no request ever sees bytes of another.

import { CodecError } from './error.ts'

/** The module objects that Emscripten's factories make: functions from C++, bound by embind. */
export type EmscriptenFactory<Exports> = (options: {
  instantiateWasm(
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance) => void,
  ): object
  print(line: string): void
  printErr(line: string): void
}) => Promise<Exports>

const silent = () => {}

/** Starts a fresh instance of an Emscripten module. `factory` is the glue that its package ships. */
export function startEmscripten<Exports>(
  factory: EmscriptenFactory<Exports>,
  module: WebAssembly.Module,
): Promise<Exports> {
  return new Promise((resolve, reject) => {
    // Left alone, the glue would fetch and compile the .wasm file itself, which Workers forbid.
    const instantiateWasm = (
      imports: WebAssembly.Imports,
      done: (instance: WebAssembly.Instance) => void,
    ) => {
      WebAssembly.instantiate(module, imports).then(done).catch(reject)
      return {}
    }
    factory({ instantiateWasm, print: silent, printErr: silent }).then(resolve, reject)
  })
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
