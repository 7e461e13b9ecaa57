// What is read of a request and of an origin's answer: URLs, signatures, header fields, redirects, cache entries.
import { isDeepStrictEqual } from 'node:util'
import { isKnown, resultResponse } from '../../../worker/request/answer.ts'
import { type Entry, parseAnswer } from '../../../worker/cache/cache.ts'
import { SrError } from '../../../worker/base/errors.ts'
import { freshnessOf } from '../../../worker/origin/freshness.ts'
import type { Random } from '../../../worker/image/prng.ts'
import { resolveOptions, type Settings } from '../../../worker/options.ts'
import { createOrigin, mayFollow } from '../../../worker/origin/origin.ts'
import { FORMATS, SCALES } from '../../../worker/client/allowed.ts'
import { parseParams, type Params, QUALITIES } from '../../../worker/request/params.ts'
import { splitOwn, withoutOwn } from '../../../worker/client/query.ts'
import { parseRange } from '../../../worker/request/range.ts'
import { requireSignature, signUrl } from '../../../worker/signature.ts'
import { latin1, mutateBytes, oneIn, pick } from '../mutateBytes.ts'
import { defineTarget, ensure, type FuzzTarget } from '../fuzz.ts'
import { mutateText } from '../mutateText.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')

/** As fields can be on the wire: no control characters, one byte a character. */
function fieldText(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '')
}

/** One time in four as it is. */
function maybeMutated(random: Random, text: string, words: readonly string[]): string {
  return oneIn(random, 4) ? text : mutateText(random, text, words)
}

// Range

interface RangeInput {
  readonly field: string
  readonly size: number
}

function makeRange(random: Random): RangeInput {
  const size = pick(random, [0, 1, 2, 100, 1000, 10_000_000])
  const number = () => pick(random, ['', `${random.below(size + 2)}`, `${size - 1}`, `${size}`, '0', '9'.repeat(400)])
  const field = `bytes=${number()}-${number()}`
  return { size, field: maybeMutated(random, field, ['bytes', 'Bytes', 'items', '0-0', '-1', '500-', ',']) }
}

/** RFC 9110, 14.1.2, by whole numbers of any size. */
function rangeOf(field: string, size: number): ReturnType<typeof parseRange> {
  const [unit, set, ...more] = field.trim().split('=')
  const ends = (set ?? '').split('-')
  if (unit.toLowerCase() !== 'bytes' || more.length > 0 || ends.length !== 2) return undefined
  if (ends.some((end) => /[^0-9]/.test(end)) || ends.join('') === '') return undefined
  const [from, to] = ends.map((end) => (end === '' ? undefined : BigInt(end)))
  const last = BigInt(size) - 1n
  if (from === undefined) {
    const first = last + 1n - to!
    return to === 0n || size === 0 ? 'none' : { first: Number(first < 0n ? 0n : first), last: size - 1 }
  }
  if (to !== undefined && to < from) return undefined
  if (from > last) return 'none'
  return { first: Number(from), last: Number(to === undefined || to > last ? last : to) }
}

function checkRange({ field, size }: RangeInput): boolean {
  const range = parseRange(field, size)
  const expected = rangeOf(field, size)
  // Beyond 2^53 what is no range and what is none are answered alike by nobody who matters.
  const isExact = !/\d{16}/.test(field)
  ensure(
    !isExact || isDeepStrictEqual(range, expected),
    () => `expected ${JSON.stringify(expected)}, got ${JSON.stringify(range)}`,
  )
  if (range === undefined || range === 'none') return range === 'none'
  const { first, last } = range
  const isInside = Number.isInteger(first) && Number.isInteger(last) && first >= 0 && first <= last && last < size
  ensure(isInside, () => `${first}-${last} of ${size}`)
  return true
}

// Answers to conditional and partial requests

const ETAGS = ['"0123456789abcdef"', '"a,b"', '"W/"', '""', '"x"'] as const
const DATES = [
  'Thu, 01 Jan 2026 00:00:00 GMT',
  'Wed, 31 Dec 2025 23:59:59 GMT',
  'Thursday, 01-Jan-26 00:00:00 GMT',
  'Thu Jan  1 00:00:00 2026',
  '0',
  '-1',
  'Thu, 32 Jan 2026 00:00:00 GMT',
  'Tue, 19 Jan 2038 03:14:08 GMT',
]

