import { expect, test } from 'vitest'
import { freshnessOf } from '../../../worker/freshness.ts'
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
  [{ 'cache-control': 'max-age=60, max-age=90' }, 60],
  [{ 'cache-control': 'max-age=31536000, immutable' }, 1000],
  [{ 'cache-control': 'max-age=31536000000' }, 1000], // milliseconds, by mistake
  [{ 'cache-control': 'max-age=60', age: '31536000000' }, 0],
  [{ expires: 'Thu, 01 Jan 2026 00:05:00 GMT' }, 300],
  [{ expires: 'Thu, 01 Jan 2026 00:05:00 GMT', date: 'Thu, 01 Jan 2026 00:04:00 GMT' }, 60],
  [{ expires: '0' }, 0],
  [{ expires: 'Thu, 01 Jan 2026 00:05:00 GMT', 'cache-control': 'max-age=1' }, 1],
])('%j is fresh for %s seconds', (headers, seconds) => {
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
])('%j may be kept: %s', (headers, isStorable) => {
  expect(freshnessOf(new Headers(headers), settings, NOW).isStorable).toBe(isStorable)
})

test('no-transform is seen', () => {
  expect(freshnessOf(new Headers({ 'cache-control': 'no-transform' }), settings, NOW).isFixed).toBe(
    true,
  )
})
