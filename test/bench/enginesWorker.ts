// oxlint-disable-next-line typescript/triple-slash-reference -- ambient: nothing to import from it
/// <reference path="../../worker/wasm.d.ts" />
// The engines in workerd, for engines.ts: POST a model and a plane once, then GET /?engine=fused runs it.
import plain from '../../dist/kernel/srcnn-plain.wasm'
import { createFusedEngine } from '../../worker/engine/fused.ts'
import type { Planes } from '../../worker/engine/engine.ts'
import { kernelModules } from '../../worker/engine/kernel/workers.ts'
import { createWorkerdOrtEngine } from '../../worker/engine/ort-workerd.ts'
import { decodeNetwork, type Network } from '../../worker/model/network.ts'

const engines = {
  ort: createWorkerdOrtEngine(),
  relaxed: createFusedEngine(kernelModules),
  plain: createFusedEngine(plain),
}

let work: { readonly network: Network; readonly input: Planes } | undefined

// oxlint-disable-next-line import/no-default-export -- what workerd calls
export default {
  async fetch(request: Request): Promise<Response> {
    const query = new URL(request.url).searchParams
    if (request.method === 'POST') {
      const body = await request.arrayBuffer()
      const modelBytes = Number(query.get('model'))
      const [width, height] = [Number(query.get('width')), Number(query.get('height'))]
      const network = decodeNetwork(new Uint8Array(body, 0, modelBytes))
      const data = new Float32Array(body.slice(modelBytes))
      work = { network, input: { channels: 1, width, height, data } }
      return new Response()
    }
    const engine = engines[query.get('engine') as keyof typeof engines]
    const { data } = await engine.run(work!.network, work!.input)
    return new Response(query.has('result') ? data.slice() : undefined)
  },
}
