// Runs one whole soak: the deployed bundle in workerd, an origin, and visitors of every kind over real connections. The
// steps are: warm up; measure memory; time hits, first alone, then during misses; run the mix, with a burst in its
// middle; measure memory again; compare hits per second with a bare worker.
import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Miniflare } from 'miniflare'
import type { Table } from '../bench/compare.ts'
import { COUNT_WASM, inspect, type Inspector } from '../support/measure/inspector.ts'
import { NO_PEAK, type Peak } from '../support/measure/peak.ts'
import { residentMemory, withProcesses } from '../support/measure/processes.ts'
import { startWorker } from '../support/worker/worker.ts'
import { type SoakClient, createSoakClient } from './client.ts'
import { type Latencies, timeHits } from './latency.ts'
import {
  createHotPictures,
  createRequestMix,
  type HotPicture,
  hotUrl,
  type PlannedRequest,
  type RequestMix,
} from './requestMix.ts'
import { goodPath, type SoakOrigin, startSoakOrigin } from './soakOrigin.ts'
import { compareHits } from './throughput.ts'
import { createVisits, type Visits } from './visits.ts'

export interface SoakOptions {
  /** Number of requests in the mix. */
  readonly requests: number
  readonly seed: number
  /** Number of requests before memory is first measured: enough to bring an isolate to its steady state. */
  readonly warmUp: number
  /** Number of popular pictures, which visitors request again and again. */
  readonly hotPictures: number
  /** Number of simultaneous misses in the middle of the mix. */
  readonly burst: number
  /** Seconds for which hits are timed alone, and then again during misses. 0 skips both. */
  readonly latencySeconds: number
  /** Number of rounds of the comparison with the bare worker. 0 skips the comparison. */
  readonly rounds: number
  readonly hitsPerRound: number
  /** JavaScript that runs before the worker's own code. */
  readonly prelude?: string
  /** Receives lines of progress. */
  readonly say?: (line: string) => void
}

export interface SoakResult extends Mixed {
  readonly minutes: number
  /** Number of responses by kind of request, then by outcome. The comparison with the bare worker is not counted. */
  readonly outcomes: Visits['outcomes']
  readonly problems: Visits['problems']
  /** Number of different pictures that were enlarged. */
  readonly distinctMisses: number
  /** Memory before the mix (`start`) and after it (`end`), each measured after a garbage collection. */
  readonly start: Peak
  readonly end: Peak
  readonly alone: Latencies | undefined
  readonly beside: Latencies | undefined
  readonly throughput: readonly Table[]
}

interface Mixed {
  /** Time of each hit in the mix, in ms. */
  readonly hitMs: readonly number[]
  readonly burst: Burst
  readonly peak: Peak
}

interface Burst {
  /** Number of pictures in the burst that were enlarged. */
  readonly done: number
  /** Number of originals that came back with the reason BUSY. */
  readonly busy: number
  readonly ms: number
  /** Time of each hit during the burst, in ms. */
  readonly hitMs: readonly number[]
}

interface Parts {
  readonly origin: SoakOrigin
  readonly worker: Miniflare
  readonly processes: number[]
  readonly client: SoakClient
  readonly inspector: Inspector
  readonly visits: Visits
  readonly say: (line: string) => void
}

/** Number of visitors in the mix. */
const VISITORS = 16
/**
 * Number of visitors who make the popular pictures, and who at the end repeat the requests that got no result. They are
 * so few that the worker never answers their misses with BUSY.
 */
const PATIENT_VISITORS = 2
/**
 * First picture number of the misses in the warm-up, during the timed hits, and in the mix. Further misses count up
 * from it.
 */
const [WARM_UP, BESIDE, MIX] = [10_000, 20_000, 30_000]
/**
 * Number of new pictures that are prepared per second of timed hits. The worker enlarges fewer per second, so they
 * never run out.
 */
const MISSES_PER_SECOND = 80
/** URL of a picture that may not be cached, so that the worker enlarges it again for each request. */
const REFERENCE = `${goodPath('private', 'large', 9999)}?sr=3`
/** Matches lines that the worker logs when something goes wrong inside it. */
const FAULTY_LOG = /INTERNAL|cache: |analytics: |models: |uncaught|unhandled/i
const LOOK_EVERY_MS = 250
/** Number of lines of progress during the mix. */
const REPORTS = 40
/** Number of popular pictures that are dropped from the edge cache with each report, so that R2 has to answer. */
const FORGOTTEN = 5

