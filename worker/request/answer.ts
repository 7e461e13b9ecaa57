// Builds responses: a result, or the original with the reason why it was not enlarged. `X-SR` and `Cache-Status` are
// structured fields (RFC 9651, RFC 9211).
import { discard } from '../base/discard.ts'
import type { FileBody } from '../cache/stores.ts'
import type { Entry } from '../cache/entry.ts'
import { SAFE_HEADERS, SAFE_SVG_HEADERS } from '../base/errors.ts'
import { formatXSr } from '../client/xSr.ts'
import { isNegotiated, isStorable, isStorableByBrowsers, setCacheControl } from '../origin/freshness.ts'
import { canonicalOf, dispositionOf } from '../origin/inherited.ts'
import { parseRange, spanOf } from './range.ts'
import { FAILURE_REASONS, type SkipReason } from '../picture/skip.ts'

/** Reasons that may no longer hold a moment later. Answers with one of them are kept for a minute at most. */
const PASSING: readonly SkipReason[] = ['RATE', ...FAILURE_REASONS]
export const PASSING_TTL_SECONDS = 60

/**
 * Headers that apply to the result as to the picture: what other sites, search engines and collectors of training data
 * may do with it, and its language. What describes the file (digests, ranges), this connection or the whole host does
 * not.
 */
const INHERITED = [
  'timing-allow-origin',
  'cross-origin-resource-policy',
  'x-robots-tag',
  'tdm-reservation',
  'tdm-policy',
  'content-language',
]
const ALLOW_ORIGIN = 'access-control-allow-origin'
/** Headers that scripts of other sites may read, provided that they may read the answer. */
const EXPOSED = 'X-SR, Cache-Status, ETag, Content-Length, Content-Range'

/**
 * Returns those headers of the origin's answer that the result inherits. Access-Control-Allow-Origin is inherited only
 * if it is `*`, because any other value may be meant for one visitor. Of Link only the canonical URL is inherited, and of
 * Content-Disposition the name of the file only if the result is of the source's type, which the name's ending tells.
 * `followsSource` is true if the result's format depends on the source, which the origin may have chosen by Accept.
 */
export function inheritedHeaders(
  origin: Headers,
  { isSameType, followsSource }: { readonly isSameType: boolean; readonly followsSource: boolean },
): Record<string, string> {
  const values: [string, string | null | undefined][] = [
    ...INHERITED.map((name): [string, string | null] => [name, origin.get(name)]),
    ['link', canonicalOf(origin.get('link'))],
    ['content-disposition', dispositionOf(origin.get('content-disposition'), isSameType)],
    ['vary', followsSource && isNegotiated(origin) ? 'Accept' : undefined],
    [ALLOW_ORIGIN, origin.get(ALLOW_ORIGIN) === '*' ? '*' : undefined],
  ]
  const inherited: Record<string, string> = {}
  for (const [name, value] of values) if (typeof value === 'string') inherited[name] = value
  return inherited
}

/** Returns inherited headers, with those that a 304 states in place of theirs. A 304 does not rename the file. */
export function renewedHeaders(
  inherited: Readonly<Record<string, string>>,
  origin304: Headers,
  followsSource: boolean,
): Record<string, string> {
  const stated = inheritedHeaders(origin304, { isSameType: false, followsSource })
  const kept = Object.entries(inherited).filter(
    ([name]) => name === 'content-disposition' || name === 'vary' || !origin304.has(name),
  )
  return { ...stated, ...Object.fromEntries(kept) }
}

/** Lets scripts of other sites read an answer, if the option `allowOrigin` or the origin allows it. */
export function allowOrigin(headers: Headers, allowed: string | undefined): void {
  if (allowed !== undefined) {
    headers.set(ALLOW_ORIGIN, allowed)
    headers.set('timing-allow-origin', allowed)
    headers.set('cross-origin-resource-policy', 'cross-origin')
  }
  if (headers.has(ALLOW_ORIGIN)) headers.set('access-control-expose-headers', EXPOSED)
}

/**
 * Answers a CORS preflight (Fetch standard), by which a browser asks whether a script of another site may send a
 * request.
 */
export function preflightResponse(): Response {
  const headers = {
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': 'Range, If-Range, If-None-Match, If-Modified-Since',
    'access-control-max-age': '86400',
  }
  return new Response(null, { status: 204, headers })
}

export interface ResultHeaders {
  /** The parameters of `Cache-Status`, after the cache's name. */
  readonly cacheStatus: string
  /** How long the result is fresh. Negative if no cache may keep it. */
  readonly ttlSeconds: number
  readonly variesByAccept: boolean
}

/**
 * Returns a result as 200, as 206 or 416 if a range is asked for, or as 304 if the visitor has it already. If `isMade`
 * is false, the result was not made, and the response has only the headers that are known without it. Only a HEAD
 * request gets such a response. Discards `body` if the response has none.
 */
