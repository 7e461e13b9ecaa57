// One soak from top to bottom: the deployed bundle in workerd, an origin, and visitors of every kind over real
// connections. Warm up; memory; hits alone and beside misses; the mix, with a burst in its middle; memory again;
// hits against a bare worker's.
import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Miniflare } from 'miniflare'
import type { Table } from '../bench/bench.ts'
import { COUNT_WASM, inspect, type Inspector } from '../support/measure/inspector.ts'
import { NO_PEAK, type Peak } from '../support/measure/peak.ts'
import { residentMemory, withProcesses } from '../support/measure/processes.ts'
import { startWorker } from '../support/worker/worker.ts'
import { type Client, createClient } from './client.ts'
import { type Latencies, timeHits } from './latency.ts'
import { createOrders, type Hot, hotPictures, type Order, type Orders, urlOf } from './orders.ts'
import { goodPath, type SoakOrigin, startSoakOrigin } from './site.ts'
import { compareHits } from './throughput.ts'
import { createVisits, type Visits } from './visits.ts'

export interface SoakOptions {
  /** Of the mix. */
  readonly requests: number
  readonly seed: number
  /** Requests before memory is looked at first: as many as bring an isolate to its steady state. */
  readonly warmUp: number
  /** Pictures that all ask for again and again. */
  readonly hotPictures: number
  /** Misses at once, in the middle of the mix. */
  readonly burst: number
  /** Of hits alone, and of hits beside misses; 0: not at all. */
  readonly latencySeconds: number
  /** Against the bare worker, each of so many hits; 0: not at all. */
  readonly rounds: number
  readonly hitsPerRound: number
  /** JavaScript to run before the worker's own. */
  readonly prelude?: string
  /** Hears how far it is. */
  readonly say?: (line: string) => void
}

export interface Soaked extends Mixed {
  readonly minutes: number
  /** Requests by kind and outcome, those of the warm-up and of the comparison apart. */
  readonly outcomes: Visits['outcomes']
  readonly problems: Visits['problems']
  /** Pictures that differ, and that were made larger. */
  readonly distinctMisses: number
  /** After a garbage collection. */
  readonly start: Peak
  readonly end: Peak
  readonly alone: Latencies | undefined
  readonly beside: Latencies | undefined
  readonly throughput: readonly Table[]
}

interface Mixed {
  /** Of hits in the mix, in ms. */
  readonly hitMs: readonly number[]
  readonly burst: Burst
  readonly peak: Peak
}

interface Burst {
  readonly done: number
  /** Came back as they were. */
  readonly busy: number
  readonly ms: number
  /** Of hits while it lasted, in ms. */
  readonly hitMs: readonly number[]
}

interface Parts {
  readonly site: SoakOrigin
  readonly worker: Miniflare
  readonly processes: number[]
  readonly client: Client
  readonly inspector: Inspector
  readonly visits: Visits
  readonly say: (line: string) => void
}

/** Visitors of the mix. */
const VISITORS = 16
/** Few enough that none of their misses is too many. */
const PATIENT_VISITORS = 2
/** Where the numbers of pictures begin that are missed: in the warm-up, beside hits, in the mix. */
const [WARM_UP, BESIDE, MIX] = [10_000, 20_000, 30_000]
/** More than are made meanwhile. */
const MISSES_PER_SECOND = 80
/** Made anew each time. */
const REFERENCE = `${goodPath('private', 'large', 9999)}?sr=3`
/** What the worker logs where something went wrong in it. */
const FAULTY_LOG = /INTERNAL|cache: |analytics: |models: |uncaught|unhandled/i
const LOOK_EVERY_MS = 250
/** How often the mix says how far it is. */
const REPORTS = 40
/** Of a report: hot pictures that the edge forgets, so that R2 has to answer. */
const FORGOTTEN = 5

export async function soak(options: SoakOptions): Promise<Soaked> {
  const { say = () => {}, seed, latencySeconds, rounds } = options
  const startMs = performance.now()
  const site = await startSoakOrigin(seed)
  const logged: string[] = []
  const [worker, processes] = await withProcesses(() =>
    startWorker({
      vars: { ORIGIN_URL: site.url },
      buckets: ['RESULTS_BUCKET'],
      prelude: COUNT_WASM + (options.prelude ?? ''),
      inspectorPort: 0,
      log(line) {
        if (FAULTY_LOG.test(line)) logged.push(line)
      },
    }),
  )
  const inspector = await inspect(worker)
  const client = createClient(await worker.ready)
  try {
    const known = new Map(hotPictures(options.hotPictures).map((one) => [urlOf(one), one]))
    const hot = [...known.values()]
    const parts: Parts = { site, worker, processes, client, inspector, say, visits: createVisits(client, site, known) }

    say('warming up')
    await makeHot(hot, parts)
    await together(VISITORS, options.warmUp, createOrders(seed + 1, hot, WARM_UP), parts.visits.visit)
    const reference = await client.ask({ url: REFERENCE })
    const start = await memoryAtRest(hot, parts)

    say('hits alone, then beside misses')
    const isTimed = latencySeconds > 0
    const small = Array.from({ length: MISSES_PER_SECOND * latencySeconds }, (_, i) => BESIDE + i)
    const alone = isTimed ? await timeHits(hot, latencySeconds, parts) : undefined
    const beside = isTimed ? await timeHits(hot, latencySeconds, parts, small) : undefined

    const orders = createOrders(seed, hot, MIX)
    const mixed = await mix(orders, hot, options, parts)
    const after = await client.ask({ url: REFERENCE })
    if (!reference || !after?.body.equals(reference.body))
      parts.visits.problem('a good picture is another at the end', REFERENCE)
    const end = await memoryAtRest(hot, parts)

    say('hits against a bare worker')
    const ours = { client, processes, url: urlOf(hot[1]) }
    const throughput = rounds > 0 ? await compareHits(ours, rounds, options.hitsPerRound) : []
    for (const line of logged) parts.visits.problem('logged', line.slice(0, 300))
    const { outcomes, problems, made } = parts.visits
    const minutes = (performance.now() - startMs) / 60_000
    return { minutes, outcomes, problems, distinctMisses: made.size, start, end, alone, beside, throughput, ...mixed }
  } finally {
    client.close()
    inspector.close()
    await worker.dispose()
    await site.close()
  }
}

