import CachePolicy from 'http-cache-semantics'
import { describe, expect, test } from 'vitest'
import {
  asRedirected,
  completed304,
  freshnessOf,
  headersFor304,
  setCacheControl,
} from '../../../worker/origin/freshness.ts'
import { resolveOptions } from '../../../worker/options.ts'

const settings = resolveOptions({ cache: false, maxTtlSeconds: 1000 })
const NOW = Date.parse('2026-01-01T00:00:00Z')
const DAY = 86_400

test.each<[Record<string, string>, number | undefined]>([
  [{}, undefined],
  [{ 'cache-control': 'public' }, undefined],
  [{ 'cache-control': 'max-age=60' }, 60],
  [{ 'cache-control': 'max-age=60, s-maxage=90' }, 90],
  [{ 'cache-control': 'Max-Age="60"' }, 60],
  [{ 'cache-control': 'max-age=60', age: '50' }, 10],
  [{ 'cache-control': 'max-age=60', age: '70' }, 0],
  [{ 'cache-control': 'max-age=60, no-cache' }, 0],
  [{ 'cache-control': 'max-age=junk' }, 0],
  [{ 'cache-control': 'public; max-age=60' }, 60],
  [{ 'cache-control': 'max-age=60; no-cache' }, 0],
  [{ 'cache-control': 'x-own="a, max-age=90", max-age=60' }, 60],
  [{ 'cache-control': 'max-age="60, no-cache' }, 0],
  [{ 'cache-control': 'max-age=60, max-age=90' }, 60],
  [{ 'cache-control': 'max-age=31536000, immutable' }, 1000],
  [{ 'cache-control': 'max-age=31536000000' }, 1000], // milliseconds by mistake
  [{ 'cache-control': 'max-age=60', age: '31536000000' }, 0],
  [{ expires: 'Thu, 01 Jan 2026 00:05:00 GMT' }, 300],
  [{ expires: 'Thu, 01 Jan 2026 00:05:00 GMT', date: 'Thu, 01 Jan 2026 00:04:00 GMT' }, 60],
  [{ expires: '0' }, 0],
  [{ expires: '3600' }, 0],
  [{ expires: '2099' }, 0],
  [{ expires: 'Thu, 01 Jan 2026 00:05:00 GMT', date: 'Thu, 01 Jan 2026 00:04:00 GMT', age: '50' }, 10],
  [{ expires: 'Thursday, 01-Jan-26 00:05:00 GMT' }, 300],
  [{ 'cache-control': 'max-age=60', age: '50, 0' }, 10],
  [{ expires: 'Thu, 01 Jan 2026 00:05:00 GMT', 'cache-control': 'max-age=1' }, 1],
])('a response with %j has this lifetime in seconds: %s', (headers, seconds) => {
  expect(freshnessOf(new Headers(headers), settings, NOW).ttlSeconds).toBe(seconds)
})

test.each<[Record<string, string>, boolean]>([
  [{}, true],
  [{ 'cache-control': 'no-cache' }, true],
  [{ 'cache-control': 'no-store' }, false],
  [{ 'cache-control': 'PRIVATE="x", max-age=60' }, false],
  [{ 'cache-control': 'private; max-age=60' }, false],
  [{ 'cache-control': 'no-cache;no-store' }, false],
  [{ 'cache-control': 'ext="a, b"private' }, false],
  [{ 'cache-control': 'not-private, private-ish=1' }, true],
  [{ 'set-cookie': 'a=b' }, false],
  [{ vary: 'Accept-Encoding, accept, Origin' }, true],
  [{ vary: 'Accept-Encoding, Cookie' }, false],
  [{ vary: '*' }, false],
])('a response with %j may be stored: %s', (headers, isStorable) => {
  expect(freshnessOf(new Headers(headers), settings, NOW).isStorable).toBe(isStorable)
})

test.each<[Record<string, string>, boolean]>([
  [{ 'cache-control': 'max-age=60; Private' }, true],
  [{ vary: 'Accept, COOKIE' }, true],
  [{ vary: '*' }, true],
  [{ 'cache-control': 'no-store', vary: 'User-Agent', 'set-cookie': 'a=b' }, false],
  [{ 'cache-control': 'x-private', vary: 'X-Cookie' }, false],
])('a response with %j may differ for visitors with cookies: %s', (headers, isPersonal) => {
  expect(freshnessOf(new Headers(headers), settings, NOW).isPersonal).toBe(isPersonal)
})

