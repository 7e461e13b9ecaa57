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
  earlierVariant,
  encodeJson,
  encodeNote,
  type Entry,
  entryName,
  parseEntry,
  parseVariants,
  resultName,
  variantsName,
} from './entry.ts'
import { type Key, tagsFor } from './key.ts'
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
   * digest under every URL, so all its URLs share the result. The edge cache tags what it copies from R2 with the tags
   * of the key and the picture.
   */
  read(result: StoredResult, key: Key): Promise<Uint8Array | undefined>
  /**
   * Stores an entry with the bytes of its result; without them, the entry says that no result is stored. Writes the
   * bytes to `results/` too, but only if `isNew` is true; otherwise `results/` has them already. If the entry replaces
   * that of another picture which `find` returned, R2 keeps the earlier entry for a purge. Resolves when the cache does
   * not need the bytes any more, nor those that `reread` or `read` returned.
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
  const put = async (name: string, bytes: Uint8Array, tags: readonly string[], store: ResultStore | undefined) => {
    if (store) await quietly(store.layer, 'put', name, () => store.put(name, bytes, tags))
  }
  const putAnswer = async (key: Key, entry: Entry, bytes: Uint8Array) => {
    if (!edge) return
    const answer = answerName(key)
    const tags = tagsFor(key, entry.digest)
    await quietly('edge', 'put', answer, () => edge.put(answer, bytes, tags, encodeNote(entry)))
    // If two requests add a variant at the same moment, one of the two variants may be missing from the list. A purge
    // then misses this variant if R2 has no entry of it, and it stays for `edgeTtlSeconds`.
    const name = variantsName(key.source)
    const variants = new Set([...parseVariants(await get(name, edge)), key.variant])
    await put(name, encodeJson([...variants]), key.tags, edge)
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
  /** Copies of R2's bytes to the edge cache that are being written. */
  const copies: Promise<void>[] = []
  const copy = (work: Promise<void>) => {
    copies.push(work)
    waitUntil(work)
  }
  const read = async (result: StoredResult, key: Key) => {
    const name = resultName(result)
    const near = await get(name, edge)
    if (near) return near
    const far = await get(name, r2)
    if (far) copy(put(name, far, tagsFor(key, result.digest), edge))
    return far
  }
  const getEntry = async (key: Key) => {
    const stored = await get(entryName(key), r2)
    return stored && parseEntry(stored)
  }
  /** What `find` returned. */
  let found: Pick<CachedResult, 'entry' | 'layer'> | undefined
  const keepEarlier = async (key: Key, digest: string) => {
    if (!found || !r2 || found.entry.digest === digest) return
    // Another data centre may have stored the entry of yet another picture in R2 since the edge cache copied this one.
    const inR2 = found.layer === 'edge' ? await getEntry(key) : undefined
    const entries = [found.entry, inR2 ?? found.entry].filter((one) => one.digest !== '' && one.digest !== digest)
    for (const entry of new Map(entries.map((one) => [one.digest, one])).values()) {
      const name = entryName({ ...key, variant: earlierVariant(entry.digest) })
      await put(name, encodeJson({ ...entry, size: 0 }), key.tags, r2)
    }
  }
  return {
    keeps: edge !== undefined || r2 !== undefined,
    async find(key) {
      const near = await openAnswer(key)
      if (near) {
        found = { entry: near.entry, layer: 'edge' }
        return { ...found, body: near.body }
      }
      const entry = await getEntry(key)
      if (!entry) return undefined
      found = { entry, layer: 'r2' }
      const far = entry.size > 0 ? await get(resultName(entry), r2) : undefined
      const bytes = far?.length === entry.size ? far : undefined
      if (bytes) copy(putAnswer(key, entry, bytes))
      return { ...found, body: bytes }
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
      const tags = tagsFor(key, entry.digest)
      if (bytes && isNew) await Promise.all([edge, r2].map((store) => put(result, bytes, tags, store)))
      await keepEarlier(key, entry.digest)
      const kept = bytes ? entry : { ...entry, size: 0 }
      const answer = bytes ?? new Uint8Array(0)
      await Promise.all([put(entryName(key), encodeJson(kept), tags, r2), putAnswer(key, kept, answer), ...copies])
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
