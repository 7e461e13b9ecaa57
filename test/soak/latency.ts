// How long hits take while misses run, against hits alone: visitors who come at a steady rate, whoever still waits,
// beside others who want one small picture after another made.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createRandom } from '../../worker/image/prng.ts'
import type { Inspector } from '../support/measure/inspector.ts'
import { isolateMs } from '../support/measure/processes.ts'
import { type Held, heldDuring } from './held.ts'
import { type Hot, hitOf, smallMiss } from './orders.ts'
import type { SoakOrigin } from './site.ts'
import type { Visits } from './visits.ts'

export interface Latencies {
  readonly hits: readonly number[]
  /** Without the time that the thread was held, which is the codecs' and networks' own. */
  readonly outside: readonly number[]
  readonly held: Held
  /** How long the visitors' own process was held at most: that is in the times, too. */
  readonly ownMs: number
  readonly misses: number
}

const HITS_PER_SECOND = 60
/** Of the visitors who want misses: one is worked on, one waits. */
const MISSING = 2

interface TimedParts {
  readonly visits: Visits
  readonly inspector: Inspector
  readonly site: SoakOrigin
  /** Of workerd. */
  readonly processes: number[]
}

/** Hits for so many seconds; `misses`, if given, are numbers of small pictures, which are there before it begins. */
export async function timeHits(
  hot: readonly Hot[],
  seconds: number,
  { visits, inspector, site, processes }: TimedParts,
  misses: readonly number[] = [],
): Promise<Latencies> {
  await Promise.all(misses.map((number) => site.gallery('small', number)))
  const random = createRandom(1)
  const asked: { from: number; to: number }[] = []
  const state = { isDone: false, misses: 0 }
  const visit = async () => {
    const { reply } = await visits.visit(hitOf(hot[random.below(hot.length)]))
    if (reply) asked.push({ from: reply.startMs, to: reply.startMs + reply.ms })
  }
  const visitAll = async () => {
    const end = performance.now() + 1000 * seconds
    const all: Promise<void>[] = []
    while (performance.now() < end) {
      all.push(visit())
      await new Promise((resolve) => setTimeout(resolve, 1000 / HITS_PER_SECOND))
    }
    state.isDone = true
    await Promise.all(all)
  }
  const want = async () => {
    while (!state.isDone && state.misses < misses.length) {
      await visits.visit(smallMiss(misses[state.misses++]))
    }
  }
  const work = Promise.all([visitAll(), ...Array.from({ length: MISSING }, want)])
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const held = await heldDuring(inspector, work, () => isolateMs(processes))
  return {
    hits: asked.map(({ from, to }) => to - from),
    outside: asked.map((one) => one.to - one.from - held.within(one)),
    held,
    ownMs: delay.max / 1e6,
    misses: state.misses,
  }
}
