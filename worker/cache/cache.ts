// Finds and keeps results in the two stores (stores.ts). key.ts makes the key of a result; entry.ts defines under which
// names and in which formats results are stored.
//
// No failure here reaches a request: a store that fails, does not answer or returns damaged bytes is a cache miss.
import { release } from '../base/release.ts'
import { withinTimeout } from '../base/timeout.ts'
import type { Settings } from '../options.ts'
import {
  answerName,
  encodeAnswer,
  encodeJson,
  type Entry,
  entryName,
  parseAnswer,
  parseEntry,
  parseVariants,
  resultName,
  variantsName,
} from './entry.ts'
import type { Key } from './key.ts'
import { type CacheLayer, type ResultStore, storesOf } from './stores.ts'

export interface CachedResult {
  readonly entry: Entry
  /** Undefined if the result is no longer stored. */
  readonly bytes: Uint8Array | undefined
  readonly layer: CacheLayer
}

export type StoredResult = Pick<Entry, 'digest' | 'result'>

export interface ResultCache {
  /** True if there is at least one store in which results can be kept. */
  readonly keeps: boolean
  /**
   * Returns the entry that is stored under `key`, fresh or stale, and its result. Undefined if there is no such entry.
   */
  find(key: Key): Promise<CachedResult | undefined>
  /**
   * Returns the bytes of a result by the digest of its source's bytes and its own name. The same picture has the same
   * digest under every URL, so all its URLs share the result. The edge cache tags what it copies from R2 with the key's
   * tags.
   */
  read(result: StoredResult, key: Key): Promise<Uint8Array | undefined>
  /**
   * Stores an entry with the bytes of its result. Writes the bytes to `results/` too, but only if `isNew` is true;
   * otherwise `results/` has them already.
   */
  keep(key: Key, entry: Entry, bytes: Uint8Array | undefined, isNew?: boolean): Promise<void>
}

/**
 * Creates the cache for one request. `waitUntil` keeps the isolate alive for writes that no visitor waits for.
 * `copiesBodies`: see Platform.
 */
export function createResultCache(
  settings: Settings,
  waitUntil: (work: Promise<unknown>) => void,
  copiesBodies = false,
): ResultCache {
  const stores = storesOf(settings)
  const edge = stores.find(({ layer }) => layer === 'edge')
  const r2 = stores.find(({ layer }) => layer === 'r2')

  /**
   * Stores that failed during this request. They are not read again, so a store that hangs delays the request only
   * once.
   */
  const failed = new Set<ResultStore>()
  const get = async (name: string, store: ResultStore | undefined): Promise<Uint8Array | undefined> => {
    if (!store || failed.has(store)) return undefined
    return quietly(
      store.layer,
      'get',
      name,
      () => store.get(name),
      () => failed.add(store),
    )
  }
  const put = async (name: string, bytes: Uint8Array, { tags }: Key, store: ResultStore | undefined) => {
    if (store) await quietly(store.layer, 'put', name, () => store.put(name, bytes, tags))
  }
  const putAnswer = async (key: Key, entry: Entry, bytes: Uint8Array | undefined) => {
    const answer = encodeAnswer(entry, bytes)
    await put(answerName(key), answer, key, edge)
    if (copiesBodies) release(answer)
    // If two requests add a variant at the same moment, one of the two variants may be missing from the list. A purge
    // then misses this variant, which stays until the edge cache evicts it.
    const name = variantsName(key.source)
    const variants = new Set([...parseVariants(await get(name, edge)), key.variant])
    await put(name, encodeJson([...variants]), key, edge)
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
    keeps: stores.length > 0,
    async find(key) {
      const answer = await get(answerName(key), edge)
      const near = answer && parseAnswer(answer)
      if (near) return { ...near, layer: 'edge' }
      const stored = await get(entryName(key), r2)
      const entry = stored && parseEntry(stored)
      if (!entry) return undefined
      const bytes = await get(resultName(entry), r2)
      if (bytes) waitUntil(putAnswer(key, entry, bytes))
      return { entry, bytes, layer: 'r2' }
    },
    read,
    async keep(key, entry, bytes, isNew = false) {
      // Store the bytes first, because an entry must never point at a result that is not stored yet.
      const result = resultName(entry)
      if (bytes && isNew) await Promise.all(stores.map((store) => put(result, bytes, key, store)))
      await Promise.all([put(entryName(key), encodeJson(entry), key, r2), putAnswer(key, entry, bytes)])
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
    console.warn(`cache: ${layer} ${verb} of ${name} failed`, cause)
    onFailure()
    return undefined
  }
}
