// Names and formats of everything that the caches store for a URL.
//
//   results/<digest>/<result>     the bytes of a result. All URLs of the same picture share them, and all requests that
//                                 come to the same result, so that it is made only once.
//   entries/<source>/<variant>    R2 only: the entry of a URL. It holds the digest of the picture, its validators, and
//                                 until when it is fresh, and is read before the origin is asked. <source> is the name
//                                 of the URL (sourceName in key.ts).
//   entries/<source>/earlier-...  R2 only: the entry of a picture that the URL showed earlier. Only a purge reads it.
//   answers/<source>/<variant>    edge cache only: the bytes of a result, with its entry in a header, so that a hit takes
//                                 one lookup and reads no byte of the result.
//   variants/<source>             edge cache only: the list of a URL's variants. Purge needs it, because the Cache API
//                                 cannot list names.
import type { SkipReason } from '../picture/skip.ts'
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
  /** Size of the result in bytes; 0 if the result is no longer stored. */
  readonly size: number
  /** `X-SR` header of the result. */
  readonly sr: string
  /** Why the source is served unchanged, and what the origin said about it: its validators, type and length. */
  readonly skipped?: { readonly reason: SkipReason; readonly file: string }
  /** Validators of the source, by which the origin tells whether the source changed. */
  readonly sourceEtag?: string
  readonly sourceModified?: string
  /** Headers of the origin that apply to the result too. */
  readonly inherited?: Readonly<Record<string, string>>
  /** How long the result is fresh. */
  readonly ttlSeconds: number
  /**
   * How long a browser may keep the result, if the origin states one lifetime for browsers and another for caches.
   * Negative if no browser may keep it.
   */
  readonly browserSeconds?: number
  /** How long after `freshUntil` the result may be served if the origin fails. */
  readonly staleSeconds?: number
  /** Headers that complete a 304 (headersFor304 in freshness.ts). */
  readonly headersFor304?: Readonly<Record<string, string>>
  /** When the origin first refused the picture since it last sent or confirmed it, in milliseconds since 1970. */
  readonly refusedAt?: number
  /** When the result becomes stale, in milliseconds since 1970. */
  readonly freshUntil: number
}

type UrlKey = Pick<Key, 'source' | 'variant'>

export const entryName = ({ source, variant }: UrlKey) => `entries/${source}/${variant}`
export const answerName = ({ source, variant }: UrlKey) => `answers/${source}/${variant}`
export const resultsPrefix = (digest: string) => `results/${digest}/`
export const resultName = ({ digest, result }: Pick<Entry, 'digest' | 'result'>) => `${resultsPrefix(digest)}${result}`
/** Returns the variant under which the entry of an earlier picture is stored. No key has such a variant. */
export const earlierVariant = (digest: string) => `earlier-${digest}`
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

/** Encodes an entry as the value of a header. Every character that is not printable ASCII is escaped. */
export function encodeNote(entry: Entry): string {
  return JSON.stringify(entry).replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** JSON.stringify escapes the control characters below 0x20 itself. */
const NOT_ASCII = /[\u007f-\uffff]/g

/** Parses the JSON of an entry. Returns undefined if that fails or if a required field is missing. */
export function parseEntry(json: string | Uint8Array): Entry | undefined {
  try {
    const entry = JSON.parse(typeof json === 'string' ? json : new TextDecoder().decode(json)) as Partial<Entry>
    const isWhole =
      [entry.digest, entry.result, entry.etag, entry.type, entry.sr].every((field) => typeof field === 'string') &&
      [entry.size, entry.ttlSeconds, entry.freshUntil].every((field) => typeof field === 'number')
    return isWhole ? (entry as Entry) : undefined
  } catch {
    return undefined
  }
}