/** `visitors` at once take orders until there were `count`; `visit` hears of each. */
async function together(
  visitors: number,
  count: number,
  orders: Pick<Orders, 'next'>,
  visit: (order: Order) => Promise<unknown>,
): Promise<void> {
  let left = count
  await Promise.all(
    Array.from({ length: visitors }, async () => {
      while (left > 0) {
        const batch = orders.next()
        left -= batch.length
        await Promise.all(batch.map(visit))
      }
    }),
  )
}

/** Each is made, and asked for until the cache has it. */
async function makeHot(hot: readonly Hot[], { client }: Parts): Promise<void> {
  const left = [...hot]
  const make = async () => {
    for (let one = left.shift(); one; one = left.shift()) {
      for (;;) {
        const reply = await client.ask({ url: urlOf(one) })
        if (!String(reply?.headers['x-sr']).startsWith('done'))
          throw new Error(`${urlOf(one)}: expected a result, got ${reply?.status}, ${reply?.headers['x-sr']}`)
        one.etag = reply?.headers.etag
        one.bytes = reply?.body
        if (/; hit/.test(String(reply?.headers['cache-status']))) break
      }
    }
  }
  await Promise.all(Array.from({ length: PATIENT_VISITORS }, make))
}

async function mix(
  orders: Orders,
  hot: readonly Hot[],
  { requests, burst: burstSize }: SoakOptions,
  parts: Parts,
): Promise<Mixed> {
  const { visits } = parts
  const hitMs: number[] = []
  const burstHitMs: number[] = []
  /** Those who left before the picture was there, or were told that too many are made. */
  const inVain: Order[] = []
  let count = 0
  let isBursting = false
  let burst: Promise<Burst> | undefined

  const note = async (order: Order) => {
    const wasBursting = isBursting
    const { reply, outcome } = await visits.visit(order)
    if (order.kind === 'hit' && reply) (wasBursting ? burstHitMs : hitMs).push(reply.ms)
    if (order.expected !== 'result') return outcome
    if (outcome === 'done') orders.remember(order)
    else inVain.push({ ...order, kind: 'again', leaves: undefined, expected: 'done' })
    return outcome
  }
  const doBurst = async (): Promise<Burst> => {
    isBursting = true
    const startMs = performance.now()
    const all = Array.from({ length: burstSize }, () => note({ ...orders.miss(), kind: 'burst' }))
    const outcomes = await Promise.all(all)
    isBursting = false
    const of = (outcome: string) => outcomes.filter((one) => one === outcome).length
    return { done: of('done'), busy: of('BUSY'), ms: performance.now() - startMs, hitMs: burstHitMs }
  }
  const visitAll = together(VISITORS, requests, orders, async (order) => {
    count++
    if (count === requests >> 1) burst = doBurst()
    await note(order)
  })
  const peak = await watch(visitAll, () => count, requests, hot, parts)
  const bursted = await burst!
  parts.say(`${inVain.length} that were in vain, again`)
  await together(PATIENT_VISITORS, inVain.length, { next: () => inVain.splice(-1) }, visits.visit)
  return { hitMs, burst: bursted, peak }
}

/** Looks at memory now and then while `work` goes on, and says how far it is. */
async function watch(
  work: Promise<void>,
  done: () => number,
  requests: number,
  hot: readonly Hot[],
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
    parts.say(
      `${done()} of ${requests} requests, ${(done() / seconds).toFixed(0)}/s, errors ${problems}, isolate ${inMB(seen.isolate)} MB, process ${inMB(seen.process)} MB, ${left.toFixed(1)} min left`,
    )
  }
  return peak
}

async function memoryOf({ inspector, processes }: Parts): Promise<Peak> {
  const seen = await inspector.memory()
  return { ...seen, isolate: seen.heap + seen.buffers + seen.wasm, process: residentMemory(processes) }
}

/** When what runs on behind the last answers is over, and garbage collected. */
async function memoryAtRest(hot: readonly Hot[], parts: Parts): Promise<Peak> {
  await pause(1000)
  const request = () => parts.client.ask({ url: urlOf(hot[0]) })
  // What the first leaves to be freed, such as the memories of instances, the second takes.
  for (let i = 0; i < 3; i++) await parts.inspector.collectGarbage(request)
  return memoryOf(parts)
}

/** Drops pictures from the edge's cache as an edge does whenever it likes; R2 has them still. */
async function forget(pictures: readonly Hot[], { worker, site }: Parts): Promise<void> {
  const bucket = await worker.getR2Bucket('RESULTS_BUCKET')
  const edge = await worker.getCaches()
  const { host } = await worker.ready
  for (const { path } of pictures) {
    const digest = (content: string | Buffer) => createHash('sha256').update(content).digest('hex')
    const { body } = await site.give(path)
    for (const prefix of [`entries/${digest(host + path)}/`, `results/${digest(body)}/`]) {
      const { objects } = await bucket.list({ prefix })
      for (const { key } of objects) await edge.default.delete(`https://sr-cache.invalid/${key}`)
    }
  }
}

export function inMB(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
