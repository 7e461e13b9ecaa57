// A miss against the worker that one would write in an afternoon (afternoonWorker.ts), both in workerd.
import { join } from 'node:path'
import { Miniflare, type MiniflareOptions } from 'miniflare'
import { lumaOf } from '../../worker/image/color.ts'
import { psnr } from '../../worker/image/metrics.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { bundleWorker } from '../support/bundle.ts'
import { decodeBySharp } from '../support/codec.ts'
import { COUNT_WASM, inspect } from '../support/inspector.ts'
import { startOrigin } from '../support/origin.ts'
import { withProcesses, workerdMs } from '../support/processes.ts'
import { startWorker } from '../support/worker.ts'
import { compareBy, type Table, wallMs } from './bench.ts'
import { describePeak, peakDuring } from './peak.ts'

const SCALE = 3
const PATH = `/jpeg?sr=${SCALE}`
const ENTRY = join(import.meta.dirname, 'afternoonWorker.ts')

/** Below it the two do not do the same work. Their JPEGs differ in step sizes and chroma. */
const LEAST_DB = 35

interface Start {
  readonly vars: { readonly ORIGIN_URL: string }
  readonly prelude?: string
  readonly inspectorPort?: number
}

/** The first is what the other is compared with. */
const WORKERS: Readonly<Record<string, (options: Start) => Promise<Miniflare>>> = {
  'of an afternoon': startAfternoonWorker,
  ours: startWorker,
}
const NAMES = Object.keys(WORKERS)

/** `dist/worker` must be built. */
export async function compareWithAfternoon(
  side: number,
  jpeg: Uint8Array,
  rounds: number,
): Promise<Table[]> {
  const origin = await startOrigin()
  origin.serve('/jpeg', jpeg, { 'cache-control': 'no-store' })
  const vars = { ORIGIN_URL: origin.url }
  const started: [Miniflare, number[]][] = []
  try {
    const peaks: string[] = []
    for (const name of NAMES) peaks.push(`first miss, MB: ${describePeak(name, await peakOf(WORKERS[name], vars))}`) // prettier-ignore
    for (const name of NAMES) started.push(await withProcesses(() => WORKERS[name]({ vars })))
    const results = await Promise.all(started.map(([worker]) => fetchLarger(worker)))
    const notes = [agreementOf(await Promise.all(results.map(decodeBySharp)), SCALE * side)]
    NAMES.forEach((name, i) => notes.push(`${name}: ${results[i].length} bytes`))
    const candidates = NAMES.map((name, i) => ({ name, run: () => fetchLarger(started[i][0]) }))
    const what = `a miss in workerd, ${side}² -> ${SCALE * side}², JPEG`
    const [wall, cpu] = await compareBy(
      {
        [`${what}, wall clock`]: wallMs,
        [`${what}, CPU time of its process`]: (i) => workerdMs(started[i][1]),
      },
      candidates,
      { rounds, warmups: 2 },
    )
    return [wall, { ...cpu, notes: [...notes, ...peaks] }]
  } finally {
    await Promise.all(started.map(([worker]) => worker.dispose()))
    await origin.close()
  }
}

async function startAfternoonWorker({ vars, prelude, inspectorPort }: Start): Promise<Miniflare> {
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

async function fetchLarger(worker: Miniflare): Promise<Uint8Array> {
  const response = await worker.dispatchFetch(`http://site.test${PATH}`)
  const body = new Uint8Array(await response.arrayBuffer())
  if (response.ok) return body
  throw new Error(`expected a picture, got ${response.status}: ${new TextDecoder().decode(body)}`)
}

/** Throws where the comparison would not be one of like with like. */
function agreementOf([a, b]: readonly Rgba[], side: number): string {
  for (const { width, height } of [a, b]) {
    if (width !== side || height !== side) throw new Error(`expected ${side}², got ${width}x${height}`) // prettier-ignore
  }
  const agreement = psnr(lumaOf(a), lumaOf(b))
  if (agreement < LEAST_DB) throw new Error(`expected like results, got ${agreement.toFixed(1)} dB between them`) // prettier-ignore
  return `between the two results: ${agreement.toFixed(1)} dB on luma`
}

async function peakOf(start: (options: Start) => Promise<Miniflare>, vars: Start['vars']) {
  const worker = await start({ vars, prelude: COUNT_WASM, inspectorPort: 0 })
  const inspector = await inspect(worker)
  const peak = await peakDuring(inspector, fetchLarger(worker))
  inspector.close()
  await worker.dispose()
  return peak
}
