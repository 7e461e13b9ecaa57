// What an origin's headers allow: may the result be kept, and for how long is it fresh. RFC 9111
// as for a shared cache, stricter where a picture could be meant for one visitor only.
import type { Settings } from '../options.ts'
import { secondsOf } from '../base/seconds.ts'

export interface Freshness {
  /** May be kept for other visitors. */
  readonly isStorable: boolean
  /** May be another one for a visitor with a cookie: `private`, or `Vary: Cookie`. */
  readonly isPersonal: boolean
  /** Seconds for which it is served without asking again; 0: ask every time; undefined: not said. */
  readonly ttlSeconds: number | undefined
  /** Seconds for which a browser may keep it, where s-maxage says something else to caches like ours. */
  readonly browserSeconds: number | undefined
  /** Seconds beyond that for which it may be served while the origin fails. */
  readonly staleSeconds: number
  /** `no-transform`: the origin forbids a changed picture. */
  readonly isFixed: boolean
}

/** Request headers on which a picture may depend without harm: we send the origin none of a visitor's. */
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

/** stale-if-error (RFC 5861); without it as long as we like, unless it is forbidden (RFC 9111, 4.2.4). */
function staleOf(directives: Map<string, string>): number {
  const forbids = ['no-cache', 'must-revalidate', 'proxy-revalidate', 's-maxage']
  if (forbids.some((name) => directives.has(name))) return 0
  const said = directives.get('stale-if-error')
  return said === undefined ? MAX_STALE_SECONDS : (secondsOf(said) ?? 0)
}

/** Whether the origin lets one visitor's answer be kept for others. */
export function isStorable(headers: Headers): boolean {
  return (
    !FORBIDDEN.test(headers.get('cache-control') ?? '') &&
    !headers.has('set-cookie') &&
    variesBy(headers).every((name) => HARMLESS_VARY.includes(name))
  )
}

/** These words anywhere, misspelled lists as well: `private; max-age=60`. */
const FORBIDDEN = /(?<![\w-])(no-store|private)(?![\w-])/i
const PERSONAL = /(?<![\w-])private(?![\w-])/i

/** The names in `Vary`, in lower case. */
function variesBy(headers: Headers): readonly string[] {
  const names = (headers.get('vary') ?? '').split(',').map((name) => name.trim().toLowerCase())
  return names.filter((name) => name !== '')
}

/** Seconds left by s-maxage, max-age or Expires, in this order; undefined where none says. */
function lifetimeOf(headers: Headers, directives: Map<string, string>, nowMs: number): number | undefined {
  const maxAge = directives.get('s-maxage') ?? directives.get('max-age')
  // An unreadable lifetime is none (RFC 9111, 4.2.1).
  if (maxAge !== undefined) return (secondsOf(maxAge) ?? 0) - ageOf(headers)
  const expires = headers.get('expires')
  if (expires === null) return undefined
  const date = dateOf(headers.get('date') ?? '')
  const seconds = (dateOf(expires) - (Number.isNaN(date) ? nowMs : date)) / 1000
  return Number.isNaN(seconds) ? 0 : Math.floor(seconds) - ageOf(headers)
}

function browserSecondsOf(headers: Headers, directives: Map<string, string>): number | undefined {
  const maxAge = directives.get('max-age')
  return maxAge === undefined ? undefined : Math.max(0, (secondsOf(maxAge) ?? 0) - ageOf(headers))
}

/** Seconds that it has been in caches before ours; of several the first (RFC 9111, 5.1). */
function ageOf(headers: Headers): number {
  return secondsOf((headers.get('age') ?? '').split(',', 1)[0].trim()) ?? 0
}

/** In milliseconds; NaN for what is no date of HTTP, such as `3600`, which Date.parse takes for a year. */
function dateOf(text: string): number {
  return /^[a-z]+,? /i.test(text) ? Date.parse(text) : NaN
}

/**
 * An answer as that of the URL whose redirect led to it: what either forbids is forbidden, and it is fresh for
 * no longer than the redirect is. One without a lifetime lasts where it is permanent (RFC 9110, 15.1).
 */
export function asRedirected(redirect: Response, answer: Response, nowMs: number): Response {
  const joined = new Response(answer.body, answer)
  const said = [redirect, answer].map(({ headers }) => headers.get('cache-control')).filter(Boolean)
  const [lifetime, own] = [redirect, answer].map(({ headers }) =>
    lifetimeOf(headers, parseCacheControl(headers), nowMs),
  )
  const least = lifetime ?? (PERMANENT.includes(redirect.status) ? Infinity : 0)
  if (least < Infinity) {
    const seconds = Math.max(0, Math.min(least, own ?? Infinity))
    said.unshift(`${/s-maxage/i.test(said.join()) ? 's-maxage' : 'max-age'}=${seconds}`)
    joined.headers.delete('age') // counted already
  }
  if (said.length > 0) joined.headers.set('cache-control', said.join(', '))
  const varies = redirect.headers.get('vary')
  if (varies !== null) joined.headers.append('vary', varies)
  for (const cookie of redirect.headers.getSetCookie()) joined.headers.append('set-cookie', cookie)
  return joined
}

const PERMANENT = [301, 308]

/**
 * Directive names in lower case to values without quotes; the first of a name wins. Lists are cut at
 * semicolons, too, which some write for commas, but at nothing within quotes.
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

/** Asked for with the visitor's cookies it might be another picture. */
export function isTheirOwn({ headers }: Request, { isPersonal }: Freshness): boolean {
  return isPersonal && headers.has('cookie')
}
