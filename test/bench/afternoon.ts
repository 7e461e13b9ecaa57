// A miss with each network against the worker that one would write in an afternoon (afternoonWorker.ts), all
// in workerd.
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
import { compareBy, type Table, wallMs } from './bench.ts'
import { describePeak, peakDuring } from '../support/measure/peak.ts'

const SCALE = 3
const ENTRY = join(import.meta.dirname, 'afternoonWorker.ts')

/** Below it the two do not do the same work. Their JPEGs differ in step sizes and chroma. */
const LEAST_DB = 35

interface Start {
  readonly vars: { readonly ORIGIN_URL: string }
  readonly prelude?: string
  readonly inspectorPort?: number
}

interface Contestant {
  readonly name: string
  readonly start: (options: Start) => Promise<Miniflare>
  readonly path: string
}

/** The first is what the others are compared with; the second does the same work. */
async function contestants(): Promise<Contestant[]> {
  const families = (await shippedFamilies(SCALE)).toSorted(
    (a, b) => Number(b === SAME_NETWORK) - Number(a === SAME_NETWORK),
  )
  return [
    { name: 'of an afternoon', start: startAfternoonWorker, path: `/jpeg?sr=${SCALE}` },
    ...families.map((name) => ({
      name: `ours, ${name}`,
      start: startWorker,
      path: `/jpeg?sr=${SCALE}&sr-model=${name}`,
    })),
  ]
}
const SAME_NETWORK = 'srcnn'

/** `dist/worker` must be built. */
export async function compareWithAfternoon(side: number, jpeg: Uint8Array, rounds: number): Promise<Table[]> {
  const origin = await startOrigin()
  origin.serve('/jpeg', jpeg, { 'cache-control': 'no-store' })
  const vars = { ORIGIN_URL: origin.url }
  const started: [Miniflare, number[]][] = []
  const all = await contestants()
  try {
    const peaks: string[] = []
    for (const one of all) peaks.push(`first miss, MB: ${describePeak(one.name, await peakOf(one, vars))}`)
    for (const { start } of all) started.push(await withProcesses(() => start({ vars })))
    const results = await Promise.all(all.map(({ path }, i) => fetchLarger(started[i][0], path)))
    const notes = [agreementOf(await Promise.all(results.slice(0, 2).map(decodeBySharp)), SCALE * side)]
    all.forEach(({ name }, i) => notes.push(`${name}: ${results[i].length} bytes`))
    const candidates = all.map(({ name, path }, i) => ({ name, run: () => fetchLarger(started[i][0], path) }))
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

async function fetchLarger(worker: Miniflare, path: string): Promise<Uint8Array> {
  const response = await worker.dispatchFetch(`http://site.test${path}`)
  const body = new Uint8Array(await response.arrayBuffer())
  if (response.ok) return body
  throw new Error(`expected a picture, got ${response.status}: ${new TextDecoder().decode(body)}`)
}

/** Throws where the comparison would not be one of like with like. */
function agreementOf([a, b]: readonly Rgba[], side: number): string {
  for (const { width, height } of [a, b]) {
    if (width !== side || height !== side) throw new Error(`expected ${side}², got ${width}x${height}`)
  }
  const agreement = psnr(lumaOf(a), lumaOf(b))
  if (agreement < LEAST_DB) throw new Error(`expected like results, got ${agreement.toFixed(1)} dB between them`)
  return `between its result and ours by ${SAME_NETWORK}: ${agreement.toFixed(1)} dB on luma`
}

async function peakOf({ start, path }: Contestant, vars: Start['vars']) {
  const worker = await start({ vars, prelude: COUNT_WASM, inspectorPort: 0 })
  const inspector = await inspect(worker)
  const peak = await peakDuring(inspector, fetchLarger(worker, path))
  inspector.close()
  await worker.dispose()
  return peak
}
