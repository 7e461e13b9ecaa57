// Measures the memory of a worker's isolate through the inspector of workerd.
import type { Miniflare } from 'miniflare'
import { WebSocket } from 'ws'

/** Memory of an isolate by kind, in bytes. */
export interface IsolateMemory {
  /** The JavaScript heap. */
  readonly heap: number
  /** Array buffers other than WebAssembly memories. */
  readonly buffers: number
  /** WebAssembly memories that are not garbage-collected yet. */
  readonly wasm: number
}

/**
 * A prelude that adds up the worker's WebAssembly memories, which the inspector does not report. A memory counts until
 * it is garbage-collected.
 */
export const COUNT_WASM = `
{
  const memories = new Set()
  const known = new WeakSet()
  const note = (memory) => {
    if (!(memory instanceof WebAssembly.Memory) || known.has(memory)) return
    known.add(memory)
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
  globalThis.wasmBytes = () => {
    let bytes = 0
    for (const ref of memories) {
      const memory = ref.deref()
      if (memory) bytes += memory.buffer.byteLength
      else memories.delete(ref)
    }
    return bytes
  }
}
`

interface Message {
  readonly id?: number
  readonly result?: never
  readonly params?: { readonly context?: { readonly id: number } }
}

export interface Inspector {
  memory(): Promise<IsolateMemory>
  /**
   * Collects garbage in all isolates of the process, because the isolates of the simulated platform hold some of the
   * memory, too. `request` must send a request: V8 collects only on a free thread, and workerd lets V8 do so only while
   * a request runs.
   */
  collectGarbage(request: () => Promise<unknown>): Promise<void>
  /** Runs an empty script in the isolate. Resolves as soon as the isolate's thread was free to run it. */
  turn(): Promise<void>
  close(): void
}

export async function inspect(worker: Miniflare): Promise<Inspector> {
  const list = new URL('/json', String(await worker.getInspectorURL()).replace(/^ws/, 'http'))
  const targets = (await (await fetch(list)).json()) as {
    id: string
    webSocketDebuggerUrl: string
  }[]
  const open = async (target: (typeof targets)[number]) => ({
    ...target,
    ...(await connect(target.webSocketDebuggerUrl)),
  })
  const isolates = await Promise.all(targets.map(open))
  const { call, contextId } = isolates.find(({ id }) => id.startsWith('core:user:'))!
  return {
    async memory() {
      const usage = await call<{ usedSize: number; backingStorageSize: number }>('Runtime.getHeapUsage')
      const expression = 'globalThis.wasmBytes()'
      const { result } = await call<{ result: { value: number } }>('Runtime.evaluate', {
        expression,
        contextId,
      })
      return { heap: usage.usedSize, buffers: usage.backingStorageSize, wasm: result.value }
    },
    async collectGarbage(request) {
      const state = { isDone: false }
      await call('Runtime.discardConsoleEntries') // workerd keeps the last thousand entries and their objects
      for (const other of isolates) void other.call('HeapProfiler.collectGarbage')
      void call('HeapProfiler.collectGarbage').then(() => (state.isDone = true))
      do await request()
      while (!state.isDone)
    },
    turn: () => call('Runtime.evaluate', { expression: '0', contextId }),
    close: () => isolates.forEach(({ close }) => close()),
  }
}

async function connect(url: string) {
  const socket = new WebSocket(url)
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const waiting = new Map<number, (result: never) => void>()
  let contextId = 0
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Message
    if (message.id !== undefined) {
      waiting.get(message.id)?.(message.result!)
      waiting.delete(message.id)
    }
    if (message.params?.context) contextId = message.params.context.id
  })
  let last = 0
  const call = <T>(method: string, params: object = {}) =>
    new Promise<T>((resolve) => {
      waiting.set(++last, resolve)
      socket.send(JSON.stringify({ id: last, method, params }))
    })
  await call('Runtime.enable')
  return { call, contextId, close: () => socket.close() }
}
