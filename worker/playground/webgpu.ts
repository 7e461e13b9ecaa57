// onnxruntime-web on WebGPU: 17 MB that are fetched only if the visitor chooses it. This is its only build with WebGPU
// that is small enough for a static asset (25 MiB at most); the browser must support JavaScript Promise Integration.
import * as ort from 'onnxruntime-web/jspi'
import type { Engine } from '../engine/engine.ts'
import { createOrtEngine } from '../engine/ort.ts'

ort.env.wasm.numThreads = 1
ort.env.wasm.wasmPaths = new URL('ort/', location.href).href

/** Longest side of a tile in pixels: 64 channels of such a tile take 64 MB of the card's memory. */
const MAX_SIDE = 512

export function createWebgpuEngine(): Engine {
  return createOrtEngine(ort, {
    executionProvider: 'webgpu',
    maxSide: MAX_SIDE,
    // A node that WebGPU cannot run is an error: it must not silently run on the CPU.
    sessionOptions: { extra: { session: { disable_cpu_ep_fallback: '1' } } },
  })
}
