// The memory of a worker's isolate, as workerd's inspector sees it.
import type { Miniflare } from 'miniflare'
import { WebSocket } from 'ws'

/** In bytes. */
export interface IsolateMemory {
  /** The JavaScript heap. */
  readonly heap: number
  /** Array buffers that are no WebAssembly memory. */
  readonly buffers: number
  /** WebAssembly memories that are not collected yet. */
  readonly wasm: number
}

/**
 * Put in front of a worker's code: keeps count of its WebAssembly memories, which the inspector
 * does not list. A memory counts until the garbage collector has taken it.
 */
export const COUNT_WASM = `
{
  const memories = new Set()
  const note = (memory) => {
    if (memory instanceof WebAssembly.Memory && ![...memories].some((ref) => ref.deref() === memory))
      memories.add(new WeakRef(memory))
  }
  const noteAll = (instance, imports) => {
    for (const values of [instance.exports, ...Object.values(imports ?? {})]) Object.values(values).forEach(note)
    return instance
  }
  const { Instance, instantiate } = WebAssembly
  WebAssembly.Instance = new Proxy(Instance, {
    construct: (target, [module, imports]) => noteAll(Reflect.construct(target, [module, imports]), imports),
  })
  const { Memory } = WebAssembly
  WebAssembly.Memory = new Proxy(Memory, {
    construct: (target, [descriptor]) => {
      const memory = new target(descriptor)
      note(memory)
      return memory
    },
  })
  WebAssembly.instantiate = async (source, imports) => {
    const result = await instantiate(source, imports)
    noteAll(result.instance ?? result, imports)
    return result
  }
  globalThis.wasmBytes = () =>
    [...memories].reduce((sum, ref) => sum + (ref.deref()?.buffer.byteLength ?? 0), 0)
}
`

interface Message {
  readonly id?: number
  readonly result?: never
  readonly params?: { readonly context?: { readonly id: number } }
}

export interface Inspector {
  memory(): Promise<IsolateMemory>
  collectGarbage(): Promise<void>
  close(): void
}

export async function inspect(worker: Miniflare): Promise<Inspector> {
  const list = new URL('/json', String(await worker.getInspectorURL()).replace(/^ws/, 'http'))
  const targets = (await (await fetch(list)).json()) as {
    id: string
    webSocketDebuggerUrl: string
  }[]
  const target = targets.find(({ id }) => id.startsWith('core:user:'))!
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const waiting = new Map<number, (result: never) => void>()
  let contextId = 0
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Message
    if (message.id !== undefined) waiting.get(message.id)?.(message.result!)
    if (message.params?.context) contextId = message.params.context.id
  })
  let last = 0
  const call = <T>(method: string, params: object = {}) =>
    new Promise<T>((resolve) => {
      waiting.set(++last, resolve)
      socket.send(JSON.stringify({ id: last, method, params }))
    })
  await call('Runtime.enable')
  return {
    async memory() {
      const usage = await call<{ usedSize: number; backingStorageSize: number }>(
        'Runtime.getHeapUsage',
      )
      const expression = 'globalThis.wasmBytes()'
      const { result } = await call<{ result: { value: number } }>('Runtime.evaluate', {
        expression,
        contextId,
      })
      return { heap: usage.usedSize, buffers: usage.backingStorageSize, wasm: result.value }
    },
    collectGarbage: () => call('HeapProfiler.collectGarbage'),
    close: () => socket.close(),
  }
}