test.each(['no-transform', 'max-age=60; No-Transform'])('a response with %s must not be changed', (cacheControl) => {
  const headers = new Headers({ 'cache-control': cacheControl })
  expect(freshnessOf(headers, settings, NOW).isFixed).toBe(true)
})

test.each([
  ['max-age=60', 86_400],
  ['stale-if-error=60', 60],
  ['stale-if-error=junk', 0],
  ['stale-if-error=999999', 86_400],
  ['must-revalidate', 0],
  ['must-revalidate, stale-if-error=60', 0],
  ['s-maxage=60, stale-if-error=60', 0],
])('with %s a stale result may be served for %i seconds if the origin fails', (cacheControl, seconds) => {
  const headers = new Headers({ 'cache-control': cacheControl })
  expect(freshnessOf(headers, settings, NOW).staleSeconds).toBe(seconds)
})

test.each([
  ['max-age=60, s-maxage=90', 60],
  ['s-maxage=90, max-age=0', 0],
  ['s-maxage=90, max-age=junk', 0],
  ['s-maxage=90', undefined],
  ['max-age=60', undefined],
])('with %s a result has this lifetime in browsers, in seconds: %s', (cacheControl, seconds) => {
  const headers = new Headers({ 'cache-control': cacheControl })
  expect(freshnessOf(headers, settings, NOW).browserSeconds).toBe(seconds)
})

test('with s-maxage and Expires, a result has the lifetime of Expires in browsers', () => {
  const browserSeconds = (expires: string) =>
    freshnessOf(new Headers({ 'cache-control': 's-maxage=900', expires }), settings, NOW).browserSeconds
  expect(browserSeconds('Thu, 01 Jan 1970 00:00:00 GMT')).toBe(0)
  expect(browserSeconds('Thu, 01 Jan 2026 00:05:00 GMT')).toBe(300)
})

