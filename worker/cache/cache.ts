// Results, kept twice: in the edge cache of this data centre, and in R2 behind it.
//
//   results/<digest>/<variant>    the bytes we made of a picture. A hundred URLs of one picture
//                                 share one, so that it goes through the network once.
//   entries/<source>/<variant>    R2: what is known of a URL: the digest of its picture, its validators, until
//                                 when it is fresh. Found before the origin is asked.
//   answers/<source>/<variant>    edge: an entry and the bytes of its result in one, so that a hit is one look.
//   variants/<source>             edge: the variants of a URL, as there is no other list of them, for purge.ts.
//
// <source> is the SHA-256 of the URL with the query that the origin sees; <variant> names all else
// that changes a pixel: scale, format, quality, weights, limits, engines, PIPELINE_VERSION. Nothing here
// throws into a request: a cache that fails, does not answer or gives other bytes than were put there is a
// cache that misses.
import type { Bucket, EdgeCache } from '../platform/bindings.ts'
import { concat } from '../base/concat.ts'
import { sha256 } from '../base/sha256.ts'
import type { Settings } from '../options.ts'
import type { Format } from '../client/allowed.ts'
import type { Params, Size } from '../request/params.ts'
import type { Choices } from '../picture/plan.ts'
import { BICUBIC } from '../picture/models.ts'
import { withinTimeout } from '../base/timeout.ts'

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
  /** Of the result. */
  readonly etag: string
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
  /** Undefined: no longer there. */
  readonly bytes: Bytes | undefined
  readonly layer: Layer
}

export interface ResultCache {
  /** Whether there is a place to keep anything in. */
  readonly keeps: boolean
  /** The entry of a URL, fresh or stale, and its result. */
  find(key: Key): Promise<Found | undefined>
  /** The bytes of a result, of whatever URL. */
  read(digest: string, key: Key): Promise<Bytes | undefined>
  /** Keeps an entry and the bytes of its result, which are in `results/` already unless they are new. */
  keep(key: Key, entry: Entry, bytes: Bytes | undefined, isNew?: boolean): Promise<void>
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
  const edge = cache ?? defaultCache()
  if (edge) stores.push(edgeStore(edge, edgeTtlSeconds))
  if (results) stores.push(r2Store(results))
  return stores
}

export const entryName = ({ source, variant }: Pick<Key, 'source' | 'variant'>) => `entries/${source}/${variant}`
export const answerName = ({ source, variant }: Pick<Key, 'source' | 'variant'>) => `answers/${source}/${variant}`
export const resultName = (digest: string, { variant }: Pick<Key, 'variant'>) => `results/${digest}/${variant}`
export const variantsName = (source: string) => `variants/${source}`

/** What all that is kept of a source, or made by a model's weights, is tagged with. */
export const sourceTag = (source: string) => `edge-srcnn-source-${source.slice(0, 32)}`
export const modelTag = (name: string) => `edge-srcnn-model-${name}`

/** Whether a variant was made by a model of that name. */
export function isVariantOf(variant: string, name: string): boolean {
  const weights = variant.replace(/^[xwh\d]+-[a-z]+-q\d+-/, '')
  return weights.startsWith(`${name}@`) || weights.includes(`_${name}@`)
}

/**
 * The cache key of a request: only what is known before the origin is asked. Where the picture will
 * choose between several sets of weights, all are in it. `engines`: see Platform.
 */
export async function lookupKey(
  want: Params,
  format: Format,
  choices: Choices,
  { maxCpuMs, maxMemoryBytes }: Settings,
  engines: string,
): Promise<Key> {
  const { size, quality, sourceUrl } = want
  const models = [...choices.values()]
    .flatMap(({ model, jpegModel }) => [model, jpegModel])
    .filter((one) => one !== undefined)
  const weights = models.map(({ name, hash }) => `${name}@${hash}`).join('_')
  const network = weights === '' ? BICUBIC : `${weights}-${engines}`
  const variant = `${nameOf(size)}-${format}-q${quality}-${network}-c${maxCpuMs}-m${maxMemoryBytes}-v${PIPELINE_VERSION}`
  const source = await sourceOf(sourceUrl)
  return {
    source,
    variant,
    tags: [sourceTag(source), ...new Set(models.map(({ name }) => modelTag(name)))],
  }
}

