// Limits how many costly requests a visitor may send: pictures that must be made, and descriptions, because the origin
// is asked for each of them.
import type { RateLimiter } from '../platform/bindings.ts'
import type { Settings } from '../options.ts'
import { Skip } from '../picture/skip.ts'
import { withinTimeout } from '../base/timeout.ts'

/** Throws a Skip if too many requests came from the visitor's address. If the limiter fails, nobody is limited. */
export async function requireMissAllowance(
  { headers }: Request,
  { missLimit }: Pick<Settings, 'missLimit'>,
): Promise<void> {
  if (!missLimit) return
  if (!(await isWithin(missLimit, headers.get('cf-connecting-ip') ?? ''))) throw new Skip('RATE')
}

async function isWithin(limiter: RateLimiter, key: string): Promise<boolean> {
  try {
    return (await withinTimeout(limiter.limit({ key }))).success
  } catch (cause) {
    console.warn('the rate limiter did not answer; the request is allowed', cause)
    return true
  }
}
