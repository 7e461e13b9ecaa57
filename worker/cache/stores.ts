// The two stores of named bytes: the edge cache of this data centre, and R2 behind it. Both store the SHA-256 of the
// bytes with them, and `get` returns bytes only if they match it. `open` of the edge cache, by which a visitor gets a
// hit, returns a body that nobody has read, so it compares only the length. A copy in the edge cache that is older than
// `edgeTtlSeconds` is a miss, even if it was stored when that option was higher, because purges rely on it.
import { discard } from '../base/discard.ts'
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

/** The edge cache. It can store a note with the bytes, and can return both without reading the bytes. */
export interface EdgeStore extends ResultStore {
  readonly layer: 'edge'
  /** `note` may contain ASCII characters only. */
  put(name: string, bytes: Uint8Array, tags: readonly string[], note?: string): Promise<void>
  /** Returns undefined if nothing is stored under this name. The caller must read or cancel the body. */
  open(name: string): Promise<OpenedFile | undefined>
}

/** The bytes of a file, or a stream of them that nobody has read yet. */
export type FileBody = Uint8Array | ReadableStream<Uint8Array>

/** A file of the edge cache. */
export interface OpenedFile {
  readonly note: string | undefined
  /** Length of the body in bytes. */
  readonly size: number
  /** A stream, or bytes if the cache does not state their length, so that they had to be read. Null if there are none. */
  readonly body: FileBody | null
  /** Reads the body. Returns undefined if its SHA-256 is not the stored one. */
  bytes(): Promise<Uint8Array | undefined>
}

export interface Stores {
  readonly edge: EdgeStore | undefined
  readonly r2: ResultStore | undefined
}

/** Returns the stores for an operator's settings. */
export function storesOf({ cache, results, edgeTtlSeconds }: Settings): Stores {
  const edge = cache ?? defaultCache()
  return {
    edge: edge ? edgeStore(edge, edgeTtlSeconds) : undefined,
    r2: results && r2Store(results),
  }
}

/** Returns `caches.default`, which only Workers have. */
function defaultCache(): EdgeCache | undefined {
  return (globalThis as { caches?: { default?: EdgeCache } }).caches?.default
}

function edgeStore(cache: EdgeCache, ttlSeconds: number): EdgeStore {
  const urlOf = (name: string) => `https://sr-cache.invalid/${name}`
  const open = async (name: string): Promise<OpenedFile | undefined> => {
    const response = await cache.match(urlOf(name))
    if (!response) return undefined
    const { headers } = response
    if (Date.now() - Number(headers.get(STORED_HEADER)) > 1000 * ttlSeconds) {
      discard(response.body)
      return undefined
    }
    const note = headers.get(NOTE_HEADER) ?? undefined
    const bytes = async () =>
      verified(new Uint8Array(await response.arrayBuffer()), headers.get(DIGEST_HEADER), `edge ${name}`)
    const length = headers.get('content-length')
    if (length !== null) return { note, size: Number(length), body: response.body, bytes }
    const read = await bytes()
    return read && { note, size: read.length, body: read, bytes: async () => read }
  }
  return {
    layer: 'edge',
    open,
    get: async (name) => (await open(name))?.bytes(),
    async put(name, bytes, tags, note) {
      const headers = {
        'cache-control': `public, max-age=${ttlSeconds}`,
        'cache-tag': tags.join(),
        'content-length': `${bytes.length}`,
        [DIGEST_HEADER]: await sha256(bytes),
        [STORED_HEADER]: `${Date.now()}`,
        ...(note === undefined ? {} : { [NOTE_HEADER]: note }),
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
const NOTE_HEADER = 'x-sr-entry'
/** When a copy was stored, in milliseconds since 1970. */
const STORED_HEADER = 'x-stored-ms'

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