describe('a header for CDNs replaces Cache-Control and Expires:', () => {
  const CDN = 'cdn-cache-control'
  const CLOUDFLARE = 'cloudflare-cdn-cache-control'
  interface Expected {
    readonly isStorable?: boolean
    readonly isPersonal?: boolean
    readonly ttlSeconds?: number | undefined
    readonly browserSeconds?: number | undefined
    readonly staleSeconds?: number
    readonly isFixed?: boolean
  }

  test.each<[Record<string, string>, Expected]>([
    // Lifetimes
    [
      { [CDN]: 'max-age=600', 'cache-control': 'max-age=60' },
      { ttlSeconds: 600, browserSeconds: 60, isStorable: true },
    ],
    [
      { [CDN]: 'max-age=60', 'cache-control': 'max-age=600' },
      { ttlSeconds: 60, browserSeconds: 600 },
    ],
    [{ [CDN]: 'max-age=600' }, { ttlSeconds: 600, browserSeconds: 300 }],
    [{ [CDN]: 's-maxage=60, max-age=90' }, { ttlSeconds: 60, staleSeconds: 0 }],
    [
      { [CDN]: 'max-age=60', age: '50' },
      { ttlSeconds: 10, browserSeconds: 300 },
    ],
    [
      { [CDN]: 'max-age=60', 'cache-control': 'max-age=40', age: '50' },
      { ttlSeconds: 10, browserSeconds: 0 },
    ],
    [
      { [CDN]: 'public', 'cache-control': 'max-age=60' },
      { ttlSeconds: undefined, browserSeconds: 60 },
    ],
    [
      { [CDN]: 'max-age=60', expires: 'Thu, 01 Jan 2026 00:05:00 GMT' },
      { ttlSeconds: 60, browserSeconds: 300 },
    ],
    [
      { [CDN]: 'max-age=60', 'cache-control': 's-maxage=9' },
      { ttlSeconds: 60, browserSeconds: 300, staleSeconds: DAY },
    ],
    [{ [CDN]: 'max-age=60, stale-if-error=5', 'cache-control': 'must-revalidate' }, { staleSeconds: 5 }],
    [{ [CDN]: 'max-age=60, must-revalidate', 'cache-control': 'max-age=60' }, { staleSeconds: 0 }],
    [
      { [CDN]: 'no-cache', 'cache-control': 'max-age=60' },
      { ttlSeconds: 0, browserSeconds: 60, staleSeconds: 0 },
    ],
    // A value of a wrong type counts as 0.
    [{ [CDN]: 'max-age="60"', 'cache-control': 'max-age=90' }, { ttlSeconds: 0 }],
    [{ [CDN]: 'max-age=60.5', 'cache-control': 'max-age=90' }, { ttlSeconds: 0 }],
    [{ [CDN]: 'max-age=-60', 'cache-control': 'max-age=90' }, { ttlSeconds: 0 }],
    [{ [CDN]: 'max-age', 'cache-control': 'max-age=90' }, { ttlSeconds: 0 }],
    // Prohibitions
    [
      { [CDN]: 'no-store', 'cache-control': 'max-age=60' },
      { isStorable: false, isPersonal: false },
    ],
    [{ [CDN]: 'no-store=?1', 'cache-control': 'max-age=60' }, { isStorable: false }],
    [
      { [CDN]: 'private="set-cookie"', 'cache-control': 'max-age=60' },
      { isStorable: false, isPersonal: true },
    ],
    [
      { [CLOUDFLARE]: 'private', 'cache-control': 'max-age=60' },
      { isStorable: false, isPersonal: true },
    ],
    [
      { [CDN]: 'max-age=60', 'cache-control': 'no-store' },
      { isStorable: true, ttlSeconds: 60, browserSeconds: -1 },
    ],
    [
      { [CDN]: 'max-age=60', 'cache-control': 'private' },
      { isStorable: true, isPersonal: false, browserSeconds: -1 },
    ],
    [
      { [CDN]: 'max-age=60', 'cache-control': 'no-cache' },
      { isStorable: true, ttlSeconds: 60, browserSeconds: 0 },
    ],
    [{ [CDN]: 'max-age=60', 'set-cookie': 'a=b' }, { isStorable: false }],
    [
      { [CDN]: 'max-age=60', vary: 'Cookie' },
      { isStorable: false, isPersonal: true },
    ],
    [{ [CDN]: 'no-store=?0, max-age=60' }, { isStorable: true, ttlSeconds: 60 }],
    // no-transform is no rule for caches, so it holds wherever it stands (RFC 9110, 7.7).
    [{ [CDN]: 'max-age=60', 'cache-control': 'no-transform' }, { isFixed: true }],
    [{ [CDN]: 'max-age=60, no-transform' }, { isFixed: true }],
    // Cloudflare's header comes first.
    [
      { [CLOUDFLARE]: 'max-age=9', [CDN]: 'no-store', 'cache-control': 'private' },
      { isStorable: true, ttlSeconds: 9 },
    ],
    [{ [CLOUDFLARE]: 'no-store', [CDN]: 'max-age=60' }, { isStorable: false }],
    // A header that is empty or not a Dictionary counts as missing, but what it forbids is forbidden.
    [
      { [CDN]: '', 'cache-control': 'max-age=60' },
      { ttlSeconds: 60, browserSeconds: undefined },
    ],
    [{ [CDN]: 'Max-Age=9', 'cache-control': 'max-age=60' }, { ttlSeconds: 60 }],
    [{ [CDN]: 'max-age=9,', 'cache-control': 'max-age=60' }, { ttlSeconds: 60 }],
    [{ [CDN]: 'max-age = 9', 'cache-control': 'max-age=60' }, { ttlSeconds: 60 }],
    [
      { [CDN]: 'max-age=60; private', 'cache-control': 'max-age=90' },
      { isStorable: true, ttlSeconds: 60 },
    ], // a parameter
    [
      { [CDN]: 'No-Store', 'cache-control': 'max-age=60' },
      { isStorable: false, ttlSeconds: 60 },
    ],
    [
      { [CDN]: 'max-age=60, , private', 'cache-control': 'max-age=60' },
      { isStorable: false, isPersonal: true },
    ],
    [
      { [CLOUDFLARE]: 'PRIVATE', [CDN]: 'max-age=60' },
      { isStorable: false, isPersonal: true, ttlSeconds: 60 },
    ],
    [
      { [CLOUDFLARE]: '=', [CDN]: 'max-age=9', 'cache-control': 'max-age=60' },
      { ttlSeconds: 9, browserSeconds: 60 },
    ],
    // Headers of other CDNs are not for us.
    [
      { 'surrogate-control': 'no-store', 'cache-control': 'max-age=60' },
      { isStorable: true, ttlSeconds: 60 },
    ],
    [{ 'akamai-cache-control': 'max-age=9', 'cache-control': 'max-age=60' }, { ttlSeconds: 60 }],
  ])('%j is read as %j', (headers, expected) => {
    expect(freshnessOf(new Headers(headers), settings, NOW)).toMatchObject(expected)
  })

  test.each<[Record<string, string>, Record<string, string>, number | undefined, number | undefined]>([
    // The 200, the 304, and the lifetimes after the 304, in caches like ours and in browsers
    [{ [CDN]: 'max-age=10', 'cache-control': 'max-age=600' }, { 'cache-control': 'max-age=600' }, 10, 600],
    [{ [CDN]: 'max-age=10', 'cache-control': 'no-store' }, { [CDN]: 'max-age=20' }, 20, -1],
    [{ [CDN]: 'max-age=10', 'cache-control': 'no-store' }, {}, 10, -1],
    [{ [CDN]: 'max-age=10' }, { [CLOUDFLARE]: 'max-age=30' }, 30, 300],
    [{ [CLOUDFLARE]: 'max-age=10' }, { [CDN]: 'max-age=30' }, 10, 300],
    [{ 'cache-control': 'max-age=10' }, { expires: 'Thu, 01 Jan 2026 00:05:00 GMT' }, 300, undefined],
    [{ 'cache-control': 'max-age=10' }, { [CDN]: 'max-age=30' }, 30, 300],
  ])('after a 200 with %j, a 304 with %j leaves these lifetimes: %s and %s', (headers, with304, ttl, browser) => {
    const completed = completed304(new Headers(with304), headersFor304(new Headers(headers)))
    const { ttlSeconds, browserSeconds } = freshnessOf(completed, settings, NOW)
    expect([ttlSeconds, browserSeconds]).toEqual([ttl, browser])
  })

  test.each<[number, Record<string, string>, Record<string, string>, Expected]>([
    [301, {}, { [CDN]: 'max-age=600', 'cache-control': 'no-store' }, { ttlSeconds: 600, browserSeconds: -1 }],
    [301, { [CDN]: 'max-age=60' }, { 'cache-control': 'max-age=600' }, { ttlSeconds: 60, browserSeconds: 600 }],
    [302, { 'cache-control': 'max-age=60' }, { [CDN]: 'max-age=600' }, { ttlSeconds: 60, browserSeconds: 60 }],
    [302, {}, { [CDN]: 'max-age=600' }, { ttlSeconds: 0, browserSeconds: 0, isStorable: true }],
    [302, { [CDN]: 'max-age=60' }, { [CDN]: 'max-age=600', age: '570' }, { ttlSeconds: 30 }],
    [301, { [CDN]: 'no-store' }, { 'cache-control': 'max-age=600' }, { isStorable: false }],
    [301, { 'cache-control': 'max-age=600' }, { [CLOUDFLARE]: 'private' }, { isStorable: false, isPersonal: true }],
    [301, { [CDN]: 'PRIVATE' }, { [CDN]: 'max-age=9' }, { isStorable: false, isPersonal: true }],
    [
      301,
      { [CDN]: 'stale-if-error=60' },
      { [CDN]: 'stale-if-error=30, max-age=9' },
      { staleSeconds: 30, ttlSeconds: 9 },
    ],
    [301, { [CDN]: 's-maxage=60' }, { [CDN]: 'max-age=9' }, { staleSeconds: 0, ttlSeconds: 9 }],
    [301, { [CDN]: 'no-transform' }, { 'cache-control': 'max-age=9' }, { isFixed: true }],
    [301, { [CDN]: 'must-revalidate, max-age=90' }, { [CLOUDFLARE]: 'max-age=9' }, { staleSeconds: 0, ttlSeconds: 9 }],
  ])('a %i with %j to an answer with %j is read as %j', (status, redirect, answer, expected) => {
    const joined = asRedirected(
      new Response(null, { status, headers: redirect }),
      new Response('', { headers: answer }),
      NOW,
    )
    expect(freshnessOf(joined.headers, settings, NOW)).toMatchObject(expected)
  })

  test('what we say in its place removes it, and every other header that a cache may prefer', () => {
    const headers = new Headers({
      [CDN]: 'max-age=60',
      [CLOUDFLARE]: 'max-age=60',
      'vercel-cdn-cache-control': 'max-age=60',
      'surrogate-control': 'max-age=60',
      expires: 'Thu, 01 Jan 2026 00:05:00 GMT',
      etag: '"1"',
    })
    setCacheControl(headers, 'no-store')
    expect([...headers]).toEqual([
      ['cache-control', 'no-store'],
      ['etag', '"1"'],
    ])
  })
})

