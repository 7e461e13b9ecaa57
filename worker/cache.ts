// Results, kept twice: in the edge cache of this data centre, and in R2 behind it.
//
//   entries/<source>/<variant>    what is known of a URL: the digest of its picture, its validators,
//                                 until when it is fresh. Small; found before the origin is asked.
//   results/<digest>/<variant>    the bytes we made of a picture. A hundred URLs of one picture
//                                 share one, so that it goes through the network once.
//   variants/<source>             the variants of a URL, in an edge cache, which has no list of its own: for
//                                 purge.ts.
//
// <source> is the SHA-256 of the URL with the query that the origin sees; <variant> names all else
// that changes a pixel: scale, format, quality, weights, limits, engines, PIPELINE_VERSION. Nothing here
// throws into a request: a cache that fails, does not answer or gives other bytes than were put there is a
// cache that misses.
import { sha256 } from './digest.ts'
import type { Candidates } from './models.ts'
import type { Settings } from './options.ts'
import type { Format, Params } from './params.ts'
import { withinTimeout } from './within.ts'

/**
 * Raised by hand when, and only when, other pixels or other bytes are served for the same picture,
 * parameters and weights (guarded by golden files in test/worker).
 */
export const PIPELINE_VERSION = 2

export interface Key {
  readonly source: string
  readonly variant: string
  /** By which an edge cache finds it when it is to be purged. */
  readonly tags: readonly string[]
}

/** What is known of a URL's picture, without its bytes. */
export interface Entry {
  /** SHA-256 of the source's bytes, hex. */
  readonly digest: string
  readonly type: string
  readonly size: number
  /** The `X-SR` of the result. */
  readonly sr: string
  /** The source's validators, for asking whether it changed. */
  readonly sourceEtag?: string
  readonly sourceModified?: string
  /** Headers of the origin that hold for the result, too. */
  readonly inherited?: Readonly<Record<string, string>>
  /** How long the origin lets it be fresh. */
  readonly ttlSeconds: number
  /** How long a browser may keep it at most, where that is another time. */
  readonly browserSeconds?: number
  /** How long after that it may be served while the origin fails. */
  readonly staleSeconds?: number
  /** Milliseconds since 1970. */
  readonly freshUntil: number
}

export interface Found {
  readonly entry: Entry
  readonly layer: Layer
}

export interface ResultCache {
  /** The entry of a URL, fresh or stale. */
  find(key: Key): Promise<Found | undefined>
  /** The bytes of a result. */
  read(digest: string, key: Key): Promise<Bytes | undefined>
  /** Keeps an entry, and the bytes of its result where they are new. */
  keep(key: Key, entry: Entry, bytes?: Bytes): Promise<void>
}

export type Bytes = Uint8Array
export type Layer = 'edge' | 'r2'

/** One place that holds named bytes. */
export interface Store {
  readonly layer: Layer
  /** Undefined where there are none, or others than were put there. */
  get(name: string): Promise<Bytes | undefined>
  put(name: string, bytes: Bytes, tags: readonly string[]): Promise<void>
  delete(names: readonly string[]): Promise<void>
}

/** The nearest first. */
export function storesOf({ cache, results, edgeTtlSeconds }: Settings): Store[] {
  const stores: Store[] = []
  if (cache !== false) stores.push(edgeStore(cache ?? caches.default, edgeTtlSeconds))
  if (results) stores.push(r2Store(results))
  return stores
}

export const entryName = ({ source, variant }: Pick<Key, 'source' | 'variant'>) => `entries/${source}/${variant}` // prettier-ignore
export const resultName = (digest: string, { variant }: Pick<Key, 'variant'>) => `results/${digest}/${variant}` // prettier-ignore
export const variantsName = (source: string) => `variants/${source}`

/** What all that is kept of a source, or made by a model's weights, is tagged with. */
export const sourceTag = (source: string) => `edge-srcnn-source-${source.slice(0, 32)}`
export const modelTag = (name: string) => `edge-srcnn-model-${name}`

/** Whether a variant was made by a model of that name. */
export function isVariantOf(variant: string, name: string): boolean {
  const weights = variant.replace(/^x\d-[a-z]+-q\d+-/, '')
  return weights.startsWith(`${name}@`) || weights.includes(`_${name}@`)
}

/**
 * The cache key of a request: only what is known before the origin is asked. Where the picture will
 * choose between two sets of weights, both are in it. `engines`: see Platform.
 */
export async function lookupKey(
  want: Params,
  format: Format,
  { model, jpegModel }: Candidates,
  { maxCpuMs, maxMemoryBytes }: Settings,
  engines: string,
): Promise<Key> {
  const { scale, quality, sourceUrl } = want
  const models = [model, jpegModel].filter((one) => one !== undefined)
  const weights = models.map(({ name, hash }) => `${name}@${hash}`).join('_')
  const network = weights === '' ? 'bicubic' : `${weights}-${engines}`
  const variant = `x${scale}-${format}-q${quality}-${network}-c${maxCpuMs}-m${maxMemoryBytes}-v${PIPELINE_VERSION}`
  const source = await sourceOf(sourceUrl)
  return { source, variant, tags: [sourceTag(source), ...models.map(({ name }) => modelTag(name))] }
}

