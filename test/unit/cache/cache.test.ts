// Tests the result cache with stores that fail. test/worker/faults.test.ts does the same with real stores.
import { afterEach, expect, test, vi } from 'vitest'
import { createResultCache } from '../../../worker/cache/cache.ts'
import type { Entry } from '../../../worker/cache/entry.ts'
import type { Key } from '../../../worker/cache/key.ts'
import { resolveOptions } from '../../../worker/options.ts'
import { STORAGE_TIMEOUT_MS } from '../../../worker/base/timeout.ts'

const KEY: Key = { source: 's', variant: 'v', tags: [] }
const RESULT = { digest: 'd', result: 'r' }
const ENTRY: Entry = { ...RESULT, etag: '"e"', type: 'image/png', size: 3, sr: 'done', ttlSeconds: 1, freshUntil: 9 }
const BYTES = Uint8Array.of(1, 2, 3)

/** Returns an edge cache and a bucket that keep their bytes in memory, where a test can damage them. */
function stores() {
  const edge = new Map<string, { bytes: Uint8Array; headers: Headers }>()
  const bucket = new Map<string, { bytes: Uint8Array; sha256: string }>()
  const cache = {
    match: async (url: string) => {
      const found = edge.get(url.slice('https://sr-cache.invalid/'.length))
      return found && new Response(found.bytes, { headers: found.headers })
    },
    put: async (url: string, response: Response) => {
      const bytes = new Uint8Array(await response.arrayBuffer())
      edge.set(url.slice('https://sr-cache.invalid/'.length), { bytes, headers: response.headers })
    },
  }
  const results = {
    get: async (name: string) => {
      const found = bucket.get(name)
      return found
        ? {
            arrayBuffer: async () => found.bytes.slice().buffer,
            checksums: { toJSON: () => ({ sha256: found.sha256 }) },
          }
        : null
    },
    put: async (name: string, bytes: Uint8Array, { sha256 }: { sha256: string }) =>
      void bucket.set(name, { bytes, sha256 }),
  }
  return { edge, bucket, cache, results }
}

function cacheOf({ cache, results }: { cache: object; results: object }) {
  const settings = resolveOptions({ cache: cache as Cache, results: results as R2Bucket })
  return createResultCache(settings, () => {})
}

afterEach(() => void vi.useRealTimers())

test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
  ['truncated', (bytes) => bytes.slice(0, -1)],
  ['empty', () => new Uint8Array(0)],
  ['of the right length, but changed', (bytes) => bytes.map((byte) => byte ^ 1)],
])('if stored bytes are %s, they count as a miss, and the bytes in the next store are used', async (_, damage) => {
  const both = stores()
  const results = cacheOf(both)
  await results.keep(KEY, ENTRY, BYTES, true)
  expect(await results.find(KEY)).toEqual({ entry: ENTRY, bytes: BYTES, layer: 'edge' })
  for (const one of both.edge.values()) one.bytes = damage(one.bytes)
  expect(await results.find(KEY)).toEqual({ entry: ENTRY, bytes: BYTES, layer: 'r2' })
  for (const store of [both.edge, both.bucket]) for (const one of store.values()) one.bytes = damage(BYTES)
  expect(await results.find(KEY)).toBeUndefined()
  expect(await results.read(RESULT, KEY)).toBeUndefined()
})

test('a request waits only once for a store that does not answer, and reads the next store instead', async () => {
  const { cache, results: bucket } = stores()
  await cacheOf({ cache, results: bucket }).keep(KEY, ENTRY, BYTES, true)
  const match = vi.fn<Cache['match']>(() => new Promise(() => {}))
  const results = cacheOf({ cache: { ...cache, match }, results: bucket })
  vi.useFakeTimers()
  const found = results.find(KEY)
  await vi.advanceTimersByTimeAsync(STORAGE_TIMEOUT_MS)
  expect((await found)?.layer).toBe('r2')
  expect(await results.read(RESULT, KEY)).toEqual(BYTES)
  expect(match).toHaveBeenCalledTimes(1)
})
