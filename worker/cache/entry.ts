// What the caches store of a URL, as bytes and under which names.
//
//   results/<digest>/<variant>    the bytes of a result. A hundred URLs of one picture share one, so that it goes
//                                 through the network once.
//   entries/<source>/<variant>    R2: the entry of a URL: the digest of its picture, its validators, and until when
//                                 it is fresh. It is found before the origin is asked.
//   answers/<source>/<variant>    edge cache: an entry and the bytes of its result in one, so that a hit is one lookup.
//   variants/<source>             edge cache: the variants of a URL. The Cache API cannot list them, and purge needs them.
import { concat } from '../base/concat.ts'
import type { Key } from './key.ts'

/** What is known of a URL's picture and of its result, without the bytes. */
export interface Entry {
  /** SHA-256 of the source's bytes, hex. */
  readonly digest: string
  /** ETag of the result. */
  readonly etag: string
  /** Media type of the result. */
  readonly type: string
  /** Size of the result in bytes. */
  readonly size: number
  /** `X-SR` header of the result. */
  readonly sr: string
  /** Validators of the source, to ask the origin whether it changed. */
  readonly sourceEtag?: string
  readonly sourceModified?: string
  /** Headers of the origin that apply to the result, too. */
  readonly inherited?: Readonly<Record<string, string>>
  /** How long the origin lets it be fresh. */
  readonly ttlSeconds: number
  /** How long a browser may keep it, where the origin gives browsers another lifetime than caches. */
  readonly browserSeconds?: number
  /** How long after its freshness it may be served while the origin fails. */
  readonly staleSeconds?: number
  /** In milliseconds since 1970. */
  readonly freshUntil: number
}

type UrlKey = Pick<Key, 'source' | 'variant'>

export const entryName = ({ source, variant }: UrlKey) => `entries/${source}/${variant}`
export const answerName = ({ source, variant }: UrlKey) => `answers/${source}/${variant}`
export const resultName = (digest: string, { variant }: Pick<Key, 'variant'>) => `results/${digest}/${variant}`
export const variantsName = (source: string) => `variants/${source}`

export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

/** Returns an empty list for bytes that cannot be parsed. */
export function parseVariants(bytes: Uint8Array | undefined): string[] {
  try {
    const variants = JSON.parse(new TextDecoder().decode(bytes ?? encodeJson([]))) as unknown
    return Array.isArray(variants) ? variants.filter((variant) => typeof variant === 'string') : []
  } catch {
    return []
  }
}

/** Layout: the length of the entry's JSON (4 bytes, big-endian), that JSON, the bytes of the result. */
export function encodeAnswer(entry: Entry, bytes: Uint8Array = new Uint8Array(0)): Uint8Array {
  const json = encodeJson(entry)
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, json.length)
  return concat([length, json, bytes])
}

/** Returns undefined for bytes that cannot be parsed. The result's bytes are undefined where they are incomplete. */
export function parseAnswer(answer: Uint8Array): { entry: Entry; bytes: Uint8Array | undefined } | undefined {
  if (answer.length < 4) return undefined
  const from = 4 + new DataView(answer.buffer, answer.byteOffset).getUint32(0)
  const entry = parseEntry(answer.subarray(4, from))
  const bytes = answer.subarray(from)
  return entry && { entry, bytes: bytes.length === entry.size ? bytes : undefined }
}

/** Returns undefined for bytes that cannot be parsed, and for an entry without all of its fields. */
export function parseEntry(bytes: Uint8Array): Entry | undefined {
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
