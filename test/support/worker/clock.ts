// Preludes (see `WorkerOptions.prelude`) that change the clock of a worker.

const HEADER = 'x-clock-ahead'

/**
 * Lets a test set the worker's clock. If an origin answers with the header `x-clock-ahead`, Date.now() is that many
 * seconds ahead from then on. The test must go through the origin, because nothing else reaches a running isolate.
 */
export const SETTABLE_CLOCK = `{
  const { now } = Date
  let aheadMs = 0
  Date.now = () => now() + aheadMs
  const { fetch } = globalThis
  globalThis.fetch = async (...request) => {
    const response = await fetch(...request)
    const seconds = response.headers.get('${HEADER}')
    if (seconds !== null) aheadMs = 1000 * Number(seconds)
    return response
  }
}
`

/** Returns headers for an origin's answer that set the worker's clock `seconds` ahead of the real time. */
export function clockAhead(seconds: number): Record<string, string> {
  return { [HEADER]: `${seconds}` }
}

/** Returns a prelude that makes the worker's clock run `speed` times as fast, from the first use of the clock on. */
export function fastClock(speed: number): string {
  return `{
  const { now } = Date
  let start = 0
  Date.now = () => ((start ||= now()), start + (now() - start) * ${speed})
}
`
}
