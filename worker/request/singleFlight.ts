// Single flight: of several requests for the same thing at once one does the work, the others wait for
// what comes of it. As in slots.ts they wait by looking again, on timers of their own, and a leader that
// is never heard of again loses its lead: in Workers nobody may await another request's promise.

/** What a leader left: undefined where nothing came of it that others may have. */
export interface Landed<T> {
  readonly value: T | undefined
}

/** The lead of a flight. The first `land` ends it; `forget` drops what it left: by then the cache has it. */
export interface Lead<T> {
  land(value: T | undefined): void
  forget(): void
}

export interface Flights<T> {
  /** The lead where nobody has it; else what its leader left; undefined where that takes too long. */
  join(key: string, maxWaitMs: number): Promise<Lead<T> | Landed<T> | undefined>
}

/** Longer than an origin and a job may take together. */
const LEASE_MS = 60_000
const LOOK_AGAIN_MS = 10

export function isLead<T>(joined: Lead<T> | Landed<T>): joined is Lead<T> {
  return 'land' in joined
}

export function createFlights<T>(now: () => number = Date.now): Flights<T> {
  interface Flight {
    readonly until: number
    landed?: Landed<T>
  }
  const flights = new Map<string, Flight>()

  const lead = (key: string): Lead<T> => {
    const flight: Flight = { until: now() + LEASE_MS }
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
    }
  }
  return {
    async join(key, maxWaitMs) {
      for (const [name, { until }] of flights) if (now() >= until) flights.delete(name)
      const flight = flights.get(key)
      if (!flight) return lead(key)
      const deadline = now() + maxWaitMs
      while (!flight.landed) {
        if (now() >= flight.until) return lead(key)
        if (now() >= deadline) return undefined
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
      }
      return flight.landed
    },
  }
}
