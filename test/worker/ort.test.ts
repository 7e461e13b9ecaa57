// onnxruntime-web in workerd: its results, its start in an isolate, and its memory.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Planes } from '../../worker/engine/engine.ts'
import { reference } from '../../worker/engine/reference.ts'
import { describeNetwork, type Network, SRCNN_915, subPixelArchitecture } from '../../worker/model/network.ts'
import { encodeNetwork } from '../../worker/model/networkFile.ts'
import { maxDifference, sampleNetwork, samplePlanes } from '../support/engine/samples.ts'

const ORT_WASM = 'onnxruntime-web/ort-wasm-simd-threaded.wasm'
const EMPTY_WASM = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0) // an empty module

let script = ''
const started: Miniflare[] = []

beforeAll(async () => {
  const result = await build({
    entryPoints: [join(import.meta.dirname, '../support/engine/ortWorker.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['*.wasm'],
  })
  script = result.outputFiles[0].text
})

afterAll(() => Promise.all(started.map((worker) => worker.dispose())))

/** Starts a worker with onnxruntime in a new isolate. */
async function startIsolate(compatibilityFlags: string[] = []): Promise<Miniflare> {
  const wasm = readFileSync(createRequire(import.meta.url).resolve(ORT_WASM))
  const worker = new Miniflare({
    compatibilityDate: '2026-04-01',
    compatibilityFlags,
    modules: [
      { type: 'ESModule', path: 'index.mjs', contents: script },
      { type: 'CompiledWasm', path: ORT_WASM, contents: wasm },
      { type: 'CompiledWasm', path: 'empty.wasm', contents: EMPTY_WASM },
    ],
    cf: false,
  })
  started.push(worker)
  await worker.ready
  return worker
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly data: Float32Array
  readonly headers: Record<string, string>
}

async function run(worker: Miniflare, network: Network, input: Planes, query = ''): Promise<Answer> {
  const model = encodeNetwork(network)
  const { channels, width, height, data } = input
  const body = new Uint8Array(model.length + data.byteLength)
  body.set(model)
  body.set(new Uint8Array(data.buffer), model.length)
  const url = `http://test/?model=${model.length}&channels=${channels}&width=${width}&height=${height}&${query}`
  const response = await worker.dispatchFetch(url, { method: 'POST', body })
  const bytes = await response.arrayBuffer()
  const isFine = response.status === 200
  return {
    status: response.status,
    text: isFine ? '' : new TextDecoder().decode(bytes),
    data: new Float32Array(isFine ? bytes : new ArrayBuffer(0)),
    headers: Object.fromEntries(response.headers),
  }
}

describe('onnxruntime in workerd agrees with the reference within 1e-4', () => {
  const networks = [
    sampleNetwork(SRCNN_915),
    sampleNetwork({ kernels: [9, 3, 5], widths: [16, 8] }, 'zero'),
    sampleNetwork({ kernels: [9, 5, 5], widths: [16, 8], residual: true }),
    sampleNetwork({ kernels: [5, 1, 3], widths: [8, 8], channels: 3 }),
    sampleNetwork(subPixelArchitecture(3, 16, 1)),
  ]
  let worker: Miniflare
  beforeAll(async () => {
    worker = await startIsolate()
  })

  for (const network of networks) {
    test.each([
      [1, 1],
      [17, 9],
      [64, 65],
    ])(`${describeNetwork(network)} ${network.padding}, %ix%i`, async (width, height) => {
      const input = samplePlanes(network.layers[0].inputs, width, height)
      const got = await run(worker, network, input)
      expect(got.text).toBe('')
      expect(maxDifference(got.data, (await reference.run(network, input)).data)).toBeLessThan(1e-4)
    })
  }
})

describe('the start of onnxruntime in an isolate', () => {
  const network = sampleNetwork(SRCNN_915)
  const input = samplePlanes(1, 20, 12)

  test('gives right results even if several first runs overlap in time with each other and with another WebAssembly instantiation', async () => {
    const worker = await startIsolate()
    const want = (await reference.run(network, input)).data
    const answers = await Promise.all([1, 2, 3].map(() => run(worker, network, input, 'times=3&otherWasm')))
    for (const { text, data, headers } of answers) {
      expect(text).toBe('')
      expect(maxDifference(data, want)).toBeLessThan(1e-4)
      expect(headers).toMatchObject({ others: 'instance refused', restored: 'true' })
    }
  })

  test('fails with the reason if memory is refused, but the next run succeeds', async () => {
    const worker = await startIsolate()
    const refused = await run(worker, network, input, 'noMemory')
    expect(refused.status).toBe(500)
    expect(refused.text).toContain('this isolate has no shared WebAssembly memory')
    expect(refused.headers.restored).toBe('true')
    const next = await run(worker, network, input)
    expect(next.text).toBe('')
    expect(next.headers.restored).toBe('true')
  })

  test('succeeds in a worker that also has the globals of Node (nodejs_compat)', async () => {
    const worker = await startIsolate(['nodejs_compat'])
    expect((await run(worker, network, input)).text).toBe('')
  })

  test('takes less than 28 MB for a tile of 160x160 px', async () => {
    const worker = await startIsolate()
    const { headers } = await run(worker, network, samplePlanes(1, 160, 160))
    expect(Number(headers.memory)).toBeLessThan(28e6) // measured: 24.2 MB
  })
})