// http-cache-semantics is the cache of npm, got and others. As a shared cache it follows RFC 9111, too.
describe('http-cache-semantics agrees', () => {
  interface Verdict {
    readonly isStorable: boolean
    readonly ttlSeconds: number
  }
  const ours = (headers: Record<string, string>): Verdict => {
    const { isStorable, ttlSeconds = 0 } = freshnessOf(new Headers(headers), settings, NOW)
    return { isStorable, ttlSeconds: isStorable ? ttlSeconds : 0 }
  }
  class PolicyOfNow extends CachePolicy {
    now() {
      return NOW
    }
  }
  const theirs = (headers: Record<string, string>): Verdict => {
    const request = { url: '/cat.jpg', method: 'GET', headers: { accept: 'image/jpeg' } }
    const policy = new PolicyOfNow(request, { status: 200, headers }, { cacheHeuristic: 0, immutableMinTimeToLive: 0 })
    const isStorable = policy.storable()
    const seconds = Math.floor(policy.timeToLive() / 1000)
    return { isStorable, ttlSeconds: isStorable ? Math.min(1000, Math.max(0, seconds)) : 0 }
  }

  const VALUES: Record<string, readonly (string | undefined)[]> = {
    'cache-control': [
      undefined,
      'public',
      'max-age=60',
      'max-age="60"',
      'public, max-age=60, immutable',
      'max-age=0',
      'max-age=99999',
      'max-age=60, s-maxage=90',
      's-maxage=0, max-age=60',
      's-maxage=90',
      'no-cache',
      'no-cache, max-age=60',
      'no-store',
      'no-store, max-age=60',
      'private',
      'private, max-age=60',
      'private="x"',
      'max-age=60, must-revalidate',
      'max-age=60, proxy-revalidate',
      'must-understand, no-store, max-age=60',
      'max-age=60, unknown=1',
    ],
    age: [undefined, '50', '70'],
    expires: [undefined, 'Thu, 01 Jan 2026 00:05:00 GMT', 'Wed, 31 Dec 2025 23:00:00 GMT', '0'],
    date: [undefined, 'Thu, 01 Jan 2026 00:00:00 GMT', 'Wed, 31 Dec 2025 23:59:00 GMT'],
    vary: [undefined, 'Accept', 'Cookie', '*'],
    'set-cookie': [undefined, 'a=b'],
    pragma: [undefined, 'no-cache'],
  }
  const combinations = Object.entries(VALUES).reduce<Record<string, string>[]>(
    (all, [name, values]) =>
      all.flatMap((headers) => values.map((value) => (value === undefined ? headers : { ...headers, [name]: value }))),
    [{}],
  )

  /**
   * Why we differ on purpose, for which headers, and whether we are then the stricter of the two. The first reason that
   * matches counts.
   */
  const REASONS: Record<string, [matches: (headers: Record<string, string>) => boolean, isStricter: boolean]> = {
    'a result is for everybody, so Vary by what visitors send forbids it; they compare requests': [
      ({ vary = '' }) => /cookie|\*/i.test(vary),
      true,
    ],
    'a result has no cookie, so Set-Cookie forbids it; they keep an answer with its cookie': [
      (headers) => 'set-cookie' in headers,
      true,
    ],
    'Pragma means nothing in an answer (RFC 9111, 5.4); they read it as no-cache': [
      (headers) => 'pragma' in headers && !('cache-control' in headers),
      false,
    ],
    'proxy-revalidate concerns stale answers (RFC 9111, 5.2.2.8); they revalidate fresh ones, too': [
      (headers) => /proxy-revalidate/.test(headers['cache-control'] ?? ''),
      false,
    ],
  }

  test(`on ${combinations.length} combinations of headers, except where we differ on purpose`, () => {
    const wrong: unknown[] = []
    const explained = new Set<string>()
    let agreed = 0
    for (const headers of combinations) {
      const [our, their] = [ours(headers), theirs(headers)]
      const isEqual = our.isStorable === their.isStorable && our.ttlSeconds === their.ttlSeconds
      const isLaxer = our.ttlSeconds > their.ttlSeconds || (our.isStorable && !their.isStorable)
      const [reason, [, isStricter]] = Object.entries(REASONS).find(([, [matches]]) => matches(headers)) ?? ['', []]
      if (isEqual) agreed++
      else if (reason === '' || isLaxer === isStricter) wrong.push({ headers, our, their, reason })
      else explained.add(reason)
    }
    expect(wrong.slice(0, 5)).toEqual([])
    expect([...explained].toSorted()).toEqual(Object.keys(REASONS).toSorted())
    expect(agreed).toBeGreaterThan(5000)
  })
})
