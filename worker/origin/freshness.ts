// Reads from an origin's headers whether a result may be kept and how long it is fresh. Follows RFC 9111 for shared
// caches, but is stricter if a picture could be meant for one visitor only.
import type { Settings } from '../options.ts'
import { parseSeconds } from '../base/seconds.ts'

export interface Freshness {
  /** True if the result may be kept for other visitors. */
  readonly isStorable: boolean
  /** True if a visitor with a cookie may get a different picture: `private`, `Vary: Cookie` or `Vary: *`. */
  readonly isPersonal: boolean
  /**
   * Seconds for which the result is served without asking the origin again. 0: ask for every request. Undefined: the
   * origin does not say.
   */
  readonly ttlSeconds: number | undefined
  /**
   * Seconds for which a browser may keep the result, if s-maxage states another lifetime for shared caches like ours.
   */
  readonly browserSeconds: number | undefined
  /** Seconds for which a result that is no longer fresh may be served if the origin fails. */
  readonly staleSeconds: number
  /** True if the origin forbids changing the picture (`no-transform`). */
  readonly isFixed: boolean
}

/** Request headers that `Vary` may name without harm, because no visitor's value of them reaches the origin. */
const HARMLESS_VARY = ['accept-encoding', 'accept', 'origin']

export function freshnessOf(headers: Headers, settings: Settings, nowMs: number): Freshness {
  const directives = parseCacheControl(headers)
  const lifetime = directives.has('no-cache') ? 0 : lifetimeOf(headers, directives, nowMs)
  return {
    isStorable: isStorable(headers),
    isPersonal:
      PERSONAL.test(headers.get('cache-control') ?? '') ||
      variesBy(headers).some((name) => ['cookie', '*'].includes(name)),
    ttlSeconds: lifetime && Math.min(settings.maxTtlSeconds, Math.max(0, lifetime)),
    browserSeconds: directives.has('s-maxage') ? browserSecondsOf(headers, directives) : undefined,
    staleSeconds: Math.min(MAX_STALE_SECONDS, staleOf(directives)),
    isFixed: directives.has('no-transform'),
  }
}

const MAX_STALE_SECONDS = 86_400

/**
 * Returns 0 if a directive forbids stale answers (RFC 9111, 4.2.4), else the value of stale-if-error (RFC 5861), else
 * MAX_STALE_SECONDS.
 */
function staleOf(directives: Map<string, string>): number {
  const forbids = ['no-cache', 'must-revalidate', 'proxy-revalidate', 's-maxage']
  if (forbids.some((name) => directives.has(name))) return 0
  const said = directives.get('stale-if-error')
  return said === undefined ? MAX_STALE_SECONDS : (parseSeconds(said) ?? 0)
}

/** Returns true if the origin allows an answer to one visitor to be kept for others. */
export function isStorable(headers: Headers): boolean {
  return (
    !FORBIDDEN.test(headers.get('cache-control') ?? '') &&
    !headers.has('set-cookie') &&
    variesBy(headers).every((name) => HARMLESS_VARY.includes(name))
  )
}

/** Matches these words anywhere in the header. Some servers use a wrong separator: `private; max-age=60`. */
const FORBIDDEN = /(?<![\w-])(no-store|private)(?![\w-])/i
const PERSONAL = /(?<![\w-])private(?![\w-])/i

/** Returns the names in `Vary`, in lower case. */
function variesBy(headers: Headers): readonly string[] {
  const names = (headers.get('vary') ?? '').split(',').map((name) => name.trim().toLowerCase())
  return names.filter((name) => name !== '')
}

/** Returns the remaining seconds of s-maxage, max-age or Expires, in this order. Undefined if all three are missing. */
function lifetimeOf(headers: Headers, directives: Map<string, string>, nowMs: number): number | undefined {
  const maxAge = directives.get('s-maxage') ?? directives.get('max-age')
  // A lifetime that cannot be parsed counts as 0 (RFC 9111, 4.2.1).
  if (maxAge !== undefined) return (parseSeconds(maxAge) ?? 0) - ageOf(headers)
  const expires = headers.get('expires')
  if (expires === null) return undefined
  const date = dateOf(headers.get('date') ?? '')
  const seconds = (dateOf(expires) - (Number.isNaN(date) ? nowMs : date)) / 1000
  return Number.isNaN(seconds) ? 0 : Math.floor(seconds) - ageOf(headers)
}

function browserSecondsOf(headers: Headers, directives: Map<string, string>): number | undefined {
  const maxAge = directives.get('max-age')
  return maxAge === undefined ? undefined : Math.max(0, (parseSeconds(maxAge) ?? 0) - ageOf(headers))
}

/**
 * Returns the seconds that the answer has spent in caches before ours. If there are several values, the first counts
 * (RFC 9111, 5.1).
 */
function ageOf(headers: Headers): number {
  return parseSeconds((headers.get('age') ?? '').split(',', 1)[0].trim()) ?? 0
}

/**
 * Parses an HTTP date into milliseconds since 1970. Returns NaN for any other text. Date.parse alone would read `3600`
 * as a year.
 */
function dateOf(text: string): number {
  return /^[a-z]+,? /i.test(text) ? Date.parse(text) : NaN
}

/**
 * Returns `answer` with headers for the URL of the redirect. They forbid what the redirect or the answer forbids, and
 * make the answer fresh for no longer than the redirect. A redirect that states no lifetime never expires if it is
 * permanent; otherwise it expires immediately (RFC 9110, 15.1).
 */
export function asRedirected(redirect: Response, answer: Response, nowMs: number): Response {
  const joined = new Response(answer.body, answer)
  const said = [redirect, answer].map(({ headers }) => headers.get('cache-control')).filter(Boolean)
  const [redirectLifetime, answerLifetime] = [redirect, answer].map(({ headers }) =>
    lifetimeOf(headers, parseCacheControl(headers), nowMs),
  )
  const limit = redirectLifetime ?? (PERMANENT.includes(redirect.status) ? Infinity : 0)
  if (limit < Infinity) {
    const seconds = Math.max(0, Math.min(limit, answerLifetime ?? Infinity))
    said.unshift(`${/s-maxage/i.test(said.join()) ? 's-maxage' : 'max-age'}=${seconds}`)
    joined.headers.delete('age') // subtracted already
  }
  if (said.length > 0) joined.headers.set('cache-control', said.join(', '))
  const varies = redirect.headers.get('vary')
  if (varies !== null) joined.headers.append('vary', varies)
  for (const cookie of redirect.headers.getSetCookie()) joined.headers.append('set-cookie', cookie)
  return joined
}

const PERMANENT = [301, 308]

/**
 * Maps the directives' names, in lower case, to their values without quotes. If a name is repeated, the first value
 * counts. Lists are also split at semicolons, which some servers write instead of commas, but never within quotes.
 */
function parseCacheControl(headers: Headers): Map<string, string> {
  const text = headers.get('cache-control') ?? ''
  const directives = new Map<string, string>()
  for (const part of text.match(/(?:"[^"]*"|[^,;])+/g) ?? []) {
    const [name, value = ''] = part.split('=', 2).map((piece) => piece.trim())
    if (!directives.has(name.toLowerCase())) directives.set(name.toLowerCase(), value.replaceAll('"', ''))
  }
  return directives
}

/** Returns true if the visitor sends a cookie to which the origin may answer with a different picture. */
export function isForVisitorAlone({ headers }: Request, { isPersonal }: Freshness): boolean {
  return isPersonal && headers.has('cookie')
}
