// Compares how our worker and the "stock worker" handle a cache miss. The stock worker (stockWorker.ts) is a simple
// worker made of the usual npm packages. Our worker is measured with one network after another. All workers run in
// workerd.
import { join } from 'node:path'
import { Miniflare, type MiniflareOptions } from 'miniflare'
import { lumaOf } from '../../worker/image/color.ts'
import { psnr } from '../../worker/image/metrics.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { bundleWorker } from '../support/worker/bundle.ts'
import { decodeBySharp } from '../support/pictures/codec.ts'
import { COUNT_WASM, inspect } from '../support/measure/inspector.ts'
import { startOrigin } from '../support/servers/origin.ts'
import { withProcesses, workerdMs } from '../support/measure/processes.ts'
import { shippedFamilies } from '../support/engine/shipped.ts'
import { startWorker } from '../support/worker/worker.ts'
import { compareBy, type Table, wallMs } from './compare.ts'
import { describePeak, peakDuring } from '../support/measure/peak.ts'

const SCALE = 3
const ENTRY = join(import.meta.dirname, 'stockWorker.ts')

/**
 * Least PSNR between the results of the two workers. A lower PSNR would mean that the workers do different work, so
 * that their times could not be compared. The results are never equal, because the JPEGs of the two workers differ in
 * quantisation steps and chroma.
 */
const MIN_AGREEMENT_DB = 35

interface StartOptions {
  readonly vars: { readonly ORIGIN_URL: string }
  readonly prelude?: string
  readonly inspectorPort?: number
}

interface WorkerContender {
  readonly name: string
  readonly start: (options: StartOptions) => Promise<Miniflare>
  readonly path: string
}

/**
 * Returns the contenders. The first is the stock worker, with which all others are compared. The second is our worker
 * with the same network as the stock worker.
 */
async function workerContenders(): Promise<WorkerContender[]> {
  const families = (await shippedFamilies(SCALE)).toSorted(
    (a, b) => Number(b === SAME_NETWORK) - Number(a === SAME_NETWORK),
  )
  return [
    { name: 'stock packages', start: startStockWorker, path: `/jpeg?sr=${SCALE}` },
    ...families.map((name) => ({
      name: `ours, ${name}`,
      start: startWorker,
      path: `/jpeg?sr=${SCALE}&sr-model=${name}`,
    })),
  ]
}
const SAME_NETWORK = 'srcnn'

/** Compares the workers on misses for a JPEG of `side` x `side` pixels. `dist/worker` must have been built. */
export async function compareWithStock(side: number, jpeg: Uint8Array, rounds: number): Promise<Table[]> {
  const origin = await startOrigin()
  origin.serve('/jpeg', jpeg, { 'cache-control': 'no-store' })
  const vars = { ORIGIN_URL: origin.url }
  const started: [Miniflare, number[]][] = []
  const all = await workerContenders()
  try {
    const peaks: string[] = []
    for (const one of all) peaks.push(`first miss, MB: ${describePeak(one.name, await peakOf(one, vars))}`)
    for (const { start } of all) started.push(await withProcesses(() => start({ vars })))
    const results = await Promise.all(all.map(({ path }, i) => fetchLarger(started[i][0], path)))
    const notes = [agreementOf(await Promise.all(results.slice(0, 2).map(decodeBySharp)), SCALE * side)]
    all.forEach(({ name }, i) => notes.push(`${name}: ${results[i].length} bytes`))
    const contenders = all.map(({ name, path }, i) => ({ name, run: () => fetchLarger(started[i][0], path) }))
    const what = `a miss in workerd, ${side}² -> ${SCALE * side}², JPEG`
    const [wall, cpu] = await compareBy(
      {
        [`${what}, wall clock`]: wallMs,
        [`${what}, CPU time of workerd's process`]: (i) => workerdMs(started[i][1]),
      },
      contenders,
      { rounds, warmups: 2 },
    )
    return [wall, { ...cpu, notes: [...notes, ...peaks] }]
  } finally {
    await Promise.all(started.map(([worker]) => worker.dispose()))
    await origin.close()
  }
}

async function startStockWorker({ vars, prelude, inspectorPort }: StartOptions): Promise<Miniflare> {
  const worker = new Miniflare({
    compatibilityDate: '2026-04-01',
    modules: await bundleWorker(ENTRY, prelude),
    bindings: vars,
    inspectorPort,
    cf: false,
  } as MiniflareOptions)
  await worker.ready
  return worker
}

async function fetchLarger(worker: Miniflare, path: string): Promise<Uint8Array> {
  const response = await worker.dispatchFetch(`http://site.test${path}`)
  const body = new Uint8Array(await response.arrayBuffer())
  if (response.ok) return body
  throw new Error(`expected a picture, got ${response.status}: ${new TextDecoder().decode(body)}`)
}

/**
 * Returns a line with the PSNR between the results of the two workers. Throws if a result has the wrong size, or if the
 * PSNR is below MIN_AGREEMENT_DB.
 */
function agreementOf([a, b]: readonly Rgba[], side: number): string {
  for (const { width, height } of [a, b]) {
    if (width !== side || height !== side) throw new Error(`expected ${side}², got ${width}x${height}`)
  }
  const agreement = psnr(lumaOf(a), lumaOf(b))
  if (agreement < MIN_AGREEMENT_DB) {
    throw new Error(`expected similar results, got ${agreement.toFixed(1)} dB between them`)
  }
  return `PSNR between the result of the stock packages and ours by ${SAME_NETWORK}: ${agreement.toFixed(1)} dB on luma`
}

/** Returns the peak memory of a fresh isolate during its first miss. */
async function peakOf({ start, path }: WorkerContender, vars: StartOptions['vars']) {
  const worker = await start({ vars, prelude: COUNT_WASM, inspectorPort: 0 })
  const inspector = await inspect(worker)
  const peak = await peakDuring(inspector, fetchLarger(worker, path))
  inspector.close()
  await worker.dispose()
  return peak
}
