// Measures how long other requests wait for a thread while some work runs. An isolate has one thread: code that
// computes on it without a pause, such as a codec, holds up every other request, even cache hits.
//
// A probe asks for a turn of the thread again and again. It waits as long as any other request would wait at that
// moment. Each caller chooses a probe: workerd's inspector (soak), a request to workerd (bench), or setImmediate for
// this process.

/** A span of time in ms, measured by one clock. */
export interface Interval {
  readonly from: number
  readonly to: number
}

/**
 * One span of time, measured by two clocks. If the machine is busy with other programs, `wall` grows, but `cpu` does
 * not.
 */
export interface Wait {
  /** Measured by performance.now(). */
  readonly wall: Interval
  /** Measured by the CPU time of the thread or process that works. */
  readonly cpu: Interval
}

export interface ThreadWaits {
  /** How long the probe waited for each of its turns, in order. */
  readonly waits: readonly Wait[]
  /** The span from before the work started until it ended. */
  readonly whole: Wait
}

interface Probe {
  /** Asks for a turn of the thread. Resolves as soon as the thread has given it. */
  readonly turn: () => Promise<unknown>
  /** Reads the CPU time of the measured process or thread, in ms. */
  readonly cpuMs: () => number
  /** Pause between two turns in ms. Default 0. */
  readonly pauseMs?: number
}

/** Runs `work` and probes the thread until the work is done. Rejects if the work or the probe rejects. */
export async function waitsDuring(
  work: () => Promise<unknown>,
  { turn, cpuMs, pauseMs = 0 }: Probe,
): Promise<ThreadWaits> {
  const state = { isDone: false }
  const stop = () => void (state.isDone = true)
  const waits: Wait[] = []
  const start = { wall: performance.now(), cpu: cpuMs() }
  const working = work() // the first wait includes the synchronous start of the work
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

/** Returns the wait that was longest by `clock`, or an empty wait if the list is empty. */
export function longestWait(waits: readonly Wait[], clock: keyof Wait): Wait {
  const none = { from: 0, to: 0 }
  return waits.reduce((a, b) => (lengthOf(b[clock]) > lengthOf(a[clock]) ? b : a), { wall: none, cpu: none })
}

export function lengthOf({ from, to }: Interval): number {
  return to - from
}