function nameOf({ scale, width, height }: Size): string {
  if (scale !== undefined) return `x${scale}`
  return `${width === undefined ? '' : `w${width}`}${height === undefined ? '' : `h${height}`}`
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
export function createResultCache(settings: Settings, waitUntil: (work: Promise<unknown>) => void): ResultCache {
  const stores = storesOf(settings)
  const edge = stores.find(({ layer }) => layer === 'edge')
  const r2 = stores.find(({ layer }) => layer === 'r2')

  /** Those that failed: not read again for this request, so that what hangs does so once. */
  const failed = new Set<Store>()
  const get = async (name: string, store: Store | undefined): Promise<Bytes | undefined> => {
    if (!store || failed.has(store)) return undefined
    return quietly(
      store.layer,
      'get',
      name,
      () => store.get(name),
      () => failed.add(store),
    )
  }
  const put = async (name: string, bytes: Bytes, { tags }: Key, store: Store | undefined) => {
    if (store) await quietly(store.layer, 'put', name, () => store.put(name, bytes, tags))
  }
  const putAnswer = async (key: Key, entry: Entry, bytes: Bytes | undefined) => {
    await put(answerName(key), encodeAnswer(entry, bytes), key, edge)
    // Two at the same moment may lose one: it is gone when the edge cache lets go of it.
    const name = variantsName(key.source)
    const variants = new Set([...parseVariants(await get(name, edge)), key.variant])
    await put(name, encodeJson([...variants]), key, edge)
  }
  const read = async (digest: string, key: Key) => {
    const name = resultName(digest, key)
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
      const known = await get(entryName(key), r2)
      const entry = known && parseEntry(known)
      if (!entry) return undefined
      const bytes = await get(resultName(entry.digest, key), r2)
      if (bytes) waitUntil(putAnswer(key, entry, bytes))
      return { entry, bytes, layer: 'r2' }
    },
    read,
    async keep(key, entry, bytes, isNew = false) {
      // The bytes first: an entry must never point at a result that is not there yet.
      const result = resultName(entry.digest, key)
      if (bytes && isNew) await Promise.all(stores.map((store) => put(result, bytes, key, store)))
      await Promise.all([put(entryName(key), encodeJson(entry), key, r2), putAnswer(key, entry, bytes)])
    },
  }
}

/** Only Workers have one. */
function defaultCache(): EdgeCache | undefined {
  return (globalThis as { caches?: { default?: EdgeCache } }).caches?.default
}

function edgeStore(cache: EdgeCache, ttlSeconds: number): Store {
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

function r2Store(bucket: Bucket): Store {
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
async function intact(bytes: Bytes, digest: string | null | undefined, title: string): Promise<Bytes | undefined> {
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

/** How long the entry is, in four bytes; the entry; the result. */
function encodeAnswer(entry: Entry, bytes: Bytes = new Uint8Array(0)): Bytes {
  const about = encodeJson(entry)
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, about.length)
  return concat([length, about, bytes])
}

export function parseAnswer(answer: Bytes): Pick<Found, 'entry' | 'bytes'> | undefined {
  if (answer.length < 4) return undefined
  const from = 4 + new DataView(answer.buffer, answer.byteOffset).getUint32(0)
  const entry = parseEntry(answer.subarray(4, from))
  const bytes = answer.subarray(from)
  return entry && { entry, bytes: bytes.length === entry.size ? bytes : undefined }
}

export function parseEntry(bytes: Bytes): Entry | undefined {
  try {
    const entry = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Entry>
    const isWhole =
      [entry.digest, entry.etag, entry.type, entry.sr].every((field) => typeof field === 'string') &&
      [entry.size, entry.ttlSeconds, entry.freshUntil].every((field) => typeof field === 'number')
    return isWhole ? (entry as Entry) : undefined
  } catch {
    return undefined
  }
}
