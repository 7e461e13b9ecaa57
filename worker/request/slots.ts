// Limits how many jobs run at the same time in an isolate, because decoding, the network and encoding share its 128 MB.
//
// A waiting request checks on a timer of its own and never awaits another request's promise, because in Workers the
// promises of a cancelled request never settle. For the same reason a slot is a lease that expires: otherwise a job
// whose visitor left would hold it for ever.

export interface SlotLimits {
  readonly maxRunning: number
  readonly maxWaiting: number
  readonly maxWaitMs: number
}

export interface Slots {
  /**
   * Runs `job` when a slot is free, and tells it whether it had to wait. Returns undefined if no slot becomes free in
   * time, or if too many jobs wait already.
   */
  run<T>(limits: SlotLimits, job: (hasWaited: boolean) => Promise<T>): Promise<{ value: T } | undefined>
}

/** Time after which a job loses its slot. A job takes less, because the options limit the pixels of a picture. */
const LEASE_MS = 30_000
const LOOK_AGAIN_MS = 10

export function createSlots(now: () => number = Date.now): Slots {
  /** The leases of running jobs, each with the time when it expires. */
  let running: { readonly until: number }[] = []
  /** The waiting jobs, each with the time when it gives up. A job whose visitor left stays in the list until then. */
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
      // Remove jobs whose waiting time is over. A job whose visitor left does not remove itself, so the jobs behind it
      // are blocked until its time is over, for at most maxWaitMs.
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