interface AnswerInput {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly etag: string
  readonly modified: string | undefined
  readonly size: number
}

function makeAnswer(random: Random): AnswerInput {
  const etag = pick(random, ETAGS)
  const tags = () =>
    Array.from({ length: 1 + random.below(3) }, () => (oneIn(random, 3) ? 'W/' : '') + pick(random, ETAGS)).join(
      pick(random, [',', ', ', ' , ']),
    )
  const size = 1 + random.below(40)
  const fields: Record<string, () => string> = {
    'if-none-match': () => (oneIn(random, 6) ? '*' : tags()),
    'if-modified-since': () => pick(random, DATES),
    'if-range': () => pick(random, [...ETAGS, ...DATES]),
    range: () =>
      pick(random, ['bytes=0-0', 'bytes=-1', `bytes=${size - 1}-`, `bytes=${size}-`, 'bytes=0-1,3-4', 'bytes=5-2']),
  }
  const headers: Record<string, string> = {}
  for (const [name, make] of Object.entries(fields)) {
    if (oneIn(random, 2)) continue
    const text = fieldText(oneIn(random, 2) ? make() : mutateText(random, make(), [...ETAGS, 'W/', 'bytes', 'GMT']))
    headers[name] = text
  }
  return {
    method: pick(random, ['GET', 'GET', 'HEAD']),
    headers,
    etag,
    size,
    modified: oneIn(random, 2) ? pick(random, DATES.slice(0, 2)) : undefined,
  }
}

const ENTITY_TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/

/** Whether a list holds the tag, by weak comparison; undefined for what is no list (RFC 9110, 8.8.3 and 13.1.2). */
function listHolds(field: string, etag: string): boolean | undefined {
  if (field.trim() === '*') return true
  const list = new RegExp(`^[\\t ]*${ENTITY_TAG.source}([\\t ]*,[\\t ]*${ENTITY_TAG.source})*[\\t ]*$`)
  if (!list.test(field)) return undefined
  return [...field.matchAll(new RegExp(ENTITY_TAG.source, 'g'))].some(([, tag]) => tag === etag)
}

async function checkAnswer({ method, headers, etag, size, modified }: AnswerInput): Promise<boolean> {
  const request = new Request('https://a.test/b.jpg?sr=2', { method, headers })
  const known = isKnown(request, etag, modified)
  const field = request.headers.get('if-none-match')
  if (field !== null) {
    const expected = listHolds(field, etag)
    ensure(expected === undefined || expected === known, () => `${field} for ${etag}: ${known}`)
    ensure(!known || field.trim() === '*' || field.includes(etag), 'a tag that was not named')
  } else if (!headers['if-modified-since'] || modified === undefined) {
    ensure(!known, 'known to one who did not say so')
  }

  const entry: Entry = {
    digest: '',
    etag,
    type: 'image/jpeg',
    size,
    sr: 'done',
    ttlSeconds: 60,
    freshUntil: NOW,
    ...(modified === undefined ? {} : { sourceModified: modified }),
  }
  const bytes = Uint8Array.from({ length: size }, (_, i) => i)
  const response = resultResponse(request, entry, true, bytes, {
    cacheStatus: 'hit',
    ttlSeconds: 60,
    variesByAccept: false,
  })
  const body = new Uint8Array(await response.arrayBuffer())
  const length = response.headers.get('content-length')
  const range = response.headers.get('content-range')
  ensure(response.headers.get('etag') === etag, 'no validator')
  ensure((response.status === 304) === known, `known: ${known}, status ${response.status}`)
  if (response.status === 206) {
    const [, first, last, of] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range ?? '')?.map(Number) ?? []
    ensure(of === size && first <= last && last < size, `content-range ${range}`)
    ensure(body.length === last - first + 1 && length === `${body.length}`, 'another length')
    ensure(
      body.every((byte, i) => byte === first + i),
      'other bytes',
    )
  } else if (response.status === 200) {
    ensure(length === `${size}` && range === null, 'another length')
    ensure(body.length === (method === 'HEAD' ? 0 : size), 'not the whole')
  } else {
    ensure([304, 416].includes(response.status) && body.length === 0, `status ${response.status}`)
    ensure(response.status === 304 || range === `bytes */${size}`, `content-range ${range}`)
  }
  return response.status !== 200
}

