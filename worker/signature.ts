// Signed URLs let only the operator decide which results are made. The signature covers everything that the answer
// depends on, and it expires. It is checked before any cache is read, and is never part of a cache key, because it
// changes no pixel.
//
//   sr-key   id of the secret; the worker accepts several secrets, so that one can replace another
//   sr-exp   expiry, in seconds since 1970
//   sr-sig   HMAC-SHA256 of canonicalOf(...), base64url
//
// This code runs wherever Web Crypto exists. Sign on a server, never in a page.
import { bytesOfBase64 } from './base/base64.ts'
import { SrError } from './base/errors.ts'
import { parseSeconds } from './base/seconds.ts'
import { isAsking, type OwnQuery, splitOwn } from './client/query.ts'

export const SIGNATURE_NAMES = ['sr-key', 'sr-exp', 'sr-sig']

/** Maps ids to secrets. */
export type SigningKeys = Readonly<Record<string, string>>

/** Longest lifetime in seconds (366 days). A later expiry is treated as a mistake. */
export const MAX_AHEAD_SECONDS = 366 * 86_400

export interface SignOptions {
  /** Id of the secret in the worker's option `signing`. */
  readonly key: string
  readonly secret: string
  /** When the URL expires: a time, or a number of seconds from now; at most 366 days ahead. */
  readonly expires: Date | number
  /** The worker's option `param`. Default `sr`. */
  readonly param?: string
}

/**
 * Returns `url` with a signature that the worker accepts. The signature covers host, path and query, so sign the
 * finished URL. The parameters of an older signature are replaced. Throws a RangeError if the URL asks for no size, or
 * if the expiry is in the past or more than 366 days ahead.
 */
export async function signUrl(
  url: string | URL,
  { key, secret, expires, param = 'sr' }: SignOptions,
  nowMs = Date.now(),
): Promise<string> {
  if (typeof crypto === 'undefined') throw new Error('expected Web Crypto, which Node has as of version 20')
  const given = splitOwn(new URL(url).href, param)
  if (!isAsking(given, param)) throw new RangeError(`expected a URL with ${param}, sr-width or sr-height, got ${url}`)
  const { base, ours, others } = given
  if (!/^[\w.~-]+$/.test(key)) throw new RangeError(`expected a key's id of letters, digits and . _ ~ -, got "${key}"`)
  const end = Math.floor((expires instanceof Date ? expires.getTime() : nowMs + 1000 * expires) / 1000)
  if (!(end > nowMs / 1000 && end <= nowMs / 1000 + MAX_AHEAD_SECONDS)) {
    throw new RangeError(`expected an expiry within 366 days from now, got ${String(expires)}`)
  }
  const signed: (readonly [string, string])[] = [
    ...ours.filter(([name]) => !SIGNATURE_NAMES.includes(name)),
    ['sr-key', key],
    ['sr-exp', `${end}`],
  ]
  const tag = await crypto.subtle.sign('HMAC', await importKey(secret), canonicalOf({ base, ours: signed, others }))
  const query = [
    ...others,
    ...signed.map(([name, value]) => `${name}=${value}`),
    `sr-sig=${encode(new Uint8Array(tag))}`,
  ]
  return `${base}?${query.join('&')}`
}

/** Throws an SrError (403) if none of `keys` has signed the URL of this query, or if the signature has expired. */
export async function requireSignature(query: OwnQuery, keys: SigningKeys, nowMs: number): Promise<void> {
  const given = new Map(query.ours)
  const [key, end, tag] = SIGNATURE_NAMES.map((name) => given.get(name))
  if (key === undefined || end === undefined || tag === undefined) {
    throw new SrError('SIGNATURE_MISSING', `expected a signed URL, with ${SIGNATURE_NAMES.join(', ')}`)
  }
  const secret = Object.hasOwn(keys, key) ? keys[key] : undefined
  const bytes = decode(tag)
  const canonical = canonicalOf({
    ...query,
    ours: query.ours.filter(([name]) => name !== 'sr-sig'),
  })
  const isRight =
    secret !== undefined &&
    bytes !== undefined &&
    (await crypto.subtle.verify('HMAC', await importKey(secret), bytes, canonical))
  if (!isRight) throw new SrError('SIGNATURE_WRONG', 'this is not the signature of this URL')
  if ((parseSeconds(end) ?? 0) <= nowMs / 1000) {
    throw new SrError('SIGNATURE_EXPIRED', 'this signed URL has expired')
  }
}

/**
 * Returns the bytes that are signed: host and path, the other parameters byte for byte, and our parameters sorted by
 * name. Line breaks, which no URL contains, separate these parts. The scheme is left out, because a worker may see http
 * where a visitor sees https.
 */
function canonicalOf({ base, ours, others }: OwnQuery): Uint8Array<ArrayBuffer> {
  const sorted = ours.map(([name, value]) => `${name}=${value}`).toSorted()
  const withoutScheme = base.slice(base.indexOf('://') + 3)
  // Besides `sr=2`, the query `?&sr=2` has one empty part and the query `?sr=2` has none. They are signed differently,
  // because the origin gets a bare `?` for the first one and no `?` for the second one.
  const rest = others.join('&') || '#'.repeat(others.length)
  const lines = ['edge-srcnn 1', withoutScheme, rest, ...sorted]
  return new Uint8Array(new TextEncoder().encode(lines.join('\n')))
}

function importKey(secret: string): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, ['sign', 'verify'])
}

function encode(bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes))
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Returns undefined for every text that `encode` never writes, so that a signature has exactly one spelling. */
function decode(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]{43}$/.test(text)) return undefined
  const bytes = bytesOfBase64(text.replaceAll('-', '+').replaceAll('_', '/'))
  return encode(bytes) === text ? bytes : undefined
}