export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { say = () => {}, seed, latencySeconds, rounds } = options
  const startMs = performance.now()
  const origin = await startSoakOrigin(seed)
  const logged: string[] = []
  const [worker, processes] = await withProcesses(() =>
    startWorker({
      vars: { ORIGIN_URL: origin.url },
      buckets: ['RESULTS_BUCKET'],
      prelude: COUNT_WASM + (options.prelude ?? ''),
      inspectorPort: 0,
      log(line) {
        if (FAULTY_LOG.test(line)) logged.push(line)
      },
    }),
  )
  const inspector = await inspect(worker)
  const client = createSoakClient(await worker.ready)
  try {
    const known = new Map(createHotPictures(options.hotPictures).map((one) => [hotUrl(one), one]))
    const hot = [...known.values()]
    const visits = createVisits(client, origin, known)
    const parts: Parts = { origin, worker, processes, client, inspector, say, visits }

    say('warming up')
    await makeHot(hot, parts)
    await visitTogether(VISITORS, options.warmUp, createRequestMix(seed + 1, hot, WARM_UP), visits.visit)
    const reference = await client.send({ url: REFERENCE })
    const start = await memoryAtRest(hot, parts)

    say('hits alone, then during misses')
    const isTimed = latencySeconds > 0
    const small = Array.from({ length: MISSES_PER_SECOND * latencySeconds }, (_, i) => BESIDE + i)
    const alone = isTimed ? await timeHits(hot, latencySeconds, parts) : undefined
    const beside = isTimed ? await timeHits(hot, latencySeconds, parts, small) : undefined

    const mixed = await runMix(createRequestMix(seed, hot, MIX), hot, options, parts)
    const after = await client.send({ url: REFERENCE })
    if (!reference || !after?.body.equals(reference.body)) {
      visits.noteProblem('the result of a good picture has changed at the end', REFERENCE)
    }
    const end = await memoryAtRest(hot, parts)

    say('hits compared with a bare worker')
    const ours = { client, processes, url: hotUrl(hot[1]) }
    const throughput = rounds > 0 ? await compareHits(ours, rounds, options.hitsPerRound) : []
    for (const line of logged) visits.noteProblem('logged', line.slice(0, 300))
    const { outcomes, problems, enlarged } = visits
    const minutes = (performance.now() - startMs) / 60_000
    const distinctMisses = enlarged.size
    return { minutes, outcomes, problems, distinctMisses, start, end, alone, beside, throughput, ...mixed }
  } finally {
    client.close()
    inspector.close()
    await worker.dispose()
    await origin.close()
  }
}

/**
 * Lets visitors take requests from `mix` and send them with `visit`, until `count` requests have been sent. `visitors`
 * is the number of visitors who do so at the same time.
 */
async function visitTogether(
  visitors: number,
  count: number,
  mix: Pick<RequestMix, 'next'>,
  visit: (request: PlannedRequest) => Promise<unknown>,
): Promise<void> {
  let left = count
  await Promise.all(
    Array.from({ length: visitors }, async () => {
      while (left > 0) {
        const batch = mix.next()
        left -= batch.length
        await Promise.all(batch.map(visit))
      }
    }),
  )
}

/** Requests each popular picture until its result comes from the cache, and notes the ETag and bytes of the result. */
async function makeHot(hot: readonly HotPicture[], { client }: Parts): Promise<void> {
  const left = [...hot]
  const make = async () => {
    for (let one = left.shift(); one; one = left.shift()) {
      for (;;) {
        const response = await client.send({ url: hotUrl(one) })
        if (!String(response?.headers['x-sr']).startsWith('done')) {
          throw new Error(`${hotUrl(one)}: expected a result, got ${response?.status}, ${response?.headers['x-sr']}`)
        }
        one.etag = response?.headers.etag
        one.bytes = response?.body
        if (/; hit/.test(String(response?.headers['cache-status']))) break
      }
    }
  }
  await Promise.all(Array.from({ length: PATIENT_VISITORS }, make))
}