// Cache-Control, Expires, Age, Vary

interface FreshnessInput {
  readonly headers: Readonly<Record<string, string>>
  /** Put into Cache-Control, in front or behind. */
  readonly directive: string
  readonly isInFront: boolean
  /** Digits: two ages. */
  readonly ages: readonly [string, string]
}

const DIRECTIVES = [
  'no-store',
  'private',
  'no-cache',
  'no-transform',
  'must-revalidate',
  'public',
  'immutable',
  'max-age=60',
  's-maxage=90',
  'max-age="30"',
  'stale-if-error=600',
  'private="set-cookie"',
  'ext="a, b"',
  'max-age=99999999999',
  'max-age=-1',
]
const CACHE_WORDS = [
  'no-store',
  'private',
  'max-age',
  's-maxage',
  'no-cache',
  'stale-if-error',
  'NO-STORE',
  ';',
  '=',
  '"',
  ',',
  '\t',
]

function makeFreshness(random: Random): FreshnessInput {
  const settings: Record<string, () => string> = {
    'cache-control': () =>
      Array.from({ length: 1 + random.below(4) }, () => pick(random, DIRECTIVES)).join(pick(random, [', ', ',', ' ,'])),
    expires: () => pick(random, DATES),
    date: () => pick(random, DATES),
    age: () => `${random.below(200)}`,
    vary: () => pick(random, ['*', 'Accept', 'Accept-Encoding, Origin', 'Cookie', 'accept , authorization', '']),
    'set-cookie': () => 'a=b',
  }
  const headers: Record<string, string> = {}
  for (const [name, make] of Object.entries(settings)) {
    if (oneIn(random, name === 'set-cookie' ? 1.1 : 2)) continue
    headers[name] = fieldText(maybeMutated(random, make(), CACHE_WORDS))
  }
  const digits = () => `${random.below(1e9)}`.slice(0, 1 + random.below(9)) + '0'.repeat(pick(random, [0, 0, 3, 30]))
  return {
    headers,
    directive: pick(random, DIRECTIVES.slice(0, 4)),
    isInFront: oneIn(random, 2),
    ages: [digits(), digits()],
  }
}

const SETTINGS = resolveOptions({ cache: false, maxTtlSeconds: 100_000 })

function checkFreshness({ headers, directive, isInFront, ages }: FreshnessInput): boolean {
  const of = (changed: Readonly<Record<string, string>> = {}) =>
    freshnessOf(new Headers({ ...headers, ...changed }), SETTINGS, NOW)
  const { isStorable, ttlSeconds, staleSeconds } = of()
  const isSeconds = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most
  ensure(ttlSeconds === undefined || isSeconds(ttlSeconds, SETTINGS.maxTtlSeconds), `fresh for ${ttlSeconds} s`)
  ensure(isSeconds(staleSeconds, 86_400), `stale for ${staleSeconds} s`)

  // Misspelled, too: what could be meant for one visitor is kept for nobody else.
  const control = headers['cache-control'] ?? ''
  const forbids = /(?<![\w-])(no-store|private)(?![\w-])/i.test(control)
  ensure(!isStorable || !forbids, 'kept though the origin forbids it')
  ensure(!isStorable || headers['set-cookie'] === undefined, 'kept with a cookie')
  ensure(!isStorable || !(headers.vary ?? '').includes('*'), 'kept though it varies by everything')

  const more = control === '' ? directive : isInFront ? `${directive}, ${control}` : `${control}, ${directive}`
  const strict = of({ 'cache-control': more })
  ensure(!strict.isStorable || !['no-store', 'private'].includes(directive), `kept with ${directive}`)
  ensure(strict.ttlSeconds === 0 || directive !== 'no-cache', 'fresh with no-cache')
  ensure(strict.isFixed || directive !== 'no-transform', 'changed with no-transform')

  const [younger, older] = ages.toSorted((a, b) => Number(a) - Number(b))
  const left = (age: string) => of({ age }).ttlSeconds ?? 0
  ensure(left(younger) >= left(older), () => `fresh for longer at an age of ${older} than of ${younger}`)
  const lived = (seconds: string) => of({ 'cache-control': `max-age=${seconds}`, age: '1' }).ttlSeconds ?? 0
  ensure(lived(younger) <= lived(older), () => `fresh for longer by max-age=${younger} than by ${older}`)
  return ttlSeconds !== undefined && ttlSeconds > 0
}

