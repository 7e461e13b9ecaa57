// Limits what a visitor may cost: one unit before the origin is asked, and one for each begun UNIT_MS of the work that a
// picture is estimated to take.
import { loggableError } from '../base/loggable.ts'
import type { RateLimiter } from '../platform/bindings.ts'
import type { Settings } from '../options.ts'
import { withinTimeout } from '../base/timeout.ts'

const UNIT_MS = 250
/** Most units for the work on one picture, because each is a call of the limiter. */
const MOST_UNITS = 8

/** Returns the units of work that takes `cpuMs`. */
export function unitsOf(cpuMs: number): number {
  return Math.min(MOST_UNITS, Math.ceil(cpuMs / UNIT_MS))
}

/**
 * Takes units from a visitor's allowance, and returns whether they are within it. If the limiter fails, nobody is limited.
 * Visitors without a name share an allowance.
 */
export async function isAllowed(
  visitor: string,
  { missLimit }: Pick<Settings, 'missLimit'>,
  units = 1,
): Promise<boolean> {
  if (!missLimit) return true
  for (let i = 0; i < units; i++) if (!(await isWithin(missLimit, visitor))) return false
  return true
}

async function isWithin(limiter: RateLimiter, key: string): Promise<boolean> {
  try {
    return (await withinTimeout(limiter.limit({ key }))).success
  } catch (cause) {
    console.warn('the rate limiter did not answer; the request is allowed', loggableError(cause))
    return true
  }
}
