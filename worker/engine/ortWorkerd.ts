// onnxruntime-web's WASM in workerd, which refuses to compile WASM at run time: the module is
// imported statically, and handed over where onnxruntime asks to compile bytes.
//
// onnxruntime-web only ships a threaded build: its memory is shared (up to 4 GB), though with
// numThreads = 1 no thread is ever started. Local workerd accepts that; whether production does is
// not verified. Where it does not, `run` rejects and the visitor gets the original picture with a
// reason.
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm'
import type { Engine } from './engine.ts'
import { createOrtEngine, NS_PER_MAC, type OrtRuntime } from './ort.ts'

/**
 * Pixels. Codecs need most of the isolate's 128 MB, and this memory never shrinks, so a little time
 * is given for it. A 1200x1000 picture in local workerd, wasm memory of which 16.8 MB is the floor:
 *
 *   side               128    160    192    256
 *   9-1-5   ms/MP     1110   1030    950    980
 *           MB        16.8   20.2   24.2   34.7
 *   9-5-5   ms/MP     6560   5960   5810   6220
 *           MB        20.2   24.2   29.1   38.4
 */
const MAX_SIDE = 160

/** Stands for the bytes of `wasm`: env.wasm.wasmBinary, known again by identity. */
const SENTINEL = new ArrayBuffer(8)

/**
 * The engine for workerd. onnxruntime is loaded by the first `run`, so that requests which a cache
 * answers never pay for it. A start that fails rejects that `run`, and the next one tries again.
 */
export function createWorkerdOrtEngine(): Engine {
  let engine: Engine | undefined // a settled value: in Workers nobody may wait for another request's promise
  return {
    name: 'ort',
    maxSide: MAX_SIDE,
    nsPerMac: NS_PER_MAC,
    async run(network, input) {
      if (!engine) {
        const runtime = await loadRuntime()
        engine ??= createOrtEngine(runtime, { executionProvider: 'wasm' }) // one, that runs may take turns
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
        const restore = handOverWasm()
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
 * onnxruntime never forgives a start that failed, so what most likely fails is tried before it:
 * the memory, shared and with room for 65,536 pages as onnxruntime asks for it.
 */
function assertSharedMemory(): void {
  try {
    void new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })
  } catch (cause) {
    throw new Error(`this isolate gives no shared WebAssembly memory: ${String(cause)}`, { cause })
  }
}

type Instantiate = (source: unknown, imports?: WebAssembly.Imports) => Promise<unknown>
const host = WebAssembly as unknown as { instantiate: Instantiate }

/** What `patched` passes other calls on to. */
let original: Instantiate | undefined
/** How many starts are going on: WebAssembly.instantiate is ours while there are any. */
let starts = 0

/**
 * Makes WebAssembly.instantiate(SENTINEL, ...) answer with the imported module until the returned
 * function is called; anything else passes through, for codecs may start at the same time.
 */
function handOverWasm(): () => void {
  starts++
  if (host.instantiate !== patched) {
    original = host.instantiate
    host.instantiate = patched
  }
  return () => {
    starts--
    // Whoever replaced ours meanwhile restores it later; until then it passes everything on.
    if (starts === 0 && host.instantiate === patched) host.instantiate = original!
  }
}

async function patched(source: unknown, imports?: WebAssembly.Imports): Promise<unknown> {
  const isOurs = ArrayBuffer.isView(source) && source.buffer === SENTINEL
  if (!isOurs) return original!.call(WebAssembly, source, imports)
  // Synchronous, so that a start takes microtasks only and no cancelled request leaves it half-done.
  return { module: wasm, instance: new WebAssembly.Instance(wasm, imports) }
}
