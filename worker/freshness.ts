// What an origin's headers allow: may the result be kept, and for how long is it fresh. RFC 9111
// as for a shared cache, stricter where a picture could be meant for one visitor only.
import type { Settings } from './options.ts'
import { secondsOf } from './seconds.ts'

export interface Freshness {
  /** May be kept for other visitors. */
  readonly isStorable: boolean
  /** Seconds for which it is served without asking again; 0: ask every time; undefined: not said. */
  readonly ttlSeconds: number | undefined
  /** Seconds beyond that for which it may be served while the origin fails. */
  readonly staleSeconds: number
  /** `no-transform`: the origin forbids a changed picture. */
  readonly isFixed: boolean
}

/** Request headers on which a picture may depend without harm: we send none of them to the origin. */
const HARMLESS_VARY = ['accept-encoding', 'accept', 'origin']

export function freshnessOf(headers: Headers, settings: Settings, nowMs: number): Freshness {
  const directives = parseCacheControl(headers)
  const lifetime = directives.has('no-cache') ? 0 : lifetimeOf(headers, directives, nowMs)
  return {
    isStorable: isStorable(headers),
    ttlSeconds: lifetime && Math.min(settings.maxTtlSeconds, Math.max(0, lifetime)),
    staleSeconds: Math.min(MAX_STALE_SECONDS, staleOf(directives)),
    isFixed: directives.has('no-transform'),
  }
}

const MAX_STALE_SECONDS = 86_400

/** stale-if-error (RFC 5861); without it as long as we like, unless that is forbidden (RFC 9111, 4.2.4). */
function staleOf(directives: Map<string, string>): number {
  const said = directives.get('stale-if-error')
  if (said !== undefined) return secondsOf(said) ?? 0
  const forbids = ['no-cache', 'must-revalidate', 'proxy-revalidate', 's-maxage']
  return forbids.some((name) => directives.has(name)) ? 0 : MAX_STALE_SECONDS
}

/** Whether the origin lets one visitor's answer be kept for others. */
export function isStorable(headers: Headers): boolean {
  const varies = (headers.get('vary') ?? '').split(',').map((name) => name.trim().toLowerCase())
  return (
    !FORBIDDEN.test(headers.get('cache-control') ?? '') &&
    !headers.has('set-cookie') &&
    varies.every((name) => name === '' || HARMLESS_VARY.includes(name))
  )
}

/** These words anywhere, misspelled lists as well: `private; max-age=60`. */
const FORBIDDEN = /(?<![\w-])(no-store|private)(?![\w-])/i

/** Seconds left by s-maxage, max-age or Expires, in this order; undefined where none says. */
function lifetimeOf(
  headers: Headers,
  directives: Map<string, string>,
  nowMs: number,
): number | undefined {
  const maxAge = directives.get('s-maxage') ?? directives.get('max-age')
  if (maxAge !== undefined) {
    const seconds = secondsOf(maxAge) ?? 0 // an unreadable lifetime is none (RFC 9111, 4.2.1)
    return seconds - (secondsOf(headers.get('age') ?? '') ?? 0)
  }
  const expires = headers.get('expires')
  if (expires === null) return undefined
  const date = Date.parse(headers.get('date') ?? '')
  const seconds = (Date.parse(expires) - (Number.isNaN(date) ? nowMs : date)) / 1000
  return Number.isNaN(seconds) ? 0 : Math.floor(seconds)
}

/** Directive names in lower case to values without quotes; the first of a name wins. */
function parseCacheControl(headers: Headers): Map<string, string> {
  const text = headers.get('cache-control') ?? ''
  const directives = new Map<string, string>()
  for (const part of text.split(',')) {
    const [name, value = ''] = part.split('=', 2).map((piece) => piece.trim())
    if (!directives.has(name.toLowerCase()))
      directives.set(name.toLowerCase(), value.replaceAll('"', ''))
  }
  return directives
}
