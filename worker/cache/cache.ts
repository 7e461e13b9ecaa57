// Finds and keeps results in the two stores (stores.ts). key.ts makes the key of a result; entry.ts defines under which
// names and in which formats results are stored.
//
// No failure here reaches a request: a store that fails, does not answer or returns damaged bytes is a cache miss. One
// thing is found too late to be a miss: the edge cache's copy for a hit is passed on unread, so only its length was
// compared. Bytes that are stored again, or that come from R2, have matched their SHA-256.
import { discard } from '../base/discard.ts'
import { loggableError } from '../base/loggable.ts'
import { withinTimeout } from '../base/timeout.ts'
import type { Settings } from '../options.ts'
import {
  answerName,
  encodeJson,
  encodeNote,
  type Entry,
  entryName,
  parseEntry,
  parseVariants,
  resultName,
  variantsName,
} from './entry.ts'
import type { Key } from './key.ts'
import { type CacheLayer, type FileBody, type ResultStore, storesOf } from './stores.ts'

export interface CachedResult {
  readonly entry: Entry
  /** A body of `entry.size` bytes. Undefined if the result is no longer stored. */
  readonly body: FileBody | undefined
  readonly layer: CacheLayer
}

export type StoredResult = Pick<Entry, 'digest' | 'result'>

export interface ResultCache {
  /** True if there is at least one store in which results can be kept. */
  readonly keeps: boolean
  /**
   * Returns the entry that is stored under `key`, fresh or stale, and its result. Undefined if there is no such entry.
   * The caller must pass the body on, or discard it.
   */
  find(key: Key): Promise<CachedResult | undefined>
  /**
   * Returns the bytes of a result that `find` returned, even if its body was discarded since. Undefined if the result is
   * no longer stored.
   */
  reread(key: Key, found: CachedResult): Promise<Uint8Array | undefined>
  /**
   * Returns the bytes of a result by the digest of its source's bytes and its own name. The same picture has the same
   * digest under every URL, so all its URLs share the result. The edge cache tags what it copies from R2 with the key's
   * tags.
   */
  read(result: StoredResult, key: Key): Promise<Uint8Array | undefined>
  /**
   * Stores an entry with the bytes of its result; without them, the entry says that no result is stored. Writes the
   * bytes to `results/` too, but only if `isNew` is true; otherwise `results/` has them already.
   */
  keep(key: Key, entry: Entry, bytes: Uint8Array | undefined, isNew?: boolean): Promise<void>
}

/** Creates the cache for one request. `waitUntil` keeps the isolate alive for writes that no visitor waits for. */
export function createResultCache(settings: Settings, waitUntil: (work: Promise<unknown>) => void): ResultCache {
  const { edge, r2 } = storesOf(settings)

  /**
   * Stores that failed during this request. They are not read again, so a store that hangs delays the request only
   * once.
   */
  const failed = new Set<ResultStore>()
  const ask = async <T>(name: string, store: ResultStore, work: () => Promise<T>): Promise<T | undefined> => {
    if (failed.has(store)) return undefined
    return quietly(store.layer, 'get', name, work, () => failed.add(store))
  }
  const get = async (name: string, store: ResultStore | undefined) => store && ask(name, store, () => store.get(name))
  const put = async (name: string, bytes: Uint8Array, { tags }: Key, store: ResultStore | undefined) => {
    if (store) await quietly(store.layer, 'put', name, () => store.put(name, bytes, tags))
  }
  const putAnswer = async (key: Key, entry: Entry, bytes: Uint8Array) => {
    if (!edge) return
    const answer = answerName(key)
    await quietly('edge', 'put', answer, () => edge.put(answer, bytes, key.tags, encodeNote(entry)))
    // If two requests add a variant at the same moment, one of the two variants may be missing from the list. A purge
    // then misses this variant, which stays until the edge cache evicts it.
    const name = variantsName(key.source)
    const variants = new Set([...parseVariants(await get(name, edge)), key.variant])
    await put(name, encodeJson([...variants]), key, edge)
  }
  /** Returns the answer in the edge cache, or undefined if its body has not the length that its entry states. */
  const openAnswer = async (key: Key) => {
    const name = answerName(key)
    const file = edge && (await ask(name, edge, () => edge.open(name)))
    const entry = file?.note === undefined ? undefined : parseEntry(file.note)
    const isRight = entry && file?.size === entry.size
    if (isRight && entry.size > 0 && file.body) return { entry, body: file.body, bytes: file.bytes }
    discard(file?.body)
    if (isRight && entry.size === 0) return { entry, body: undefined }
    if (entry) console.warn(`cache: edge ${name} has ${file?.size} bytes, expected ${entry.size}`)
    return undefined
  }
  const read = async (result: StoredResult, key: Key) => {
    const name = resultName(result)
    const near = await get(name, edge)
    if (near) return near
    const far = await get(name, r2)
    if (far) waitUntil(put(name, far, key, edge))
    return far
  }
  return {
    keeps: edge !== undefined || r2 !== undefined,
    async find(key) {
      const near = await openAnswer(key)
      if (near) return { entry: near.entry, body: near.body, layer: 'edge' }
      const stored = await get(entryName(key), r2)
      const entry = stored && parseEntry(stored)
      if (!entry) return undefined
      const far = entry.size > 0 ? await get(resultName(entry), r2) : undefined
      const bytes = far?.length === entry.size ? far : undefined
      if (bytes) waitUntil(putAnswer(key, entry, bytes))
      return { entry, body: bytes, layer: 'r2' }
    },
    async reread(key, { entry, body }) {
      if (body instanceof Uint8Array) return body
      const near = await openAnswer(key)
      const isSame = near?.bytes && near.entry.etag === entry.etag
      const bytes = isSame ? await ask(answerName(key), edge!, near.bytes) : undefined
      if (bytes) return bytes
      if (!isSame) discard(near?.body)
      return read(entry, key)
    },
    read,
    async keep(key, entry, bytes, isNew = false) {
      // Store the bytes first, because an entry must never point at a result that is not stored yet.
      const result = resultName(entry)
      if (bytes && isNew) await Promise.all([edge, r2].map((store) => put(result, bytes, key, store)))
      const kept = bytes ? entry : { ...entry, size: 0 }
      const answer = bytes ?? new Uint8Array(0)
      await Promise.all([put(entryName(key), encodeJson(kept), key, r2), putAnswer(key, kept, answer)])
    },
  }
}

/** Returns the result of `work`, or undefined if `work` fails or takes too long. */
async function quietly<T>(
  layer: CacheLayer,
  verb: string,
  name: string,
  work: () => Promise<T>,
  onFailure = () => {},
): Promise<T | undefined> {
  try {
    return await withinTimeout(work())
  } catch (cause) {
    console.warn(`cache: ${layer} ${verb} of ${name} failed`, loggableError(cause))
    onFailure()
    return undefined
  }
}
