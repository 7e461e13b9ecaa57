// oxlint-disable-next-line typescript/triple-slash-reference -- ambient: nothing to import from it
/// <reference path="../../worker/wasm.d.ts" />
// The worker for enginesWorkerd.ts. POST stores a model and a plane. GET /?engine=relaxed then runs the model on the
// plane. The first run also decodes the model. A GET without an engine does nothing.
import srcnn from '../../dist/kernel/srcnn-plain.wasm'
import subpixel from '../../dist/kernel/subpixel-plain.wasm'
import { createFusedEngine } from '../../worker/engine/fused.ts'
import type { Planes } from '../../worker/engine/engine.ts'
import { kernelModules } from '../../worker/platform/workersFiles.ts'
import { createWorkerdOrtEngine } from '../../worker/engine/ortWorkerd.ts'
import { type Network } from '../../worker/model/network.ts'
import { decodeNetwork } from '../../worker/model/networkFile.ts'

declare global {
  /** Returns the bytes of all WebAssembly memories. It is defined only if COUNT_WASM (inspector.ts) has run before. */
  // oxlint-disable-next-line vars-on-top -- only `var` can declare a global
  var wasmBytes: () => number
}

const engines = {
  ort: createWorkerdOrtEngine(),
  relaxed: createFusedEngine(kernelModules),
  plain: createFusedEngine({ srcnn, subpixel }),
}

let work: { readonly model: Uint8Array; readonly input: Planes; network?: Network } | undefined

// oxlint-disable-next-line import/no-default-export -- the entry point that workerd calls
export default {
  async fetch(request: Request): Promise<Response> {
    const query = new URL(request.url).searchParams
    if (request.method === 'POST') {
      const body = await request.arrayBuffer()
      const modelBytes = Number(query.get('model'))
      const [width, height] = [Number(query.get('width')), Number(query.get('height'))]
      const data = new Float32Array(body.slice(modelBytes))
      work = {
        model: new Uint8Array(body, 0, modelBytes),
        input: { channels: 1, width, height, data },
      }
      return new Response()
    }
    if (query.has('memory')) return Response.json(globalThis.wasmBytes())
    if (!query.has('engine')) return new Response()
    const engine = engines[query.get('engine') as keyof typeof engines]
    work!.network ??= decodeNetwork(work!.model)
    const { data } = await engine.run(work!.network, work!.input)
    return new Response(query.has('result') ? data.slice() : undefined)
  },
}
