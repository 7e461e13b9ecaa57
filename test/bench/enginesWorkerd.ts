// Measures the engines inside workerd. A Worker's clock does not advance while the Worker computes. Therefore times are
// CPU times of workerd's process, which are read from outside.
import { join } from 'node:path'
import { Miniflare } from 'miniflare'
import type { Planes } from '../../worker/engine/engine.ts'
import { KERNEL_NAMES } from '../../worker/engine/fused.ts'
import { buildKernel } from '../../worker/build/kernels.ts'
import { ARITHMETICS } from '../../worker/engine/kernel/arithmetic.ts'
import { bundleWorker, type WorkerModule } from '../support/worker/bundle.ts'
import { COUNT_WASM } from '../support/measure/inspector.ts'
import { withProcesses, workerdMs } from '../support/measure/processes.ts'
import { maxDifference } from '../support/engine/samples.ts'
import { compare, type Table } from './compare.ts'

const ENGINES = ['ort', ...ARITHMETICS]

const ENTRY = join(import.meta.dirname, 'enginesWorker.ts')

/** Bundles the worker with all engines. */
export async function bundleEngines(prelude?: string): Promise<WorkerModule[]> {
  for (const name of KERNEL_NAMES) {
    for (const kind of ARITHMETICS) await buildKernel(name, kind) // writes to dist/, from where the worker imports
  }
  return bundleWorker(ENTRY, prelude)
}

/**
 * Compares the engines on each plane. Returns one table per plane. Each plane has a fresh isolate, because the memory
 * of onnxruntime never shrinks.
 */
export async function compareInWorkerd(
  modules: readonly WorkerModule[],
  model: Uint8Array,
  inputs: readonly Planes[],
  rounds: number,
): Promise<Table[]> {
  const tables: Table[] = []
  for (const input of inputs) tables.push(await compareOn(modules, model, input, rounds))
  return tables
}

async function compareOn(
  modules: readonly WorkerModule[],
  model: Uint8Array,
  input: Planes,
  rounds: number,
): Promise<Table> {
  const { get, processes, dispose } = await startEngines(modules, model, input)
  try {
    const clock = () => workerdMs(processes)
    const firsts: number[] = []
    const results: Float32Array[] = []
    for (const engine of ENGINES) {
      const begin = clock()
      results.push(new Float32Array(await get(`engine=${engine}&result`)))
      firsts.push(clock() - begin)
    }
    const contenders = ENGINES.map((name) => ({ name, run: () => get(`engine=${name}`) }))
    const notes = ENGINES.map((name, i) => {
      const difference = maxDifference(results[i], results[0]).toExponential(1)
      return `${name}: first run ${firsts[i].toFixed(0)} ms, largest difference ${difference}`
    })
    const title = `engines in workerd, ${input.width}x${input.height}, CPU time of workerd's process`
    return await compare(title, contenders, { rounds, warmups: 1, clock, notes })
  } finally {
    await dispose()
  }
}

/** Returns the bytes of WebAssembly memory in an isolate that has enlarged only this plane. */
export async function memoryInWorkerd(model: Uint8Array, input: Planes): Promise<number> {
  const { get, dispose } = await startEngines(await bundleEngines(COUNT_WASM), model, input)
  await get('engine=relaxed')
  const bytes = Number(new TextDecoder().decode(await get('memory')))
  await dispose()
  return bytes
}

/** Starts a fresh isolate and sends it a model and a plane, but does not run the model. */
export async function startEngines(modules: readonly WorkerModule[], model: Uint8Array, input: Planes) {
  const [worker, processes] = await withProcesses(async () => {
    const fresh = new Miniflare({ compatibilityDate: '2026-04-01', modules: [...modules], cf: false })
    await fresh.ready
    return fresh
  })
  const ask = async (query: string, init?: { method: string; body: Uint8Array }) => {
    const response = await worker.dispatchFetch(`http://bench.test/?${query}`, init)
    const bytes = await response.arrayBuffer()
    if (!response.ok) throw new Error(`workerd: ${new TextDecoder().decode(bytes)}`)
    return bytes
  }
  const { width, height, data } = input
  const body = Buffer.concat([model, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)])
  await ask(`model=${model.length}&width=${width}&height=${height}`, { method: 'POST', body })
  return { get: (query: string) => ask(query), processes, dispose: () => worker.dispose() }
}
