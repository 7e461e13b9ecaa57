// The checks of the health page, for monitoring: whether the weights can be loaded, and whether the buckets answer.
import { SCALES } from '../client/allowed.ts'
import type { Models } from '../picture/models.ts'
import { STORAGE_TIMEOUT_MS, withinTimeout } from '../base/timeout.ts'
import { createFlights, isLead } from './singleFlight.ts'

/** Maps the name of each check to `ok` or to the error. */
export type Checks = Readonly<Record<string, string>>

/** Loads the weights of `model` at each scale, and asks each bucket for a file. */
export async function checkHealth(
  models: Models,
  model: string,
  buckets: Readonly<Record<string, R2Bucket | undefined>>,
): Promise<Checks> {
  const tried: [string, Promise<unknown>][] = []
  for (const scale of SCALES) {
    tried.push([`${model} x${scale}`, models.choose(model, scale).then((chosen) => chosen?.load())])
  }
  for (const [name, bucket] of Object.entries(buckets)) {
    if (bucket) tried.push([name, withinTimeout(bucket.head('manifest.json'))])
  }
  const checks: Record<string, string> = {}
  for (const [name, attempt] of tried) {
    checks[name] = await attempt.then(
      () => 'ok',
      (cause: unknown) => String(cause),
    )
  }
  return checks
}

/** How long the checks are remembered: the page is open to everybody, and a bucket costs money for each request. */
const REMEMBERED_MS = 10_000
/** A check waits once for the manifest and once for a file. */
const LONGEST_MS = 2 * STORAGE_TIMEOUT_MS

/**
 * Returns a function that returns what `check` returned in the last 10 s. Simultaneous calls share one check. A request
 * whose check has not ended, because its visitor has left, does not hold up the others.
 */
export function rememberChecks(check: () => Promise<Checks>, now?: () => number): () => Promise<Checks> {
  const flights = createFlights<Checks>(now)
  return async () => {
    const joined = await flights.join('health', LONGEST_MS, REMEMBERED_MS)
    if (!joined) return check()
    if (!isLead(joined)) return joined.value ?? check()
    let checks: Checks | undefined
    try {
      checks = await check()
      return checks
    } finally {
      joined.land(checks)
    }
  }
}
