// oxlint-disable-next-line typescript/triple-slash-reference -- ambient: nothing to import from it
/// <reference path="../../../worker/wasm.d.ts" />
// A worker that runs networks on the ort engine for workerd. A POST request contains a model and planes, and the
// response contains the resulting planes. Query parameters cause failures during the run.
import empty from './empty.wasm'
import { createWorkerdOrtEngine } from '../../../worker/engine/ortWorkerd.ts'
import { type Network } from '../../../worker/model/network.ts'
import { decodeNetwork } from '../../../worker/model/networkFile.ts'

const engine = createWorkerdOrtEngine()
const networks = new Map<string, Network>()
const { instantiate, Memory } = WebAssembly
const memories: WebAssembly.Memory[] = []

class RecordedMemory extends Memory {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    super(descriptor)
    memories.push(this)
  }
}

class RefusedMemory extends Memory {
  constructor() {
    super({ initial: 1, maximum: 1 })
    throw new RangeError('could not allocate memory')
  }
}

// oxlint-disable-next-line import/no-default-export -- what workerd calls
export default {
  async fetch(request: Request): Promise<Response> {
    const query = new URL(request.url).searchParams
    const number = (name: string) => Number(query.get(name))
    const body = await request.arrayBuffer()
    const model = new Uint8Array(body, 0, number('model'))
    const name = String(model)
    if (!networks.has(name)) networks.set(name, decodeNetwork(model))
    const input = {
      channels: number('channels'),
      width: number('width'),
      height: number('height'),
      data: new Float32Array(body.slice(model.length)),
    }
    WebAssembly.Memory = query.has('noMemory') ? RefusedMemory : RecordedMemory
    const others = query.has('otherWasm') ? startOthers() : Promise.resolve('')
    try {
      const times = number('times') || 1
      const runs = Array.from({ length: times }, () => engine.run(networks.get(name)!, input))
      const [result] = await Promise.all(runs)
      return new Response(result.data.slice(), {
        headers: {
          others: await others,
          restored: String(WebAssembly.instantiate === instantiate),
          memory: String(Math.max(...memories.map(({ buffer }) => buffer.byteLength))),
        },
      })
    } catch (error) {
      const restored = String(WebAssembly.instantiate === instantiate)
      return new Response(String(error), { status: 500, headers: { restored } })
    } finally {
      WebAssembly.Memory = Memory
    }
  },
}

/**
 * Acts like a codec that starts at the same time: instantiates another module, and tries to instantiate bytes that are
 * not a module.
 */
async function startOthers(): Promise<string> {
  const seen: string[] = []
  for (let turn = 0; turn < 30; turn++) {
    const instance = await WebAssembly.instantiate(empty)
    if (instance instanceof WebAssembly.Instance) seen[0] = 'instance'
    try {
      await WebAssembly.instantiate(new ArrayBuffer(8))
    } catch {
      seen[1] = 'refused'
    }
  }
  return seen.join(' ')
}
