// Reads from an origin's headers whether a result may be kept and how long it is fresh. Follows RFC 9111 for shared
// caches, but is stricter if a picture could be meant for one visitor only.
import type { Settings } from '../options.ts'
import { parseSeconds } from '../base/seconds.ts'
import { parseDictionary } from './dictionary.ts'

export interface Freshness {
  /** True if the result may be kept for other visitors. */
  readonly isStorable: boolean
  /** True if a visitor with a cookie may get a different picture: `private`, `Vary: Cookie` or `Vary: *`. */
  readonly isPersonal: boolean
  /**
   * Seconds for which the result is served without asking the origin again. 0: ask for every request. Undefined: the
   * origin does not say.
   */
  readonly ttlSeconds: number | undefined
  /**
   * Seconds for which a browser may keep the result, if the origin states another lifetime for shared caches like ours:
   * by s-maxage, or by a header for CDNs. Negative if no browser may keep it.
   */
  readonly browserSeconds: number | undefined
  /** Seconds for which a result that is no longer fresh may be served if the origin fails. */
  readonly staleSeconds: number
  /** True if the origin forbids changing the picture (`no-transform`), to whichever caches it says so. */
  readonly isFixed: boolean
}

/** Request headers that `Vary` may name without harm, because no visitor's value of them reaches the origin. */
const HARMLESS_VARY = ['accept-encoding', 'accept', 'origin']

/**
 * Headers with directives for caches like ours only (RFC 9213). The first valid one replaces Cache-Control and Expires,
 * which then concern browsers. Surrogate-Control, which other CDNs define for themselves, is not among them.
 */
const TARGETED = ['cloudflare-cdn-cache-control', 'cdn-cache-control'] as const

export function freshnessOf(headers: Headers, settings: Settings, nowMs: number): Freshness {
  const policy = policyOf(headers)
  const plain = plainPolicyOf(headers)
  const { directives } = policy
  const lifetime = directives.has('no-cache') ? 0 : lifetimeOf(headers, policy, nowMs)
  return {
    isStorable: isStorable(headers),
    isPersonal: directives.has('private') || variesBy(headers).some((name) => ['cookie', '*'].includes(name)),
    ttlSeconds: lifetime && Math.min(settings.maxTtlSeconds, Math.max(0, lifetime)),
    browserSeconds: browserSecondsOf(headers, policy, plain, settings, nowMs),
    staleSeconds: Math.min(MAX_STALE_SECONDS, staleOf(directives)),
    isFixed: [policy, plain].some((one) => one.directives.has('no-transform')),
  }
}

const MAX_STALE_SECONDS = 86_400

/**
 * Returns 0 if a directive forbids stale answers (RFC 9111, 4.2.4), else the value of stale-if-error (RFC 5861), else
 * MAX_STALE_SECONDS.
 */
function staleOf(directives: Directives): number {
  const forbids = ['no-cache', 'must-revalidate', 'proxy-revalidate', 's-maxage']
  if (forbids.some((name) => directives.has(name))) return 0
  const said = directives.get('stale-if-error')
  return said === undefined ? MAX_STALE_SECONDS : (parseSeconds(said) ?? 0)
}

/** Returns true if the origin allows an answer to one visitor to be kept for others. */
export function isStorable(headers: Headers): boolean {
  return (
    !isForbidden(policyOf(headers)) &&
    !headers.has('set-cookie') &&
    variesBy(headers).every((name) => HARMLESS_VARY.includes(name))
  )
}

/** Returns true if the origin allows browsers to keep an answer. Only with a targeted header can this differ from ours. */
export function isStorableByBrowsers(headers: Headers): boolean {
  return !isForbidden(plainPolicyOf(headers))
}

function isForbidden({ directives }: Policy): boolean {
  return PROHIBITIONS.some((name) => directives.has(name))
}

/** Returns true if the origin may choose its picture by the request's Accept, of which it sees ours only. */
export function isNegotiated(headers: Headers): boolean {
  return variesBy(headers).some((name) => ['accept', '*'].includes(name))
}

/** Returns true if the origin's answer depends on the request's Origin, which our request does not have. */
export function variesByOrigin(headers: Headers): boolean {
  return variesBy(headers).includes('origin')
}

/** Returns the names in `Vary`, in lower case. */
function variesBy(headers: Headers): readonly string[] {
  const names = (headers.get('vary') ?? '').split(',').map((name) => name.trim().toLowerCase())
  return names.filter((name) => name !== '')
}

/** The directives of a header, by their names in lower case. */
type Directives = ReadonlyMap<string, string>

interface Policy {
  readonly directives: Directives
  /** True if the directives come from a targeted header. */
  readonly isTargeted: boolean
}