export function resultResponse(
  request: Request,
  entry: Entry,
  isMade: boolean,
  body: FileBody | undefined,
  { cacheStatus, ttlSeconds, variesByAccept }: ResultHeaders,
): Response {
  const { etag, type, size, sourceModified } = entry
  // A plain object, because a Response would copy Headers.
  const headers: Record<string, string> = {
    ...entry.inherited,
    'cache-control': cacheControlOf(ttlSeconds),
    'cache-status': `edge-srcnn; ${cacheStatus}`,
    'x-sr': entry.sr,
    'accept-ranges': 'bytes',
    ...SAFE_HEADERS,
  }
  if (sourceModified) headers['last-modified'] = sourceModified
  if (variesByAccept) headers.vary = 'Accept'
  if (!isMade) return new Response(null, { headers: { ...headers, 'content-type': type } })
  headers.etag = etag
  const bodiless = (status: number) => {
    discard(body)
    return new Response(null, { status, headers })
  }
  if (isKnown(request, etag, sourceModified)) return bodiless(304)
  headers['content-type'] = type
  if (request.method === 'HEAD') {
    headers['content-length'] = `${size}`
    return bodiless(200)
  }
  const range = isRangeOf(request, etag) ? parseRange(request.headers.get('range'), size) : undefined
  if (range === 'none') {
    headers['content-range'] = `bytes */${size}`
    return bodiless(416)
  }
  if (range === undefined || body === undefined) {
    headers['content-length'] = `${size}`
    return new Response(body, { headers })
  }
  const { first, last } = range
  headers['content-range'] = `bytes ${first}-${last}/${size}`
  headers['content-length'] = `${last - first + 1}`
  return new Response(spanOf(body, range), { status: 206, headers })
}

/** Evaluates If-Range by strong comparison (RFC 9110, 13.1.5). A date never matches, because it is not exact enough. */
function isRangeOf({ headers }: Request, etag: string): boolean {
  const field = headers.get('if-range')
  return field === null || field.trim() === etag
}

function cacheControlOf(ttlSeconds: number): string {
  if (ttlSeconds < 0) return 'private, no-store'
  return ttlSeconds === 0 ? 'public, no-cache' : `public, max-age=${ttlSeconds}`
}

/**
 * Returns the origin's answer, with the reason why it was not enlarged. If the body of `source` was read already,
 * `body` replaces it. `mime` is its real media type, if that is known.
 */
export function originalResponse(
  request: Request,
  source: Response,
  reason: SkipReason,
  body?: BodyInit,
  mime?: string,
): Response {
  const response = new Response(body ?? source.body, source)
  response.headers.set('x-sr', formatXSr({ outcome: 'skipped', reason }))
  if (body !== undefined) {
    // The body was decoded when it was read, so the encoding and the length that the headers state may be wrong.
    response.headers.delete('content-encoding')
    response.headers.delete('content-length')
  }
  if (mime) {
    response.headers.set('content-type', mime)
    const safe = mime === 'image/svg+xml' ? SAFE_SVG_HEADERS : SAFE_HEADERS
    for (const [name, value] of Object.entries(safe)) response.headers.set(name, value)
  }
  const cacheControl = passingCacheControl(request, source, reason)
  if (cacheControl) setCacheControl(response.headers, cacheControl)
  const etag = response.headers.get('etag')
  if (response.status !== 200 || !etag || !isNotModified(request, etag)) return response
  discard(response.body)
  return new Response(null, { status: 304, headers: response.headers })
}

/**
 * Returns the Cache-Control of an original whose reason may soon no longer hold: caches keep it only briefly, or not at
 * all if there may be a turn at the next request. If the visitor has cookies or is beyond the rate limit, only their own
 * browser may keep it.
 */
function passingCacheControl(request: Request, { headers }: Response, reason: SkipReason): string | undefined {
  if (reason === 'BUSY') return 'no-store'
  if (!PASSING.includes(reason) || !isStorable(headers)) return undefined
  if (!isStorableByBrowsers(headers)) return 'private, no-store'
  const isTheirs = reason === 'RATE' || request.headers.has('cookie')
  return `${isTheirs ? 'private' : 'public'}, max-age=${PASSING_TTL_SECONDS}`
}

/** Evaluates If-None-Match or, without it, If-Modified-Since (RFC 9110, 13.1.3). */
export function isKnown(request: Request, etag: string, modified: string | undefined): boolean {
  const since = request.headers.get('if-modified-since')
  if (request.headers.has('if-none-match') || since === null || modified === undefined) {
    return isNotModified(request, etag)
  }
  return Date.parse(modified) <= Date.parse(since)
}

/** Evaluates If-None-Match by weak comparison (RFC 9110, 13.1.2). */
function isNotModified(request: Request, etag: string): boolean {
  const field = request.headers.get('if-none-match')
  if (field === null) return false
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '')
  // An ETag may contain commas.
  const tags = field.match(/(?:"[^"]*"|[^,])+/g) ?? []
  return field.trim() === '*' || tags.some((tag) => opaque(tag) === opaque(etag))
}
