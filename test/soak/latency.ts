// Measures how long cache hits take, alone and during misses. Some visitors request known pictures at a steady rate,
// without waiting for earlier responses. Others request one new small picture after another.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createRandom } from '../../worker/image/prng.ts'
import type { Inspector } from '../support/measure/inspector.ts'
import { isolateMs } from '../support/measure/processes.ts'
import { type Interval, lengthOf, longestWait, type Wait, waitsDuring } from '../support/measure/threadWaits.ts'
import { type HotPicture, hotRequest, smallMissRequest } from './requestMix.ts'
import type { SoakOrigin } from './soakOrigin.ts'
import type { Visits } from './visits.ts'

export interface Latencies {
  /** Time of each hit in ms. */
  readonly hitMs: readonly number[]
  /** Time of each hit in ms, minus the time for which codecs and networks blocked the isolate's thread. */
  readonly unblockedMs: readonly number[]
  /** The longest time for which the isolate's thread was blocked. */
  readonly longestBlock: Wait
  /** The longest delay in ms of the event loop of the measuring process. The measured times include such delays. */
  readonly ownDelayMs: number
  readonly misses: number
}

const HITS_PER_SECOND = 60
/** Number of visitors who request new pictures. The worker makes the picture of one visitor while the other waits. */
const MISS_VISITORS = 2
/** Shorter waits are not counted, because they may be due to cache hits. A hit blocks the thread for less than this. */
const MIN_BLOCK_MS = 8
const PROBE_PAUSE_MS = 2

interface TimedParts {
  readonly visits: Visits
  readonly inspector: Inspector
  readonly origin: SoakOrigin
  /** Process ids of workerd. */
  readonly processes: number[]
}

/**
 * Requests known pictures for `seconds` and measures how long these hits take. `misses` contains the numbers of new
 * small pictures to request meanwhile. The new pictures are drawn in advance.
 */
export async function timeHits(
  hot: readonly HotPicture[],
  seconds: number,
  { visits, inspector, origin, processes }: TimedParts,
  misses: readonly number[] = [],
): Promise<Latencies> {
  await Promise.all(misses.map((number) => origin.gallery('small', number)))
  const random = createRandom(1)
  const hits: Interval[] = []
  const state = { isDone: false, misses: 0 }
  const visit = async () => {
    const { response } = await visits.visit(hotRequest(hot[random.below(hot.length)]))
    if (response) hits.push({ from: response.startMs, to: response.startMs + response.ms })
  }
  const requestHits = async () => {
    const end = performance.now() + 1000 * seconds
    const all: Promise<void>[] = []
    while (performance.now() < end) {
      all.push(visit())
      await new Promise((resolve) => setTimeout(resolve, 1000 / HITS_PER_SECOND))
    }
    state.isDone = true
    await Promise.all(all)
  }
  const requestMisses = async () => {
    while (!state.isDone && state.misses < misses.length) {
      await visits.visit(smallMissRequest(misses[state.misses++]))
    }
  }
  const requestAll = () => Promise.all([requestHits(), ...Array.from({ length: MISS_VISITORS }, requestMisses)])
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const { waits } = await waitsDuring(requestAll, {
    turn: () => inspector.turn(),
    cpuMs: () => isolateMs(processes),
    pauseMs: PROBE_PAUSE_MS,
  })
  const blocks = waits.map(({ wall }) => wall).filter((wall) => lengthOf(wall) >= MIN_BLOCK_MS)
  return {
    hitMs: hits.map(lengthOf),
    unblockedMs: hits.map((hit) => lengthOf(hit) - overlapOf(hit, blocks)),
    longestBlock: longestWait(waits, 'wall'),
    ownDelayMs: delay.max / 1e6,
    misses: state.misses,
  }
}

/** Returns for how many ms of an interval the thread was blocked. */
function overlapOf({ from, to }: Interval, blocks: readonly Interval[]): number {
  return blocks.reduce((sum, block) => sum + Math.max(0, Math.min(to, block.to) - Math.max(from, block.from)), 0)
}