/** Returns what the origin says to caches like ours. */
function policyOf(headers: Headers): Policy {
  const prohibitions: string[] = []
  for (const name of TARGETED) {
    const text = headers.get(name)
    if (text === null) continue
    const directives = directivesOf(parseDictionary(text))
    if (directives.size > 0) return { directives: withProhibitions(directives, prohibitions), isTargeted: true }
    // A header with an error counts as missing, but if it says `private`, nobody meant the picture for everybody.
    prohibitions.push(...prohibitionsIn(text))
  }
  const { directives } = plainPolicyOf(headers)
  return { directives: withProhibitions(directives, prohibitions), isTargeted: false }
}

/** Returns what Cache-Control says, whatever the targeted headers say. */
function plainPolicyOf(headers: Headers): Policy {
  const text = headers.get('cache-control') ?? ''
  return { directives: withProhibitions(parseCacheControl(text), prohibitionsIn(text)), isTargeted: false }
}

/** Returns the directives in a Dictionary. A value of a wrong type becomes empty, so that a lifetime is 0. */
function directivesOf(members: ReturnType<typeof parseDictionary>): Map<string, string> {
  const set = [...(members ?? [])].filter(([, value]) => value !== false)
  return new Map(set.map(([name, value]) => [name, typeof value === 'string' ? value : '']))
}

const PROHIBITIONS = ['no-store', 'private']

function withProhibitions(directives: Directives, prohibitions: readonly string[]): Directives {
  return new Map([...directives, ...prohibitions.map((name): [string, string] => [name, ''])])
}

/** Finds these words anywhere in the header. Some servers use a wrong separator: `private; max-age=60`. */
function prohibitionsIn(text: string): readonly string[] {
  return text.toLowerCase().match(/(?<![\w-])(no-store|private)(?![\w-])/g) ?? []
}

/** Returns the remaining seconds of s-maxage, max-age or Expires, in this order. Undefined if all three are missing. */
function lifetimeOf(headers: Headers, { directives, isTargeted }: Policy, nowMs: number): number | undefined {
  const maxAge = directives.get('s-maxage') ?? directives.get('max-age')
  // A lifetime that cannot be parsed counts as 0 (RFC 9111, 4.2.1).
  if (maxAge !== undefined) return (parseSeconds(maxAge) ?? 0) - ageOf(headers)
  const expires = headers.get('expires')
  if (expires === null || isTargeted) return undefined
  const date = dateOf(headers.get('date') ?? '')
  const seconds = (dateOf(expires) - (Number.isNaN(date) ? nowMs : date)) / 1000
  return Number.isNaN(seconds) ? 0 : Math.floor(seconds) - ageOf(headers)
}

/** See Freshness. */
function browserSecondsOf(
  headers: Headers,
  policy: Policy,
  plain: Policy,
  { defaultTtlSeconds }: Settings,
  nowMs: number,
): number | undefined {
  const forBrowsers = { ...plain, directives: new Map([...plain.directives].filter(([name]) => name !== 's-maxage')) }
  const seconds = lifetimeOf(headers, forBrowsers, nowMs)
  if (!policy.isTargeted) {
    return plain.directives.has('s-maxage') && seconds !== undefined ? Math.max(0, seconds) : undefined
  }
  if (isForbidden(plain)) return -1
  if (plain.directives.has('no-cache')) return 0
  return Math.max(0, seconds ?? defaultTtlSeconds)
}

/**
 * Returns the seconds that the answer has spent in caches before ours. If there are several values, the first counts
 * (RFC 9111, 5.1).
 */
function ageOf(headers: Headers): number {
  return parseSeconds((headers.get('age') ?? '').split(',', 1)[0].trim()) ?? 0
}

/**
 * Parses an HTTP date into milliseconds since 1970. Returns NaN for any other text. Date.parse alone would read `3600`
 * as a year.
 */
function dateOf(text: string): number {
  return /^[a-z]+,? /i.test(text) ? Date.parse(text) : NaN
}

/**
 * Returns those headers of an answer that a later 304 leaves out, although they stay valid: servers repeat Cache-Control
 * and Expires in a 304 (RFC 9110, 15.4.5), but not always a targeted header. Undefined if there is no targeted header.
 */
export function headersFor304(headers: Headers): Readonly<Record<string, string>> | undefined {
  if (!TARGETED.some((name) => headers.has(name))) return undefined
  const stored = [...TARGETED, 'cache-control', 'expires'].map((name) => [name, headers.get(name)])
  return Object.fromEntries(stored.filter(([, value]) => value !== null)) as Record<string, string>
}

