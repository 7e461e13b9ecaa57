// The engines inside workerd, whose own clock stands still meanwhile: what its process had of the
// processors is read from outside, and is the time.
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import type { Planes } from '../../worker/engine/engine.ts'
import { buildKernel } from '../../worker/engine/kernel/compile.ts'
import { ARITHMETICS } from '../../worker/engine/kernel/source.ts'
import { processesOfWorkerd } from '../support/inspector.ts'
import { maxDifference } from '../support/samples.ts'
import { compare, type Table } from './bench.ts'

const ORT_WASM = 'onnxruntime-web/ort-wasm-simd-threaded.wasm'
const ENGINES = ['ort', ...ARITHMETICS]

/** One table a plane; each in an isolate of its own, for onnxruntime's memory never shrinks. */
export async function compareInWorkerd(
  model: Uint8Array,
  inputs: readonly Planes[],
  rounds: number,
): Promise<Table[]> {
  // prettier-ignore
  const modules = await modulesOf()
  const tables: Table[] = []
  for (const input of inputs) tables.push(await compareOn(modules, model, input, rounds))
  return tables
}

async function compareOn(
  modules: Awaited<ReturnType<typeof modulesOf>>,
  model: Uint8Array,
  input: Planes,
  rounds: number,
): Promise<Table> {
  const worker = new Miniflare({ compatibilityDate: '2026-04-01', modules, cf: false })
  try {
    await worker.ready
    const { width, height, data } = input
    const get = async (query: string) => {
      const response = await worker.dispatchFetch(`http://bench.test/?engine=${query}`)
      const bytes = await response.arrayBuffer()
      if (!response.ok) throw new Error(`workerd: ${new TextDecoder().decode(bytes)}`)
      return bytes
    }
    await worker.dispatchFetch(
      `http://bench.test/?model=${model.length}&width=${width}&height=${height}`,
      {
        method: 'POST',
        body: Buffer.concat([model, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]),
      },
    )
    const firsts: number[] = []
    const results: Float32Array[] = []
    for (const engine of ENGINES) {
      const begin = workerdMs()
      results.push(new Float32Array(await get(`${engine}&result`)))
      firsts.push(workerdMs() - begin)
    }
    const candidates = ENGINES.map((name) => ({ name, run: () => get(name) }))
    const notes = ENGINES.map((name, i) => `${name}: first run ${firsts[i].toFixed(0)} ms, largest difference ${maxDifference(results[i], results[0]).toExponential(1)}`) // prettier-ignore
    const title = `engines in workerd, ${width}x${height}, CPU time of its process`
    return await compare(title, candidates, { rounds, warmups: 1, clock: workerdMs, notes })
  } finally {
    await worker.dispose()
  }
}

async function modulesOf() {
  const bundle = await build({
    entryPoints: [join(import.meta.dirname, 'enginesWorker.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    plugins: [
      {
        name: 'wasm by its name',
        setup: ({ onResolve }) =>
          onResolve({ filter: /\.wasm$/ }, ({ path }) => ({
            path: `./${basename(path)}`,
            external: true,
            sideEffects: false, // what is not used is not there either
          })),
      },
    ],
  })
  const compiled = (path: string, contents: Uint8Array) => ({ type: 'CompiledWasm' as const, path, contents }) // prettier-ignore
  const ort = readFileSync(createRequire(import.meta.url).resolve(ORT_WASM))
  return [
    { type: 'ESModule' as const, path: 'index.mjs', contents: bundle.outputFiles[0].text },
    compiled(basename(ORT_WASM), ort),
    ...(await Promise.all(ARITHMETICS.map(async (kind) => compiled(`srcnn-${kind}.wasm`, await buildKernel(kind))))), // prettier-ignore
  ]
}

/** CPU time of all threads of the workerd that this process started; the kernel counts in ns. */
function workerdMs(): number {
  let ns = 0
  for (const process of processesOfWorkerd()) {
    const tasks = `/proc/${process}/task`
    for (const task of readdirSync(tasks)) {
      ns += Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0])
    }
  }
  return ns / 1e6
}