/** What stands for a source's URL in keys. */
export function sourceOf(sourceUrl: string): Promise<string> {
  return sha256(new TextEncoder().encode(sourceUrl))
}

/** Strong: the same picture, parameters, weights and pipeline give the same bytes. */
export async function etagOf(digest: string, key: Key): Promise<string> {
  const hash = await sha256(new TextEncoder().encode(`${digest}/${key.variant}`))
  return `"${hash.slice(0, 32)}"`
}

/** `waitUntil` keeps the isolate alive for writes that no visitor waits for. */
export function createResultCache(
  settings: Settings,
  waitUntil: (work: Promise<unknown>) => void,
): ResultCache {
  const stores = storesOf(settings)
  const edge = stores.find(({ layer }) => layer === 'edge')

  /** Those that failed: not read again for this request, so that what hangs does so once. */
  const failed = new Set<Store>()

  /** The first store that has it; the ones in front of that get a copy. */
  const get = async (
    name: string,
    { tags }: Key,
  ): Promise<{ bytes: Bytes; layer: Layer } | undefined> => {
    for (const [i, store] of stores.entries()) {
      if (failed.has(store)) continue
      const bytes = await quietly(store.layer, 'get', name, () => store.get(name), () => failed.add(store)) // prettier-ignore
      if (!bytes) continue
      for (const front of stores.slice(0, i)) {
        waitUntil(quietly(front.layer, 'put', name, () => front.put(name, bytes, tags)))
      }
      return { bytes, layer: store.layer }
    }
    return undefined
  }
  const put = async (name: string, bytes: Bytes, { tags }: Key, to = stores) => {
    await Promise.all(
      to.map((store) => quietly(store.layer, 'put', name, () => store.put(name, bytes, tags))),
    )
  }
  /** Two at the same moment may lose one: it is gone when the edge cache lets go of it. */
  const note = async (key: Key, to: Store) => {
    const name = variantsName(key.source)
    const known = await quietly(to.layer, 'get', name, () => to.get(name))
    await put(name, encodeJson([...new Set([...parseVariants(known), key.variant])]), key, [to])
  }
  return {
    async find(key) {
      const found = await get(entryName(key), key)
      const entry = found && parseEntry(found.bytes)
      return entry && { entry, layer: found.layer }
    },
    async read(digest, key) {
      return (await get(resultName(digest, key), key))?.bytes
    },
    async keep(key, entry, bytes) {
      // The bytes first: an entry must never point at a result that is not there yet.
      if (bytes) await put(resultName(entry.digest, key), bytes, key)
      await put(entryName(key), encodeJson(entry), key)
      if (edge) await note(key, edge)
    },
  }
}

function edgeStore(cache: Cache, ttlSeconds: number): Store {
  const urlOf = (name: string) => `https://sr-cache.invalid/${name}`
  return {
    layer: 'edge',
    async get(name) {
      const response = await cache.match(urlOf(name))
      if (!response) return undefined
      const bytes = new Uint8Array(await response.arrayBuffer())
      return intact(bytes, response.headers.get(DIGEST_HEADER), `edge ${name}`)
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

function r2Store(bucket: R2Bucket): Store {
  return {
    layer: 'r2',
    async get(name) {
      const object = await bucket.get(name)
      if (!object) return undefined
      const bytes = new Uint8Array(await object.arrayBuffer())
      return intact(bytes, object.checksums.toJSON().sha256, `r2 ${name}`)
    },
    async put(name, bytes) {
      // R2 compares it with what arrives, and keeps it.
      await bucket.put(name, bytes, { sha256: await sha256(bytes) })
    },
    async delete(names) {
      if (names.length > 0) await bucket.delete([...names])
    },
  }
}

const DIGEST_HEADER = 'x-sha256'

/** The bytes if their digest is that of what was put, for half a millisecond a megabyte. */
async function intact(
  bytes: Bytes,
  digest: string | null | undefined,
  title: string,
): Promise<Bytes | undefined> {
  if ((await sha256(bytes)) === digest) return bytes
  console.warn(`cache: ${title} is damaged`)
  return undefined
}

async function quietly<T>(
  layer: Layer,
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

function encodeJson(value: unknown): Bytes {
  return new TextEncoder().encode(JSON.stringify(value))
}

/** None where they are not readable. */
export function parseVariants(bytes: Bytes | undefined): string[] {
  try {
    const variants = JSON.parse(new TextDecoder().decode(bytes ?? encodeJson([]))) as unknown
    return Array.isArray(variants) ? variants.filter((one) => typeof one === 'string') : []
  } catch {
    return []
  }
}

export function parseEntry(bytes: Bytes): Entry | undefined {
  try {
    const entry = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Entry>
    const isWhole =
      [entry.digest, entry.type, entry.sr].every((field) => typeof field === 'string') &&
      [entry.size, entry.ttlSeconds, entry.freshUntil].every((field) => typeof field === 'number')
    return isWhole ? (entry as Entry) : undefined
  } catch {
    return undefined
  }
}
