// When the one thread of workerd was held: an isolate that computes without a pause, a codec say, keeps all others
// out. The inspector asks for a turn again and again; one that takes long to come was held up.
import type { Inspector } from '../support/measure/inspector.ts'

/** By performance.now(). */
export interface Interval {
  readonly from: number
  readonly to: number
}

export interface Held {
  readonly intervals: readonly Interval[]
  readonly longest: { readonly ms: number; readonly cpuMs: number }
  /** How long of an interval the thread was held. */
  within(interval: Interval): number
}

/** Shorter waits are anybody's: a turn of a cache hit takes less than that. */
const LEAST_MS = 8
const PAUSE_MS = 2

/** Watches while `work` goes on. `cpuMs`: what the thread had of the processors; others may have had them, too. */
export async function heldDuring(inspector: Inspector, work: Promise<unknown>, cpuMs: () => number): Promise<Held> {
  const intervals: Interval[] = []
  let longest = { ms: 0, cpuMs: 0 }
  const pause = () => new Promise<'working'>((resolve) => setTimeout(resolve, PAUSE_MS, 'working'))
  while ((await Promise.race([work, pause()])) === 'working') {
    const from = performance.now()
    const cpu = cpuMs()
    await inspector.turn()
    const to = performance.now()
    if (to - from >= LEAST_MS) intervals.push({ from, to })
    if (to - from > longest.ms) longest = { ms: to - from, cpuMs: cpuMs() - cpu }
  }
  return {
    intervals,
    longest,
    within: ({ from, to }) =>
      intervals.reduce((sum, held) => sum + Math.max(0, Math.min(to, held.to) - Math.max(from, held.from)), 0),
  }
}
