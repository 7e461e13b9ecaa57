// How much of what costs something a visitor may ask for: pictures that have to be made, and descriptions, for which the
// origin is asked each time.
import type { RateLimiter } from '../platform/bindings.ts'
import type { Settings } from '../options.ts'
import { Skip } from '../picture/skip.ts'
import { withinTimeout } from '../base/timeout.ts'

/** By the visitor's address: throws a Skip beyond the limit. A limiter that fails limits nobody. */
export async function requireMiss({ headers }: Request, { missLimit }: Pick<Settings, 'missLimit'>): Promise<void> {
  if (!missLimit) return
  if (!(await isWithin(missLimit, headers.get('cf-connecting-ip') ?? ''))) throw new Skip('RATE')
}

async function isWithin(limiter: RateLimiter, key: string): Promise<boolean> {
  try {
    return (await withinTimeout(limiter.limit({ key }))).success
  } catch (cause) {
    console.warn('the rate limit was not asked', cause)
    return true
  }
}