// URLs

const QUERY_WORDS = [
  'sr',
  'sr=2',
  'sr=3',
  'sr-format',
  'sr-format=webp',
  'sr-quality=60',
  'sr-model=fast',
  'sr-width=640',
  'sr-height',
  'sr-format=json',
  'sr-exp=1767229200',
  'sr-key=a',
  'sr-sig',
  'sr-',
  'SR',
  's%72',
  'srx',
  '&',
  '&&',
  '?',
  '=',
  '#',
  '%26',
  '+',
  '__proto__',
  `sr-${'long'.repeat(99)}`,
]

function makeUrl(random: Random): string {
  const base = pick(random, [
    'https://a.test/b/c.jpg',
    'http://a.test/',
    'https://img.example/a%20b/cat.png',
    'https://[::1]:8080/x',
  ])
  const parts = Array.from({ length: random.below(5) }, () =>
    pick(random, [
      'a=1',
      'b',
      '',
      '=x',
      'w=%2F',
      'sr-format=webp',
      'sr-quality=60',
      'sr-model=fast',
      'sr-width=640',
      'sr-height=320',
      'sr-format=json',
      'sr-exp=1767229200',
      '__proto__=1',
      `sr-${'long'.repeat(99)}`,
    ]),
  )
  if (!oneIn(random, 6))
    parts.splice(random.below(parts.length + 1), 0, `sr=${pick(random, ['2', '3', '4', '5', '03', ''])}`)
  const query = parts.join('&')
  const url = `${base}${query || oneIn(random, 4) ? '?' : ''}${oneIn(random, 2) ? query : mutateText(random, query, QUERY_WORDS)}`
  return oneIn(random, 8) ? mutateText(random, url, QUERY_WORDS) : url
}

/** As a Request has it; undefined for what is no URL. */
function normalized(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).href : undefined
}

