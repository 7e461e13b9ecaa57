// The two stores of named bytes: the edge cache of this data centre, and R2 behind it. Both store the SHA-256 of the
// bytes with them, and return bytes only if they match it.
import { sha256 } from '../base/sha256.ts'
import type { Settings } from '../options.ts'
import type { Bucket, EdgeCache } from '../platform/bindings.ts'

export type CacheLayer = 'edge' | 'r2'

export interface ResultStore {
  readonly layer: CacheLayer
  /** Returns undefined if nothing is stored under this name, or if the stored bytes are damaged. */
  get(name: string): Promise<Uint8Array | undefined>
  put(name: string, bytes: Uint8Array, tags: readonly string[]): Promise<void>
  delete(names: readonly string[]): Promise<void>
}

/** Returns the stores for an operator's settings: first the edge cache, then R2. */
export function storesOf({ cache, results, edgeTtlSeconds }: Settings): ResultStore[] {
  const stores: ResultStore[] = []
  const edge = cache ?? defaultCache()
  if (edge) stores.push(edgeStore(edge, edgeTtlSeconds))
  if (results) stores.push(r2Store(results))
  return stores
}

/** Returns `caches.default`, which only Workers have. */
function defaultCache(): EdgeCache | undefined {
  return (globalThis as { caches?: { default?: EdgeCache } }).caches?.default
}

function edgeStore(cache: EdgeCache, ttlSeconds: number): ResultStore {
  const urlOf = (name: string) => `https://sr-cache.invalid/${name}`
  return {
    layer: 'edge',
    async get(name) {
      const response = await cache.match(urlOf(name))
      if (!response) return undefined
      const bytes = new Uint8Array(await response.arrayBuffer())
      return verified(bytes, response.headers.get(DIGEST_HEADER), `edge ${name}`)
    },
    async put(name, bytes, tags) {
      const headers = {
        'cache-control': `public, max-age=${ttlSeconds}`,
        'cache-tag': tags.join(),
        [DIGEST_HEADER]: await sha256(bytes),
      }
      await cache.put(urlOf(name), new Response(bytes, { headers }))
    },
    async delete(names) {
      await Promise.all(names.map((name) => cache.delete(urlOf(name))))
    },
  }
}

function r2Store(bucket: Bucket): ResultStore {
  return {
    layer: 'r2',
    async get(name) {
      const object = await bucket.get(name)
      if (!object) return undefined
      const bytes = new Uint8Array(await object.arrayBuffer())
      return verified(bytes, object.checksums.toJSON().sha256, `r2 ${name}`)
    },
    async put(name, bytes) {
      // R2 stores the SHA-256, and rejects bytes that do not match it.
      await bucket.put(name, bytes, { sha256: await sha256(bytes) })
    },
    async delete(names) {
      if (names.length > 0) await bucket.delete([...names])
    },
  }
}

const DIGEST_HEADER = 'x-sha256'

/** Returns `bytes` if their SHA-256 is the stored one, else undefined (a miss). Costs 0.5 ms/MB. */
async function verified(
  bytes: Uint8Array,
  digest: string | null | undefined,
  title: string,
): Promise<Uint8Array | undefined> {
  if ((await sha256(bytes)) === digest) return bytes
  console.warn(`cache: ${title} is damaged`)
  return undefined
}
