// Names and formats of everything that the caches store for a URL.
//
//   results/<digest>/<result>     the bytes of a result. All URLs of the same picture share them, and all requests that
//                                 come to the same result, so that it is made only once.
//   entries/<source>/<variant>    R2 only: the entry of a URL. It holds the digest of the picture, its validators, and
//                                 until when it is fresh, and is read before the origin is asked.
//   answers/<source>/<variant>    edge cache only: an entry together with its result, so that a hit takes one lookup.
//   variants/<source>             edge cache only: the list of a URL's variants. Purge needs it, because the Cache API
//                                 cannot list names.
import { concat } from '../base/concat.ts'
import type { Key } from './key.ts'

/** Metadata of a URL's picture and of its result, without the bytes. */
export interface Entry {
  /** SHA-256 of the source's bytes, in hex. */
  readonly digest: string
  /** The result's name below its digest (resultVariant in key.ts). */
  readonly result: string
  /** ETag of the result. */
  readonly etag: string
  /** Media type of the result. */
  readonly type: string
  /** Size of the result in bytes. */
  readonly size: number
  /** `X-SR` header of the result. */
  readonly sr: string
  /** Validators of the source, by which the origin tells whether the source changed. */
  readonly sourceEtag?: string
  readonly sourceModified?: string
  /** Headers of the origin that apply to the result too. */
  readonly inherited?: Readonly<Record<string, string>>
  /** How long the result is fresh. */
  readonly ttlSeconds: number
  /** How long a browser may keep the result, if the origin states one lifetime for browsers and another for caches. */
  readonly browserSeconds?: number
  /** How long after `freshUntil` the result may be served if the origin fails. */
  readonly staleSeconds?: number
  /** When the result becomes stale, in milliseconds since 1970. */
  readonly freshUntil: number
}

type UrlKey = Pick<Key, 'source' | 'variant'>

export const entryName = ({ source, variant }: UrlKey) => `entries/${source}/${variant}`
export const answerName = ({ source, variant }: UrlKey) => `answers/${source}/${variant}`
export const resultName = ({ digest, result }: Pick<Entry, 'digest' | 'result'>) => `results/${digest}/${result}`
export const variantsName = (source: string) => `variants/${source}`

export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

/** Parses a stored list of variants. Returns an empty list if the bytes cannot be parsed. */
export function parseVariants(bytes: Uint8Array | undefined): string[] {
  try {
    const variants = JSON.parse(new TextDecoder().decode(bytes ?? encodeJson([]))) as unknown
    return Array.isArray(variants) ? variants.filter((variant) => typeof variant === 'string') : []
  } catch {
    return []
  }
}

/** Encodes an entry and its result. Layout: length of the entry's JSON (4 bytes, big-endian), the JSON, the result. */
export function encodeAnswer(entry: Entry, bytes: Uint8Array = new Uint8Array(0)): Uint8Array {
  const json = encodeJson(entry)
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, json.length)
  return concat([length, json, bytes])
}

/**
 * Parses what encodeAnswer wrote. Returns undefined if that fails. `bytes` is undefined if the result is incomplete.
 */
export function parseAnswer(answer: Uint8Array): { entry: Entry; bytes: Uint8Array | undefined } | undefined {
  if (answer.length < 4) return undefined
  const from = 4 + new DataView(answer.buffer, answer.byteOffset).getUint32(0)
  const entry = parseEntry(answer.subarray(4, from))
  const bytes = answer.subarray(from)
  return entry && { entry, bytes: bytes.length === entry.size ? bytes : undefined }
}

/** Parses the JSON of an entry. Returns undefined if that fails or if a required field is missing. */
export function parseEntry(bytes: Uint8Array): Entry | undefined {
  try {
    const entry = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Entry>
    const isWhole =
      [entry.digest, entry.result, entry.etag, entry.type, entry.sr].every((field) => typeof field === 'string') &&
      [entry.size, entry.ttlSeconds, entry.freshUntil].every((field) => typeof field === 'number')
    return isWhole ? (entry as Entry) : undefined
  } catch {
    return undefined
  }
}
