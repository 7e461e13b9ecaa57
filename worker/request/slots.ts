// Few jobs at a time in an isolate, because decoding, the network and encoding share its 128 MB.
//
// Waiting is by looking again, on the waiter's own timer, never by awaiting another request's
// promise: in Workers the promises of a cancelled request never settle, and a job whose visitor
// leaves would hold its slot for good. For the same reason a slot is a lease that runs out.

export interface SlotLimits {
  readonly maxRunning: number
  readonly maxWaiting: number
  readonly maxWaitMs: number
}

export interface Slots {
  /**
   * Runs `job` when a slot is free, and tells it whether that took time; undefined where none is free in
   * time, or too many wait already.
   */
  run<T>(limits: SlotLimits, job: (hasWaited: boolean) => Promise<T>): Promise<{ value: T } | undefined>
}

/** Longer than any job within the pixel limits takes. */
const LEASE_MS = 30_000
const LOOK_AGAIN_MS = 10

export function createSlots(now: () => number = Date.now): Slots {
  /** When the leases of the jobs that run end. */
  let running: { readonly until: number }[] = []
  /** When those that wait give up; one whose visitor left is never taken out, it runs out. */
  let waiting: { readonly until: number }[] = []

  const tryTake = ({ maxRunning }: SlotLimits) => {
    running = running.filter(({ until }) => now() < until)
    if (running.length >= maxRunning) return undefined
    const lease = { until: now() + LEASE_MS }
    running.push(lease)
    return lease
  }
  const wait = async (limits: SlotLimits) => {
    const { maxWaiting, maxWaitMs } = limits
    waiting = waiting.filter(({ until }) => now() < until)
    if (waiting.length >= maxWaiting) return undefined
    const place = { until: now() + maxWaitMs }
    waiting.push(place)
    while (now() < place.until) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
      const taken = waiting[0] === place ? tryTake(limits) : undefined
      if (taken || now() >= place.until) {
        waiting = waiting.filter((other) => other !== place)
        return taken
      }
      // Those ahead whose visitors left would bar the way until their time is up; that is at most maxWaitMs.
      waiting = waiting.filter(({ until }) => now() < until)
    }
    return undefined
  }
  return {
    async run(limits, job) {
      const atOnce = tryTake(limits)
      const mine = atOnce ?? (await wait(limits))
      if (!mine) return undefined
      try {
        return { value: await job(!atOnce) }
      } finally {
        running = running.filter((lease) => lease !== mine)
      }
    },
  }
}
