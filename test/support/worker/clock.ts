// Preludes, for `WorkerOptions.prelude`, that change the clock of a worker.

const HEADER = 'x-clock-ahead'

/**
 * A worker whose clock a test can set: whenever an origin answers with the header `x-clock-ahead`, Date.now() is ahead
 * by that many seconds from then on. Nothing but the answers of an origin reaches into a running isolate.
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

/** Returns the headers of an origin's answer that set the worker's clock `seconds` ahead of the real time. */
export function clockAhead(seconds: number): Record<string, string> {
  return { [HEADER]: `${seconds}` }
}

/** A worker whose clock runs `speed` times as fast from its first use on. */
export function fastClock(speed: number): string {
  return `{
  const { now } = Date
  let start = 0
  Date.now = () => ((start ||= now()), start + (now() - start) * ${speed})
}
`
}
