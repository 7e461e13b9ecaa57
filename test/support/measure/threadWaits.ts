// Measures how long a thread keeps others waiting while some work runs. An isolate has one thread: code that
// computes on it without a pause, such as a codec, holds up every other request, cache hits included.
//
// A probe asks for a turn of the thread again and again; what it waits is what any other request would wait. The
// callers choose the probe: workerd's inspector (soak), a request to workerd (bench), setImmediate for this process.

/** A span of time in ms, by one clock. */
export interface Interval {
  readonly from: number
  readonly to: number
}

/** The same span by two clocks: machines that are busy with other things lengthen `wall`, but not `cpu`. */
export interface Wait {
  /** By performance.now(). */
  readonly wall: Interval
  /** CPU time of what is measured. */
  readonly cpu: Interval
}

export interface ThreadWaits {
  /** One per turn of the probe, in their order. */
  readonly waits: readonly Wait[]
  /** From before the work started until it ended. */
  readonly whole: Wait
}

interface Probe {
  /** Resolves as soon as the thread has had a turn for it. */
  readonly turn: () => Promise<unknown>
  /** Reads the CPU time of the measured process or thread, in ms. */
  readonly cpuMs: () => number
  /** Pause between two turns in ms. Default 0. */
  readonly pauseMs?: number
}

/** Runs `work` and probes the thread until it is done. Rejects if the work or the probe does. */
export async function waitsDuring(
  work: () => Promise<unknown>,
  { turn, cpuMs, pauseMs = 0 }: Probe,
): Promise<ThreadWaits> {
  const state = { isDone: false }
  const stop = () => void (state.isDone = true)
  const waits: Wait[] = []
  const start = { wall: performance.now(), cpu: cpuMs() }
  const working = work() // its first synchronous part is a wait, too
  working.then(stop, stop)
  for (let from = start; !state.isDone; from = { wall: performance.now(), cpu: cpuMs() }) {
    await turn()
    waits.push(waitSince(from, cpuMs))
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  await working
  return { waits, whole: waitSince(start, cpuMs) }
}

function waitSince(from: { readonly wall: number; readonly cpu: number }, cpuMs: () => number): Wait {
  return { wall: { from: from.wall, to: performance.now() }, cpu: { from: from.cpu, to: cpuMs() } }
}

/** Returns the wait that took longest by `clock`; an empty one if there was none. */
export function longestWait(waits: readonly Wait[], clock: keyof Wait): Wait {
  const none = { from: 0, to: 0 }
  return waits.reduce((a, b) => (lengthOf(b[clock]) > lengthOf(a[clock]) ? b : a), { wall: none, cpu: none })
}

export function lengthOf({ from, to }: Interval): number {
  return to - from
}
