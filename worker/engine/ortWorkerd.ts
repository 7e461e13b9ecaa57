// The ort engine on onnxruntime-web's WASM in workerd, which refuses to compile WASM at run time. So the module is
// imported statically, and is passed to onnxruntime when onnxruntime asks to compile bytes.
//
// onnxruntime-web ships a threaded build only: its memory is shared (up to 4 GB), although with numThreads = 1
// onnxruntime never starts a thread. Local workerd accepts shared memory. Whether Cloudflare's production accepts it
// has not been verified. If not, `run` rejects, and the visitor gets the original picture and a reason.
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm'
import type { Engine } from './engine.ts'
import { createOrtEngine, NS_PER_MAC, type OrtRuntime } from './ort.ts'

/**
 * Maximum side of an input, in pixels. Codecs need most of the isolate's 128 MB, and the WASM's memory never shrinks,
 * so this side is smaller than the fastest side in the table. Time and wasm memory (at least 16.8 MB), measured with a
 * 1200x1000 picture in local workerd:
 *
 *   side               128    160    192    256
 *   9-1-5   ms/MP     1110   1030    950    980
 *           MB        16.8   20.2   24.2   34.7
 *   9-5-5   ms/MP     6560   5960   5810   6220
 *           MB        20.2   24.2   29.1   38.4
 */
const MAX_SIDE = 160

/**
 * Passed to onnxruntime as env.wasm.wasmBinary in place of the bytes of `wasm`. `patched` recognises it by identity.
 */
const SENTINEL = new ArrayBuffer(8)

/**
 * Creates the engine for workerd. The first `run` loads onnxruntime, so requests that are answered from a cache do not
 * pay for loading it. If onnxruntime does not start, that `run` rejects, and the next `run` tries again.
 */
export function createWorkerdOrtEngine(): Engine {
  let engine: Engine | undefined // not a promise: in Workers no request may wait for another one's promise
  return {
    name: 'ort',
    maxSide: MAX_SIDE,
    nsPerMac: NS_PER_MAC,
    async run(network, input) {
      if (!engine) {
        const runtime = await loadRuntime()
        engine ??= createOrtEngine(runtime, { executionProvider: 'wasm' }) // only one, so that runs take turns
      }
      return engine.run(network, input)
    },
  }
}

async function loadRuntime(): Promise<OrtRuntime> {
  const { env, InferenceSession, Tensor } = await import('onnxruntime-web/wasm')
  env.wasm.numThreads = 1
  env.wasm.proxy = false
  env.wasm.wasmBinary = SENTINEL
  let isStarted = false
  return {
    Tensor,
    InferenceSession: {
      async create(model, options) {
        if (isStarted) return InferenceSession.create(model, options)
        assertSharedMemory()
        const restore = passImportedWasm()
        try {
          const session = await InferenceSession.create(model, options)
          isStarted = true
          return session
        } catch (cause) {
          throw new Error(`onnxruntime-web does not start in this isolate: ${String(cause)}`, {
            cause,
          })
        } finally {
          restore()
        }
      },
    },
  }
}

/**
 * Throws if the isolate does not provide the memory that onnxruntime asks for: shared, with up to 65,536 pages. After a
 * failed start onnxruntime never starts again, so the most likely cause of a failure is tested before the start.
 */
function assertSharedMemory(): void {
  try {
    void new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })
  } catch (cause) {
    throw new Error(`this isolate has no shared WebAssembly memory: ${String(cause)}`, { cause })
  }
}

type Instantiate = (source: unknown, imports?: WebAssembly.Imports) => Promise<unknown>
const host = WebAssembly as unknown as { instantiate: Instantiate }

/** The original WebAssembly.instantiate, which `patched` calls for other modules. */
let original: Instantiate | undefined
/** Number of starts of onnxruntime in progress. While it is above 0, `patched` replaces WebAssembly.instantiate. */
let starts = 0

/**
 * Makes WebAssembly.instantiate(SENTINEL, ...) return the imported module until the returned function is called. Other
 * calls work as before, because codecs may start at the same time.
 */
function passImportedWasm(): () => void {
  starts++
  if (host.instantiate !== patched) {
    original = host.instantiate
    host.instantiate = patched
  }
  return () => {
    starts--
    // If other code has replaced `patched` meanwhile, that code will restore `patched` later. Then `patched` only
    // passes calls on.
    if (starts === 0 && host.instantiate === patched) host.instantiate = original!
  }
}

async function patched(source: unknown, imports?: WebAssembly.Imports): Promise<unknown> {
  const isSentinel = ArrayBuffer.isView(source) && source.buffer === SENTINEL
  if (!isSentinel) return original!.call(WebAssembly, source, imports)
  // The instance is created synchronously, so that a start needs only microtasks and a cancelled request cannot leave
  // it half-done.
  return { module: wasm, instance: new WebAssembly.Instance(wasm, imports) }
}
