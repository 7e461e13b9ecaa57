// Runs networks with onnxruntime-web on WebGPU. The library is 17 MB in size, so it is fetched only if the visitor
// chooses WebGPU. Among the builds with WebGPU, only `jspi` is small enough for a static asset (25 MiB at most). This
// build needs a browser that supports JavaScript Promise Integration.
import * as ort from 'onnxruntime-web/jspi'
import type { Engine } from '../engine/engine.ts'
import { createOrtEngine } from '../engine/ort.ts'

ort.env.wasm.numThreads = 1
ort.env.wasm.wasmPaths = new URL('ort/', location.href).href

/** Longest side of a tile in pixels. 64 channels of 512 x 512 pixels take 64 MB of the graphics card's memory. */
const MAX_SIDE = 512

export function createWebgpuEngine(): Engine {
  return createOrtEngine(ort, {
    executionProvider: 'webgpu',
    maxSide: MAX_SIDE,
    // If WebGPU cannot run a node of the network, that is an error: the node must not silently run on the CPU.
    sessionOptions: { extra: { session: { disable_cpu_ep_fallback: '1' } } },
  })
}
