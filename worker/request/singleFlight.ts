// Single flight: if several equal requests arrive at the same time, one of them, the leader, does the work, and the
// others wait for its result. As in turns.ts, each waiting request checks on a timer of its own, because in Workers no
// request may await another request's promise. A leader that never finishes loses its lead.

/** What a leader leaves for the others. `value` is undefined if the leader has no result that they may get. */
export interface Landed<T> {
  readonly value: T | undefined
}

/** Methods for the leader of a flight. */
export interface Lead<T> {
  /** Ends the flight and leaves `value` for the others. Only the first call counts. */
  land(value: T | undefined): void
  /** Drops the value that `land` left. Called as soon as the cache has the value. */
  forget(): void
  /** Returns whether an equal request has waited, or still waits, for the value. */
  isShared(): boolean
  /** Returns whether an equal request waits for the value now. */
  isAwaited(): boolean
}

export interface Flights<T> {
  /**
   * Returns a Lead if no equal request leads. Otherwise returns what the leader left, or undefined if the leader takes
   * longer than `maxWaitMs`. A leader loses its lead after `leaseMs`.
   */
  join(key: string, maxWaitMs: number, leaseMs: number): Promise<Lead<T> | Landed<T> | undefined>
}

const LOOK_AGAIN_MS = 10
/** A request that has not looked for so long has lost its visitor: its timers have stopped. No work blocks them longer. */
const LOST_MS = 2_000

export function isLead<T>(joined: Lead<T> | Landed<T>): joined is Lead<T> {
  return 'land' in joined
}

export function createFlights<T>(now: () => number = Date.now): Flights<T> {
  interface Flight {
    readonly until: number
    isShared: boolean
    /** When an equal request last looked for the value. */
    lookedAt: number
    landed?: Landed<T>
  }
  const flights = new Map<string, Flight>()

  const lead = (key: string, leaseMs: number): Lead<T> => {
    const flight: Flight = { until: now() + leaseMs, isShared: false, lookedAt: -Infinity }
    flights.set(key, flight)
    const forget = () => {
      if (flights.get(key) === flight) flights.delete(key)
    }
    return {
      land(value) {
        if (flight.landed) return
        flight.landed = { value }
        if (value === undefined) forget()
      },
      forget,
      isShared: () => flight.isShared,
      isAwaited: () => now() - flight.lookedAt < LOST_MS,
    }
  }
  return {
    async join(key, maxWaitMs, leaseMs) {
      for (const [name, { until }] of flights) if (now() >= until) flights.delete(name)
      const flight = flights.get(key)
      if (!flight) return lead(key, leaseMs)
      flight.isShared = true
      const deadline = now() + maxWaitMs
      while (!flight.landed) {
        flight.lookedAt = now()
        if (now() >= flight.until) return lead(key, leaseMs)
        if (now() >= deadline) return undefined
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
      }
      return flight.landed
    },
  }
}
