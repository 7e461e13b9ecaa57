import { expect, test } from 'vitest'
import { freshnessOf } from '../../../worker/origin/freshness.ts'
import { resolveOptions } from '../../../worker/options.ts'

const settings = resolveOptions({ cache: false, maxTtlSeconds: 1000 })
const NOW = Date.parse('2026-01-01T00:00:00Z')

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