/** The parts of a URL's query, and which of them are ours, by the letter of query.ts's first lines. */
function partsOf(url: string, param: string): { base: string; parts: string[]; isOurs: boolean[] } {
  const [, base, query] = /^([^?#]*)(?:\?([^#]*))?/s.exec(url) ?? []
  const parts = query === undefined ? [] : query.split('&')
  return { base, parts, isOurs: parts.map((part) => part.startsWith('sr-') || part.split('=')[0] === param) }
}

function checkQuery(url: string): boolean {
  const { base, parts, isOurs } = partsOf(url, 'sr')
  const split = splitOwn(url, 'sr')
  ensure(split.base === base, 'another base')
  ensure(
    isDeepStrictEqual(
      split.others,
      parts.filter((_, i) => !isOurs[i]),
    ),
    'the rest was changed',
  )
  const ours = parts.filter((_, i) => isOurs[i])
  const isWhole = split.ours.every(([name, value], i) => [`${name}=${value}`, name + value].includes(ours[i]))
  ensure(split.ours.length === ours.length && isWhole, 'ours was changed')
  const without = withoutOwn(url, 'sr')
  ensure(
    (without === undefined) === !split.ours.some(([name]) => ASKING.includes(name) || name === 'sr'),
    'ours was not seen',
  )
  if (without === undefined) return false
  ensure(withoutOwn(without, 'sr') === undefined, 'ours is still there')
  ensure(isDeepStrictEqual(splitOwn(without, 'sr').others, split.others), 'the rest was changed')
  return true
}

const ASKING = ['sr-width', 'sr-height']

const KEEPING = resolveOptions({ cache: false })
const IGNORING = resolveOptions({ cache: false, query: 'ignore' })
const LISTING = resolveOptions({ cache: false, query: ['a', 'w', '__proto__'], param: 'up' })

/** What is asked for; the code of the error for what is wrong. */
function paramsOf(url: string, settings: Settings): Params | string | undefined {
  try {
    return parseParams(url, settings)
  } catch (error) {
    if (!(error instanceof SrError)) throw error
    ensure(error.status === 400, `status ${error.status}`)
    ensure(error.message.length <= 250, () => `a message of ${error.message.length} characters`)
    ensure(/^[\x20-\x7e…]*$/.test(error.message), 'a message with odd characters')
    return error.code
  }
}

function checkParams(url: string): boolean {
  let taken = false
  for (const settings of [KEEPING, IGNORING, LISTING]) {
    const params = paramsOf(url, settings)
    const { base, parts, isOurs } = partsOf(url, settings.param)
    ensure(
      (params === undefined) ===
        !parts.some((part, i) => isOurs[i] && [settings.param, ...ASKING].includes(part.split('=')[0])),
      'ours was not seen',
    )
    if (params === undefined || typeof params === 'string') continue
    taken = true
    const { size, format, quality, model, endsAt, sourceUrl } = params
    const isSize =
      size.scale === undefined
        ? [size.width, size.height].some((side) => side && settings.sizes.includes(side))
        : SCALES.includes(size.scale)
    ensure(isSize && FORMATS.includes(format) && QUALITIES.includes(quality), 'a value that does not exist')
    ensure(typeof model === 'string', 'no model')
    ensure(endsAt === undefined || (Number.isSafeInteger(endsAt) && endsAt >= 0), `ends at ${endsAt}`)
    const others = parts.filter((_, i) => !isOurs[i])
    const kept =
      settings === IGNORING
        ? []
        : settings === LISTING
          ? others.filter((part) => ['a', 'w', '__proto__'].includes(part.split('=')[0]))
          : others
    ensure(
      sourceUrl === (kept.length > 0 ? `${base}?${kept.join('&')}` : base),
      () => `asks the origin for ${sourceUrl}`,
    )
    ensure(parseParams(sourceUrl, settings) === undefined, 'ours reaches the origin')
    ensure(new URL(sourceUrl).host === new URL(url).host, 'another host')
  }
  return taken
}

// Signatures

const KEYS = { a: '00112233445566778899aabbccddeeff', b: 'ffeeddccbbaa99887766554433221100' }

interface SignatureInput {
  readonly url: string
  /** Changes the signed URL. */
  readonly change: (signed: string) => string
  readonly nowMs: number
}

function makeSignature(random: Random): SignatureInput {
  const url = makeUrl(random)
  const seed = random.below(2 ** 30)
  const swapped = (query: string, move: (parts: string[]) => void) => {
    const [base, rest = ''] = query.split('?', 2)
    const parts = rest.split('&')
    move(parts)
    return `${base}?${parts.join('&')}`
  }
  const at = (length: number) => seed % Math.max(1, length)
  const words = mutateText(random, 'sr=3&w=1', QUERY_WORDS)
  const change = pick<(signed: string) => string>(random, [
    (signed) => signed,
    (signed) => signed.replace('https:', 'http:'),
    (signed) =>
      signed.slice(0, at(signed.length)) +
      String.fromCharCode(signed.charCodeAt(at(signed.length)) ^ (1 << (seed % 7))) +
      signed.slice(at(signed.length) + 1),
    (signed) => swapped(signed, (parts) => parts.push(...parts.splice(at(parts.length), 1))),
    (signed) => swapped(signed, (parts) => void parts.splice(at(parts.length), 0, parts[(seed >> 3) % parts.length])),
    (signed) => swapped(signed, (parts) => void parts.splice(at(parts.length), 1)),
    (signed) => swapped(signed, (parts) => void parts.splice(at(parts.length + 1), 0, words)),
    (signed) => swapped(signed, (parts) => void parts.splice(at(parts.length + 1), 0, '')),
    (signed) => swapped(signed, (parts) => void parts.push(...parts.splice(0).toReversed())),
    (signed) => signed.replace('&', '?'),
    (signed) => signed.replace('?', '&'),
    (signed) => signed.replace('?', '??'),
    (signed) => signed.replace('=', ''),
    (signed) => `${signed}#${words}`,
    (signed) => signed.replace('sr-key=a', 'sr-key=b'),
    (signed) => signed.replace('/', '//'),
    (signed) => signed.replace(/[a-z](?=[^/]*$)/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
  ])
  return { url, change, nowMs: NOW + pick(random, [0, 0, 0, 3_599_000, 3_600_000]) }
}

async function isSigned(url: string, nowMs: number): Promise<boolean> {
  try {
    await requireSignature(url, 'sr', KEYS, nowMs)
    return true
  } catch (error) {
    if (!(error instanceof SrError)) throw error
    ensure(error.status === 403, `status ${error.status}`)
    return false
  }
}

async function checkSignature({ url, change, nowMs }: SignatureInput): Promise<boolean> {
  const plain = normalized(url)
  if (!plain || withoutOwn(plain, 'sr') === undefined) return false
  const signed = await signUrl(plain, { key: 'a', secret: KEYS.a, expires: 3600 }, NOW)
  ensure((await isSigned(signed, nowMs)) === nowMs < NOW + 3_600_000, 'what was signed')
  const changed = normalized(change(signed))
  if (!changed || changed === signed || !(await isSigned(changed, nowMs))) return false
  // It may look different: what is served, and what the origin is asked for, are the same.
  const served = (one: string) => {
    const params = paramsOf(one, KEEPING)
    return typeof params === 'object' ? { ...params, sourceUrl: params.sourceUrl.replace(/^[^:]*:/, '') } : params
  }
  const [before, after] = [served(signed), served(changed)]
  const isRefused = typeof after === 'string'
  ensure(isRefused || isDeepStrictEqual(before, after), () => `the signature of ${signed} is taken for ${changed}`)
  return true
}

// Redirects and the way to the origin

interface RedirectInput {
  readonly location: string
  readonly own: string
  readonly hosts: readonly string[]
}

const URL_WORDS = [
  'img.example',
  'cdn.example',
  'evil.example',
  'https:',
  'http:',
  '//',
  '\\',
  '@',
  ':443',
  ':80',
  ':8080',
  'localhost',
  '127.0.0.1',
  '[::1]',
  '%2e',
  '。',
  'blob:',
  'javascript:',
  'data:',
  '\t',
  'a:b@',
  'xn--',
  '../',
  '%00',
  '?',
  '#',
]

function makeRedirect(random: Random): RedirectInput {
  const location = pick(random, [
    '/b.jpg',
    'b.jpg?x=1',
    '//cdn.example/b',
    'https://img.example/b',
    'https://cdn.example/b.jpg',
    'http://img.example:8080/b',
    'https://a:b@cdn.example/',
    'blob:https://img.example/1',
    'https://evil.example/#@img.example',
  ])
  return {
    location: maybeMutated(random, location, URL_WORDS),
    own: pick(random, [
      'https://img.example',
      'http://img.example',
      'http://img.example:8080',
      'https://10.0.0.1:8443',
    ]),
    hosts: pick(random, [[], ['cdn.example'], ['cdn.example', 'xn--bcher-kva.example']]),
  }
}

function checkRedirect({ location, own, hosts }: RedirectInput): boolean {
  if (!URL.canParse(location, own)) return false
  const next = new URL(location, own)
  const may = mayFollow(next, own, hosts)
  // By what will be sent: its spelling, not the fields of the object.
  const [, scheme, host, port = ''] = /^(https?):\/\/([^/?#@:]+|\[[^\]]*\])(:\d+)?(?:[/?#]|$)/.exec(next.href) ?? []
  const isOwn = `${scheme}://${host}${port}` === own
  const isListed = hosts.includes(host) && port === '' && (scheme === 'https' || own.startsWith('http:'))
  ensure(may === (scheme !== undefined && (isOwn || isListed)), () => `${next.href}: ${may}`)
  return may
}

interface WayInput {
  readonly url: string
  readonly origin: string | undefined
}

function makeWay(random: Random): WayInput {
  const path = pick(random, [
    '/a.jpg',
    '//evil.example/a.jpg',
    '/../../a',
    '/%2e%2e/a',
    '/@evil.example',
    '/\\evil.example',
    '/a?b=//c',
    '',
  ])
  return {
    url: `https://visitor.example${maybeMutated(random, path, URL_WORDS)}`,
    origin: pick(random, [
      undefined,
      'https://img.example',
      'https://img.example/base',
      'http://img.example:8080/base/',
    ]),
  }
}

type Context = Parameters<ReturnType<typeof createOrigin>>[0]

async function checkWay({ url, origin }: WayInput): Promise<boolean> {
  // fetch, and so a Request, takes no credentials.
  if (!URL.canParse(url) || new URL(url).username || new URL(url).password) return false
  const request = new Request(url)
  const asked: string[] = []
  const real = globalThis.fetch
  globalThis.fetch = (input) => {
    asked.push((input as Request).url)
    return Promise.resolve(new Response('', { status: 302, headers: { location: url } }))
  }
  try {
    await createOrigin(origin, 60_000)({ req: { raw: request } } as unknown as Context)
  } catch (error) {
    if (!(error instanceof SrError)) throw error
  } finally {
    globalThis.fetch = real
  }
  ensure(asked.length <= 1, 'a redirect of a visitor was followed')
  for (const one of asked) {
    const [to, own] = [new URL(one), new URL(origin ?? request.url)]
    ensure(to.origin === own.origin, () => `asks ${to.origin}`)
    ensure(!origin || to.pathname.startsWith(own.pathname.replace(/\/$/, '')), () => `asks for ${to.pathname}`)
  }
  return asked.length > 0
}

// Entries of the cache

const ENTRY = {
  digest: 'd',
  etag: '"e"',
  type: 'image/png',
  size: 9,
  sr: 'done',
  sourceEtag: '"a"',
  inherited: {},
  ttlSeconds: 60,
  staleSeconds: 5,
  freshUntil: NOW,
}

function makeEntry(random: Random): Uint8Array {
  const text = maybeMutated(random, JSON.stringify(ENTRY), [
    'null',
    '1e999',
    '"size"',
    '{}',
    '[]',
    '""',
    'true',
    '"digest"',
  ])
  const bytes = Uint8Array.of(0, 0, text.length >> 8, text.length, ...latin1(text), ...new Uint8Array(9))
  return oneIn(random, 4) ? mutateBytes(random, bytes, bytes) : bytes
}

function checkEntry(bytes: Uint8Array): boolean {
  const answer = parseAnswer(bytes)
  if (!answer) return false
  const { entry, bytes: result } = answer
  ensure(result === undefined || result.length === entry.size, 'another size')
  for (const text of [entry.digest, entry.etag, entry.type, entry.sr]) ensure(typeof text === 'string', 'no text')
  for (const number of [entry.size, entry.ttlSeconds, entry.freshUntil]) ensure(typeof number === 'number', 'no number')
  return true
}

export function requestTargets(): FuzzTarget[] {
  const url = (random: Random) => normalized(makeUrl(random)) ?? 'https://a.test/?sr=2'
  return [
    defineTarget({
      name: 'range',
      about: 'parseRange: as RFC 9110 says, by arithmetic without limits; inside the size',
      share: 80,
      make: makeRange,
      check: checkRange,
    }),
    defineTarget({
      name: 'answer',
      about: 'isKnown and resultResponse: tags that were named, bytes as Content-Range says',
      share: 10,
      make: makeAnswer,
      check: checkAnswer,
    }),
    defineTarget({
      name: 'freshness',
      about: 'freshnessOf: within its bounds, stricter by every restriction, shorter by age',
      share: 40,
      make: makeFreshness,
      check: checkFreshness,
    }),
    defineTarget({
      name: 'query',
      about: 'splitOwn: not a byte of the rest is lost or changed',
      share: 60,
      make: makeUrl,
      check: checkQuery,
    }),
    defineTarget({
      name: 'params',
      about: 'parseParams: known values, or a short 400; ours never reaches the origin',
      share: 60,
      make: url,
      check: checkParams,
    }),
    defineTarget({
      name: 'signature',
      about: 'requireSignature: refused, or what is served is what was signed',
      share: 10,
      make: makeSignature,
      check: checkSignature,
      fileOf: (input) => JSON.stringify({ url: input.url, change: input.change(input.url), nowMs: input.nowMs }),
    }),
    defineTarget({
      name: 'redirect',
      about: 'mayFollow: the origin or a listed host, by the spelling that is sent',
      share: 40,
      make: makeRedirect,
      check: checkRedirect,
    }),
    defineTarget({
      name: 'way',
      about: 'createOrigin: no path of a visitor leads to another host, or above the base',
      share: 5,
      make: makeWay,
      check: checkWay,
    }),
    defineTarget({
      name: 'entry',
      about: 'entries of the cache: whole, or a miss',
      share: 5,
      make: makeEntry,
      check: checkEntry,
    }),
  ]
}