async function runMix(
  mix: RequestMix,
  hot: readonly HotPicture[],
  { requests, burst: burstSize }: SoakOptions,
  parts: Parts,
): Promise<Mixed> {
  const { visits } = parts
  const hitMs: number[] = []
  const burstHitMs: number[] = []
  /**
   * Requests that got no result, because the visitor left early or the worker was busy. They are repeated at the end.
   */
  const unserved: PlannedRequest[] = []
  let count = 0
  let isBursting = false
  let burst: Promise<Burst> | undefined

  const visit = async (request: PlannedRequest) => {
    const wasBursting = isBursting
    const { response, outcome } = await visits.visit(request)
    if (request.kind === 'hit' && response) (wasBursting ? burstHitMs : hitMs).push(response.ms)
    if (request.expected !== 'result') return outcome
    if (outcome === 'done') mix.remember(request)
    else unserved.push({ ...request, kind: 'again', leaves: undefined, expected: 'done' })
    return outcome
  }
  const runBurst = async (): Promise<Burst> => {
    isBursting = true
    const startMs = performance.now()
    const all = Array.from({ length: burstSize }, () => visit({ ...mix.miss(), kind: 'burst' }))
    const outcomes = await Promise.all(all)
    isBursting = false
    const countOf = (outcome: string) => outcomes.filter((one) => one === outcome).length
    return { done: countOf('done'), busy: countOf('BUSY'), ms: performance.now() - startMs, hitMs: burstHitMs }
  }
  const visitAll = visitTogether(VISITORS, requests, mix, async (request) => {
    count++
    if (count === requests >> 1) burst = runBurst()
    await visit(request)
  })
  const peak = await watch(visitAll, () => count, requests, hot, parts)
  const burstResult = await burst!
  parts.say(`repeating the ${unserved.length} requests that got no result`)
  await visitTogether(PATIENT_VISITORS, unserved.length, { next: () => unserved.splice(-1) }, visits.visit)
  return { hitMs, burst: burstResult, peak }
}

/**
 * Measures memory, reports progress, and drops pictures from the edge cache, while `work` runs. Returns the peak
 * memory.
 */
async function watch(
  work: Promise<void>,
  done: () => number,
  requests: number,
  hot: readonly HotPicture[],
  parts: Parts,
): Promise<Peak> {
  const startMs = performance.now()
  let peak = NO_PEAK
  let reports = 0
  while ((await Promise.race([work, pause(LOOK_EVERY_MS, 'working')])) === 'working') {
    const seen = await memoryOf(parts)
    const process = Math.max(peak.process, seen.process)
    peak = seen.isolate > peak.isolate ? { ...seen, process } : { ...peak, process }
    if (done() < (reports * requests) / REPORTS) continue
    await forget(
      Array.from({ length: FORGOTTEN }, (_, i) => hot[(reports * FORGOTTEN + i) % hot.length]),
      parts,
    )
    reports++
    const seconds = (performance.now() - startMs) / 1000
    const left = (seconds * (requests - done())) / done() / 60
    const problems = [...parts.visits.problems.values()].reduce((sum, { count }) => sum + count, 0)
    const progress = [
      `${done()} of ${requests} requests`,
      `${(done() / seconds).toFixed(0)}/s`,
      `errors ${problems}`,
      `isolate ${inMB(seen.isolate)} MB`,
      `process ${inMB(seen.process)} MB`,
      `${left.toFixed(1)} min left`,
    ]
    parts.say(progress.join(', '))
  }
  return peak
}

async function memoryOf({ inspector, processes }: Parts): Promise<Peak> {
  const seen = await inspector.memory()
  return { ...seen, isolate: seen.heap + seen.buffers + seen.wasm, process: residentMemory(processes) }
}

/** Measures memory, after the background work of the last responses has ended and garbage has been collected. */
async function memoryAtRest(hot: readonly HotPicture[], parts: Parts): Promise<Peak> {
  await pause(1000)
  const request = () => parts.client.send({ url: hotUrl(hot[0]) })
  // Collects three times, because one collection makes further objects collectable, such as the memories of WebAssembly
  // instances.
  for (let i = 0; i < 3; i++) await parts.inspector.collectGarbage(request)
  return memoryOf(parts)
}

/** Drops pictures from the edge cache, as a real edge may do at any time. R2 still has them. */
async function forget(pictures: readonly HotPicture[], { worker, origin }: Parts): Promise<void> {
  const bucket = await worker.getR2Bucket('RESULTS_BUCKET')
  const edge = await worker.getCaches()
  const { host } = await worker.ready
  for (const { path } of pictures) {
    const digest = (content: string | Buffer) => createHash('sha256').update(content).digest('hex')
    const { body } = await origin.responseFor(path)
    for (const prefix of [`entries/${digest(host + path)}/`, `results/${digest(body)}/`]) {
      const { objects } = await bucket.list({ prefix })
      for (const { key } of objects) {
        await edge.default.delete(`https://sr-cache.invalid/${key.replace(/^entries/, 'answers')}`)
      }
    }
  }
}

export function inMB(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
