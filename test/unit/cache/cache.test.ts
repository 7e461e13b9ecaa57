// Tests the result cache with stores that fail. test/worker/faults.test.ts does the same with real stores.
import { afterEach, expect, test, vi } from 'vitest'
import { createResultCache } from '../../../worker/cache/cache.ts'
import type { Entry } from '../../../worker/cache/entry.ts'
import { type Key, sourceName } from '../../../worker/cache/key.ts'
import { resolveOptions } from '../../../worker/options.ts'
import { STORAGE_TIMEOUT_MS } from '../../../worker/base/timeout.ts'

const KEY: Key = { source: 's', variant: 'v', tags: [] }
const RESULT = { digest: 'd', result: 'r' }
const ENTRY: Entry = { ...RESULT, etag: '"e"', type: 'image/png', size: 3, sr: 'done', ttlSeconds: 1, freshUntil: 9 }
const BYTES = Uint8Array.of(1, 2, 3)

/**
 * Returns an edge cache and a bucket that keep their bytes in memory, where a test can damage them. As in a real edge
 * cache, the Content-Length is that of the bytes that are stored.
 */
function stores() {
  const edge = new Map<string, { bytes: Uint8Array; headers: Headers }>()
  const bucket = new Map<string, { bytes: Uint8Array; sha256: string }>()
  const cache = {
    match: async (url: string) => {
      const found = edge.get(url.slice('https://sr-cache.invalid/'.length))
      if (!found) return undefined
      const headers = new Headers(found.headers)
      headers.set('content-length', `${found.bytes.length}`)
      return new Response(found.bytes, { headers })
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

/** Finds the result of KEY, and reads its body if it is a stream. */
async function findWhole(results: ReturnType<typeof cacheOf>) {
  const found = await results.find(KEY)
  const { body } = found ?? {}
  if (!(body instanceof ReadableStream)) return found
  return { ...found, body: new Uint8Array(await new Response(body).arrayBuffer()) }
}

const DAMAGES: [string, (bytes: Uint8Array) => Uint8Array][] = [
  ['truncated', (bytes) => bytes.slice(0, -1)],
  ['empty', () => new Uint8Array(0)],
  ['too long', (bytes) => Uint8Array.of(...bytes, 0)],
]
const CHANGED: (typeof DAMAGES)[number] = ['of the right length, but changed', (bytes) => bytes.map((byte) => byte ^ 1)]

test('a hit is a stream that nobody has read, and the entry comes from a header', async () => {
  const results = cacheOf(stores())
  await results.keep(KEY, ENTRY, BYTES, true)
  const found = await results.find(KEY)
  expect(found?.body).toBeInstanceOf(ReadableStream)
  expect(found?.entry).toEqual(ENTRY)
  expect(await findWhole(results)).toEqual({ entry: ENTRY, body: BYTES, layer: 'edge' })
})

test.each(DAMAGES)('an edge copy that is %s is a miss, and the bytes in the next store are used', async (_, damage) => {
  const both = stores()
  const results = cacheOf(both)
  await results.keep(KEY, ENTRY, BYTES, true)
  for (const one of both.edge.values()) one.bytes = damage(one.bytes)
  expect(await results.find(KEY)).toEqual({ entry: ENTRY, body: BYTES, layer: 'r2' })
})

test.each([...DAMAGES, CHANGED])(
  'an object in R2 that is %s is a miss, and is not copied to the edge',
  async (_, damage) => {
    const both = stores()
    const results = cacheOf(both)
    await results.keep(KEY, ENTRY, BYTES, true)
    both.edge.clear()
    const object = both.bucket.get('results/d/r')!
    object.bytes = damage(object.bytes)
    expect(await results.find(KEY)).toEqual({ entry: ENTRY, body: undefined, layer: 'r2' })
    expect(await results.read(RESULT, KEY)).toBeUndefined()
    expect(both.edge.size).toBe(0)
    for (const one of both.bucket.values()) one.bytes = damage(one.bytes)
    expect(await results.find(KEY)).toBeUndefined()
  },
)

test.each([...DAMAGES, CHANGED])(
  'bytes at the edge that are %s are not stored again, but read from R2',
  async (_, damage) => {
    const both = stores()
    const results = cacheOf(both)
    await results.keep(KEY, ENTRY, BYTES, true)
    const found = (await results.find(KEY))!
    for (const one of both.edge.values()) one.bytes = damage(one.bytes)
    const { results: empty } = stores()
    const withoutR2 = cacheOf({ ...both, results: empty })
    expect(await withoutR2.reread(KEY, found)).toBeUndefined()
    expect(await withoutR2.read(RESULT, KEY)).toBeUndefined()
    expect(await results.reread(KEY, found)).toEqual(BYTES)
  },
)

test('the bytes of a found result are read even if its answer was replaced since', async () => {
  const results = cacheOf(stores())
  await results.keep(KEY, ENTRY, BYTES, true)
  const found = (await results.find(KEY))!
  await results.keep(KEY, { ...ENTRY, result: 'other', etag: '"other"' }, Uint8Array.of(9, 9, 9), true)
  expect(await results.reread(KEY, found)).toEqual(BYTES)
})

test('an entry that is kept without a result has none, in either store', async () => {
  const both = stores()
  const results = cacheOf(both)
  await results.keep(KEY, ENTRY, BYTES, true)
  await results.keep(KEY, ENTRY, undefined)
  const entry = { ...ENTRY, size: 0 }
  expect(await results.find(KEY)).toEqual({ entry, body: undefined, layer: 'edge' })
  both.edge.clear()
  expect(await results.find(KEY)).toEqual({ entry, body: undefined, layer: 'r2' })
})

test('a copy in the edge cache that is older than edgeTtlSeconds is a miss, even if the option was higher', async () => {
  const { cache } = stores()
  const resultsOf = (edgeTtlSeconds: number) =>
    createResultCache(resolveOptions({ cache: cache as unknown as Cache, edgeTtlSeconds }), () => {})
  const bodyOf = async (edgeTtlSeconds: number) => (await findWhole(resultsOf(edgeTtlSeconds)))?.body
  vi.useFakeTimers({ toFake: ['Date'] })
  await resultsOf(3600).keep(KEY, ENTRY, BYTES, true)
  vi.advanceTimersByTime(300_000)
  expect(await bodyOf(300)).toEqual(BYTES)
  vi.advanceTimersByTime(1)
  expect(await bodyOf(300)).toBeUndefined()
  expect(await resultsOf(300).read(RESULT, KEY)).toBeUndefined()
  expect(await bodyOf(3600)).toEqual(BYTES)
})

test('the edge cache tags answers and results with the tags of the key and of the picture', async () => {
  const both = stores()
  const key = { ...KEY, tags: ['tag-of-key'] }
  const tagsOf = (name: string) => both.edge.get(name)?.headers.get('cache-tag')
  await cacheOf(both).keep(key, ENTRY, BYTES, true)
  expect(['answers/s/v', 'results/d/r'].map(tagsOf)).toEqual(Array(2).fill('tag-of-key,edge-srcnn-picture-d'))
  both.edge.clear()
  await cacheOf(both).read(RESULT, key)
  await cacheOf(both).find(key)
  await vi.waitFor(() =>
    expect(['results/d/r', 'answers/s/v'].map(tagsOf)).toEqual(Array(2).fill('tag-of-key,edge-srcnn-picture-d')),
  )
  await cacheOf(both).keep(key, { ...ENTRY, digest: '' }, undefined)
  expect(tagsOf('answers/s/v')).toBe('tag-of-key')
})

test('an entry that replaces that of another picture leaves the earlier entries in R2', async () => {
  const both = stores()
  const digests = () => [...both.bucket.keys()].filter((name) => name.startsWith('entries/')).toSorted()
  const keepOf = async (digest: string) => {
    const results = cacheOf(both)
    await results.find(KEY)
    await results.keep(KEY, { ...ENTRY, digest }, BYTES, true)
  }
  await keepOf('a')
  await keepOf('a')
  expect(digests()).toEqual(['entries/s/v'])
  const edge = new Map(both.edge)
  await keepOf('b')
  expect(digests()).toEqual(['entries/s/earlier-a', 'entries/s/v'])
  // This data centre has still the answer of picture a, but R2 has the entry of picture b from another one.
  for (const [name, file] of edge) both.edge.set(name, file)
  await keepOf('c')
  expect(digests()).toEqual(['entries/s/earlier-a', 'entries/s/earlier-b', 'entries/s/v'])
  await keepOf('') // the picture is served unchanged from now on
  expect(digests()).toEqual(['entries/s/earlier-a', 'entries/s/earlier-b', 'entries/s/earlier-c', 'entries/s/v'])
})

test('the names of all queries of a URL begin alike, and those of another URL do not', async () => {
  const [bare, query, other] = await Promise.all(
    ['https://a.test/cat.jpg', 'https://a.test/cat.jpg?x=1?y', 'https://a.test/cat.jpg2'].map(sourceName),
  )
  const prefix = `${bare.split('.')[0]}.`
  expect([query.startsWith(prefix), other.startsWith(prefix), query === bare]).toEqual([true, false, false])
})

test('any text of an origin can be in an entry', async () => {
  const results = cacheOf(stores())
  const entry = { ...ENTRY, sourceEtag: '"é 図 😀 \u007f \u2028 \\u0041"', sourceModified: '\r\n\0' }
  await results.keep(KEY, entry, BYTES)
  expect(await findWhole(results)).toEqual({ entry, body: BYTES, layer: 'edge' })
})

test('an answer of an earlier version, which has its entry in the body, is a miss', async () => {
  const both = stores()
  const json = new TextEncoder().encode(JSON.stringify(ENTRY))
  both.edge.set('answers/s/v', {
    bytes: Uint8Array.of(0, 0, 0, json.length, ...json, ...BYTES),
    headers: new Headers(),
  })
  expect(await cacheOf(both).find(KEY)).toBeUndefined()
})

test('if an edge cache states no lengths, its bytes are read, and are a miss if they are damaged', async () => {
  const both = stores()
  const { match } = both.cache
  both.cache.match = async (url) => {
    const response = await match(url)
    response?.headers.delete('content-length')
    return response
  }
  const results = cacheOf(both)
  await results.keep(KEY, ENTRY, BYTES)
  expect(await results.find(KEY)).toEqual({ entry: ENTRY, body: BYTES, layer: 'edge' })
  for (const one of both.edge.values()) one.bytes = CHANGED[1](one.bytes)
  expect(await results.find(KEY)).toMatchObject({ layer: 'r2' })
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
