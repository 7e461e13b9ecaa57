// A page script for Chromium, through which the test calls the ort engine on onnxruntime-web's WebGPU provider.
import * as ort from 'onnxruntime-web/webgpu'
import type { Planes } from '../../../worker/engine/engine.ts'
import { createOrtEngine } from '../../../worker/engine/ort.ts'
import { type Network } from '../../../worker/model/network.ts'
import { decodeNetwork } from '../../../worker/model/networkFile.ts'

ort.env.wasm.numThreads = 1
ort.env.wasm.wasmPaths = '/ort/'

const engine = createOrtEngine(ort, {
  executionProvider: 'webgpu',
  // If WebGPU cannot run a node, the session fails. Without this option the CPU would run that node unnoticed.
  sessionOptions: { extra: { session: { disable_cpu_ep_fallback: '1' } } },
})
const networks = new Map<string, Network>()

/**
 * Starts `times` runs at the same time and returns all results. Takes and returns plain arrays, which playwright can
 * transfer.
 */
async function run(
  model: readonly number[],
  input: Omit<Planes, 'data'> & { readonly data: readonly number[] },
  times = 1,
): Promise<number[][]> {
  const name = String(model)
  if (!networks.has(name)) networks.set(name, decodeNetwork(Uint8Array.from(model)))
  const planes = { ...input, data: Float32Array.from(input.data) }
  const runs = Array.from({ length: times }, () => engine.run(networks.get(name)!, planes))
  return (await Promise.all(runs)).map(({ data }) => Array.from(data))
}

/** Returns the vendor and architecture of the WebGPU adapter, e.g. `google swiftshader`. */
async function adapter(): Promise<string> {
  const { gpu } = navigator as unknown as {
    gpu?: { requestAdapter(): Promise<{ info: { vendor: string; architecture: string } } | null> }
  }
  const found = await gpu?.requestAdapter()
  return found ? `${found.info.vendor} ${found.info.architecture}` : 'none'
}

Object.assign(globalThis, { run, adapter })
