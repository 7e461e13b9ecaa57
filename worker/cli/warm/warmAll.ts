// Requests many pictures, a few at a time. If a worker asks for a later retry, all requests pause until then.
import type { AskOutcome } from './ask.ts'

export type Warmed = { readonly url: string; readonly seconds: number } & Settled

type Settled = Exclude<AskOutcome, { readonly outcome: 'busy' }>

export interface Warming {
  /** Largest number of requests at a time. */
  readonly concurrency: number
  /** Pause in ms after each request, before another request takes its place. */
  readonly delayMs: number
  /** After the signal is aborted, no further request is started. */
  readonly signal: AbortSignal
  readonly ask: (url: string) => Promise<AskOutcome>
  /** Waits for a time in ms. The default uses a timer; tests replace it. */
  readonly wait?: (ms: number) => Promise<void>
}

/**
 * If the answers have no Retry-After, the waits before the retries of a URL are 1, 2, 4, ... 32 s. Together they take a
 * minute, which is the window of a worker's rate limit.
 */
const FIRST_WAIT_MS = 1000
const MAX_TRIES = 7
/** Longest Retry-After in ms that is honoured. A URL whose answer asks for a longer wait fails. */
const MAX_AFTER_MS = 300_000

/** Requests all URLs. `tell` receives the outcome of each request as soon as it is finished. */
export async function warmAll(
  urls: readonly string[],
  { concurrency, delayMs, signal, ask, wait = waitFor(signal) }: Warming,
  tell: (warmed: Warmed) => void,
): Promise<void> {
  const queue = [...urls]
  let quiet: Promise<void> | undefined
  /** Pauses all requests. A pause that is already running is not extended. */
  const beQuiet = (ms: number) => {
    quiet ??= wait(ms).finally(() => (quiet = undefined))
    return quiet
  }
  const settle = async (url: string): Promise<Settled> => {
    for (let tries = 1; ; tries++) {
      await quiet
      if (signal.aborted) return { outcome: 'failed', message: 'stopped' }
      const answer = await ask(url)
      if (answer.outcome !== 'busy') return answer
      const { message, afterMs = FIRST_WAIT_MS * 2 ** (tries - 1) } = answer
      if (tries === MAX_TRIES || afterMs > MAX_AFTER_MS)
        return { outcome: 'failed', message: `${message}, after ${tries} tries` }
      await beQuiet(afterMs)
    }
  }
  const work = async () => {
    for (let url = queue.shift(); url !== undefined && !signal.aborted; url = queue.shift()) {
      const start = performance.now()
      const settled = await settle(url)
      if (signal.aborted && settled.outcome === 'failed') return
      tell({ url, ...settled, seconds: Math.round(performance.now() - start) / 1000 })
      if (delayMs > 0 && queue.length > 0) await wait(delayMs)
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, urls.length) }, work))
}

/** Returns a function that waits for a time, or until `signal` is aborted. */
function waitFor(signal: AbortSignal): (ms: number) => Promise<void> {
  return (ms) =>
    new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      signal.addEventListener('abort', end)
      if (signal.aborted) end()
    })
}