/** Returns the headers of a 304, completed by those that were stored for it (RFC 9111, 3.2). */
export function completed304(headers: Headers, stored: Readonly<Record<string, string>> | undefined): Headers {
  if (!stored) return headers
  const all = new Headers(headers)
  for (const [name, value] of Object.entries(stored)) if (!all.has(name)) all.set(name, value)
  return all
}

/** Returns true if an answer states anything about caching other than Expires. */
export function statesPolicy(headers: Headers): boolean {
  return ['cache-control', ...TARGETED].some((name) => headers.has(name))
}

/**
 * Replaces what an answer says to caches. Every header is removed that a cache may prefer to Cache-Control: targeted
 * ones of any CDN, and their predecessors.
 */
export function setCacheControl(headers: Headers, cacheControl: string): void {
  const others = [...headers.keys()].filter((name) => name.endsWith('-cache-control') || PREFERRED.includes(name))
  for (const name of others) headers.delete(name)
  headers.set('cache-control', cacheControl)
}

const PREFERRED = ['expires', 'surrogate-control', 'edge-control', 'x-accel-expires']

/**
 * Returns `answer` with headers for the URL of the redirect. They forbid what the redirect or the answer forbids, and
 * make the answer fresh for no longer than the redirect. A redirect that states no lifetime never expires if it is
 * permanent; otherwise it expires immediately (RFC 9110, 15.1).
 */
export function asRedirected(redirect: Response, answer: Response, nowMs: number): Response {
  const joined = new Response(answer.body, answer)
  const both = [redirect, answer]
  const secondsOf = (policies: readonly Policy[]) => {
    const [first, last] = both.map(({ headers }, i) => lifetimeOf(headers, policies[i], nowMs))
    return Math.max(0, Math.min(first ?? (PERMANENT.includes(redirect.status) ? Infinity : 0), last ?? Infinity))
  }
  const policies = both.map(({ headers }) => policyOf(headers))
  const plain = both.map(({ headers }) => plainPolicyOf(headers))
  const isTargeted = policies.some((policy) => policy.isTargeted)
  if (isTargeted) for (const name of TARGETED) joined.headers.delete(name)
  if (isTargeted) joined.headers.set(TARGETED[0], formatDirectives(policies, secondsOf(policies)))
  const said = both.map(({ headers }) => headers.get('cache-control')).filter(Boolean)
  const seconds = secondsOf(plain)
  if (seconds < Infinity) said.unshift(`${/s-maxage/i.test(said.join()) ? 's-maxage' : 'max-age'}=${seconds}`)
  if (said.length > 0) joined.headers.set('cache-control', said.join(', '))
  if (isTargeted || seconds < Infinity) joined.headers.delete('age') // subtracted already
  const varies = redirect.headers.get('vary')
  if (varies !== null) joined.headers.append('vary', varies)
  for (const cookie of redirect.headers.getSetCookie()) joined.headers.append('set-cookie', cookie)
  return joined
}

const PERMANENT = [301, 308]

/** Formats the directives of several policies as a Dictionary, with one lifetime for all. */
function formatDirectives(policies: readonly Policy[], seconds: number): string {
  const names = new Set(policies.flatMap(({ directives }) => [...directives.keys()]))
  const lifetime = names.has('s-maxage') ? 's-maxage' : 'max-age'
  const others = FORMATTED.filter((name) => names.has(name))
  const stale = policies.map(({ directives }) => directives.get('stale-if-error')).filter((said) => said !== undefined)
  return [
    ...(seconds < Infinity ? [`${lifetime}=${seconds}`] : []),
    ...others,
    ...(stale.length > 0 ? [`stale-if-error=${Math.min(...stale.map((said) => parseSeconds(said) ?? 0))}`] : []),
  ].join(', ')
}

/** Directives without a value to which a redirect or its answer may bind caches. */
const FORMATTED = ['no-store', 'private', 'no-cache', 'must-revalidate', 'proxy-revalidate', 'no-transform', 'public']

/**
 * Maps the directives' names, in lower case, to their values without quotes. If a name is repeated, the first value
 * counts. Lists are also split at semicolons, which some servers write instead of commas, but never within quotes.
 */
function parseCacheControl(text: string): Map<string, string> {
  const directives = new Map<string, string>()
  for (const part of text.match(/(?:"[^"]*"|[^,;])+/g) ?? []) {
    const [name, value = ''] = part.split('=', 2).map((piece) => piece.trim())
    if (!directives.has(name.toLowerCase())) directives.set(name.toLowerCase(), value.replaceAll('"', ''))
  }
  return directives
}

/** Returns true if the visitor sends a cookie to which the origin may answer with a different picture. */
export function isForVisitorAlone({ headers }: Request, { isPersonal }: Freshness): boolean {
  return isPersonal && headers.has('cookie')
}
