// onnxruntime-web on WebGPU, fetched only where somebody chose it: 17 MB. Of its builds with WebGPU this is the one
// that a static asset may be (25 MiB at most); it wants JavaScript Promise Integration of the browser.
import * as ort from 'onnxruntime-web/jspi'
import type { Engine } from '../engine/engine.ts'
import { createOrtEngine } from '../engine/ort.ts'

ort.env.wasm.numThreads = 1
ort.env.wasm.wasmPaths = new URL('ort/', location.href).href

/** A side in pixels: 64 channels of a tile are 64 MB of the card's memory. */
const MAX_SIDE = 512

export function createWebgpuEngine(): Engine {
  return createOrtEngine(ort, {
    executionProvider: 'webgpu',
    maxSide: MAX_SIDE,
    // A node that WebGPU cannot run is an error, so that no CPU code passes for it.
    sessionOptions: { extra: { session: { disable_cpu_ep_fallback: '1' } } },
  })
}
