// Targets for a visitor's URL: its query, its parameters, its signature.
import { isDeepStrictEqual } from 'node:util'
import { SrError } from '../../../worker/base/errors.ts'
import { FORMATS, QUALITIES, SCALES } from '../../../worker/client/allowed.ts'
import { splitOwn, withoutOwn } from '../../../worker/client/query.ts'
import type { Random } from '../../../worker/image/prng.ts'
import { resolveOptions, type Settings } from '../../../worker/options.ts'
import { parseParams, type Params } from '../../../worker/request/params.ts'
import { requireSignature, signUrl } from '../../../worker/signature.ts'
import { oneIn, pick } from '../draw.ts'
import { defineTarget, ensure, type FuzzTarget, NOW_MS } from '../fuzz.ts'
import { mutateText } from '../mutateText.ts'

const BASES = ['https://a.test/b/c.jpg', 'http://a.test/', 'https://img.example/a%20b/cat.png', 'https://[::1]:8080/x']
const QUERY_PARTS = [
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
]
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
  const base = pick(random, BASES)
  const parts = Array.from({ length: random.below(5) }, () => pick(random, QUERY_PARTS))
  if (!oneIn(random, 6)) {
    const at = random.below(parts.length + 1)
    parts.splice(at, 0, `sr=${pick(random, ['2', '3', '4', '5', '03', ''])}`)
  }
  const query = parts.join('&')
  const mark = query !== '' || oneIn(random, 4) ? '?' : ''
  const changed = oneIn(random, 2) ? query : mutateText(random, query, QUERY_WORDS)
  const url = `${base}${mark}${changed}`
  return oneIn(random, 8) ? mutateText(random, url, QUERY_WORDS) : url
}

/** Returns the URL in the spelling of Request.url, or undefined if it is not a valid URL. */
function normalize(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).href : undefined
}

function makeRequestUrl(random: Random): string {
  return normalize(makeUrl(random)) ?? 'https://a.test/?sr=2'
}

interface Query {
  /** The URL without its query and fragment. */
  readonly base: string
  /** Parts of the query that belong to the worker, in their order. */
  readonly ours: readonly string[]
  /** Parts of the query that belong to the origin, in their order. */
  readonly others: readonly string[]
}

const nameOf = (part: string) => part.split('=')[0]

/** A slow oracle for splitOwn. It follows the comment at the top of query.ts. */
function expectedQuery(url: string, param: string): Query {
  const [, base, query] = /^([^?#]*)(?:\?([^#]*))?/s.exec(url) ?? []
  const parts = query === undefined ? [] : query.split('&')
  const isOurs = (part: string) => part.startsWith('sr-') || nameOf(part) === param
  return { base, ours: parts.filter(isOurs), others: parts.filter((part) => !isOurs(part)) }
}

/** Parameters that request an enlargement, as `sr` does. */
const SIZE_PARAMS = ['sr-width', 'sr-height']

function checkQuery(url: string): boolean {
  const expected = expectedQuery(url, 'sr')
  const split = splitOwn(url, 'sr')
  ensure(split.base === expected.base, 'another base')
  ensure(isDeepStrictEqual(split.others, expected.others), "the origin's part was changed")
  const isSame = split.ours.every(([name, value], i) => [`${name}=${value}`, name + value].includes(expected.ours[i]))
  ensure(split.ours.length === expected.ours.length && isSame, 'our part was changed')
  const without = withoutOwn(url, 'sr')
  const isRequested = split.ours.some(([name]) => SIZE_PARAMS.includes(name) || name === 'sr')
  ensure((without !== undefined) === isRequested, 'our part was not found')
  if (without === undefined) return false
  ensure(withoutOwn(without, 'sr') === undefined, 'our part is still there')
  ensure(isDeepStrictEqual(splitOwn(without, 'sr').others, split.others), "the origin's part was changed")
  return true
}

const KEEPING = resolveOptions({ cache: false })
const IGNORING = resolveOptions({ cache: false, query: 'ignore' })
const LISTED = ['a', 'w', '__proto__']
const LISTING = resolveOptions({ cache: false, query: LISTED, param: 'up' })

/**
 * Returns the parameters, or the code of the error if the URL is refused, or undefined if it requests no enlargement.
 */
function parseOrCode(url: string, settings: Settings): Params | string | undefined {
  try {
    return parseParams(splitOwn(url, settings.param), settings)
  } catch (error) {
    if (!(error instanceof SrError)) throw error
    ensure(error.status === 400, `status ${error.status}`)
    ensure(error.message.length <= 250, () => `a message of ${error.message.length} characters`)
    ensure(/^[\x20-\x7e…]*$/.test(error.message), 'a message with odd characters')
    return error.code
  }
}

function checkParams(url: string): boolean {
  let isAccepted = false
  for (const settings of [KEEPING, IGNORING, LISTING]) {
    const params = parseOrCode(url, settings)
    const { ours } = expectedQuery(url, settings.param)
    const isRequested = ours.some((part) => [settings.param, ...SIZE_PARAMS].includes(nameOf(part)))
    ensure((params !== undefined) === isRequested, 'our part was not found')
    if (params === undefined || typeof params === 'string') continue
    isAccepted = true
    checkValues(params, settings)
    checkSourceUrl(url, params, settings)
  }
  return isAccepted
}

/** Checks that all values are allowed by the options. */
function checkValues({ wish, endsAt }: Params, settings: Settings): void {
  const { size, format, quality, model } = wish
  const isSize =
    size.scale === undefined
      ? [size.width, size.height].some((side) => side && settings.sizes.includes(side))
      : SCALES.includes(size.scale)
  ensure(isSize && FORMATS.includes(format) && QUALITIES.includes(quality), 'a value that does not exist')
  ensure(typeof model === 'string', 'no model')
  ensure(endsAt === undefined || (Number.isSafeInteger(endsAt) && endsAt >= 0), `ends at ${endsAt}`)
}

/**
 * Checks that the origin's URL has the visitor's host and path, and exactly the parts of the query that must be kept.
 */
function checkSourceUrl(url: string, { sourceUrl }: Params, settings: Settings): void {
  const { base, others } = expectedQuery(url, settings.param)
  const kept = keptParts(others, settings)
  ensure(
    sourceUrl === (kept.length > 0 ? `${base}?${kept.join('&')}` : base),
    () => `requests ${sourceUrl} from the origin`,
  )
  ensure(parseParams(splitOwn(sourceUrl, settings.param), settings) === undefined, 'our part reaches the origin')
  ensure(new URL(sourceUrl).host === new URL(url).host, 'another host')
}

/** Returns the parts of the query that the option `query` keeps. */
function keptParts(others: readonly string[], settings: Settings): readonly string[] {
  if (settings === IGNORING) return []
  if (settings === LISTING) return others.filter((part) => LISTED.includes(nameOf(part)))
  return others
}

// Signatures

const KEYS = { a: '00112233445566778899aabbccddeeff', b: 'ffeeddccbbaa99887766554433221100' }
/** Lifetime of the signed URLs. */
const EXPIRES_SECONDS = 3600

interface SignatureInput {
  readonly url: string
  /** Changes the signed URL. */
  readonly change: (signed: string) => string
  /** Time at which the URL is checked, in ms since 1970. */
  readonly nowMs: number
}

function makeSignature(random: Random): SignatureInput {
  const url = makeUrl(random)
  const place = random.below(2 ** 30)
  const words = mutateText(random, 'sr=3&w=1', QUERY_WORDS)
  const change = pick(random, changesOf(place, words))
  return { url, change, nowMs: NOW_MS + pick(random, [0, 0, 0, 3_599_000, 3_600_000]) }
}

/**
 * Returns functions that change a signed URL. `place` is a random number that determines where they change it. `words`
 * is the text that some of them insert.
 */
function changesOf(place: number, words: string): ((signed: string) => string)[] {
  const at = (length: number) => place % Math.max(1, length)
  const flipBit = (signed: string) => {
    const i = at(signed.length)
    const flipped = String.fromCharCode(signed.charCodeAt(i) ^ (1 << (place % 7)))
    return signed.slice(0, i) + flipped + signed.slice(i + 1)
  }
  const percentEncode = (letter: string) => `%${letter.charCodeAt(0).toString(16)}`
  const changeParts = (change: (parts: string[]) => void) => (signed: string) => {
    const [base, query = ''] = signed.split('?', 2)
    const parts = query.split('&')
    change(parts)
    return `${base}?${parts.join('&')}`
  }
  return Object.values({
    nothing: (signed: string) => signed,
    scheme: (signed: string) => signed.replace('https:', 'http:'),
    bit: flipBit,
    moveToEnd: changeParts((parts) => parts.push(...parts.splice(at(parts.length), 1))),
    repeatPart: changeParts((parts) => parts.splice(at(parts.length), 0, parts[(place >> 3) % parts.length])),
    dropPart: changeParts((parts) => parts.splice(at(parts.length), 1)),
    insertPart: changeParts((parts) => parts.splice(at(parts.length + 1), 0, words)),
    insertEmptyPart: changeParts((parts) => parts.splice(at(parts.length + 1), 0, '')),
    reverseParts: changeParts((parts) => parts.push(...parts.splice(0).toReversed())),
    questionMarkForAmpersand: (signed: string) => signed.replace('&', '?'),
    ampersandForQuestionMark: (signed: string) => signed.replace('?', '&'),
    twoQuestionMarks: (signed: string) => signed.replace('?', '??'),
    noEqualsSign: (signed: string) => signed.replace('=', ''),
    fragment: (signed: string) => `${signed}#${words}`,
    otherKey: (signed: string) => signed.replace('sr-key=a', 'sr-key=b'),
    twoSlashes: (signed: string) => signed.replace('/', '//'),
    percentEncodedLetter: (signed: string) => signed.replace(/[a-z](?=[^/]*$)/, percentEncode),
  })
}

async function isSigned(url: string, nowMs: number): Promise<boolean> {
  try {
    await requireSignature(splitOwn(url, 'sr'), KEYS, nowMs)
    return true
  } catch (error) {
    if (!(error instanceof SrError)) throw error
    ensure(error.status === 403, `status ${error.status}`)
    return false
  }
}

async function checkSignature({ url, change, nowMs }: SignatureInput): Promise<boolean> {
  const plain = normalize(url)
  if (!plain || withoutOwn(plain, 'sr') === undefined) return false
  const signed = await signUrl(plain, { key: 'a', secret: KEYS.a, expires: EXPIRES_SECONDS }, NOW_MS)
  const isAlive = nowMs < NOW_MS + 1000 * EXPIRES_SECONDS
  ensure((await isSigned(signed, nowMs)) === isAlive, 'the unchanged URL is accepted too long or refused too early')
  const changed = normalize(change(signed))
  if (!changed || changed === signed || !(await isSigned(changed, nowMs))) return false
  // A changed URL may be accepted only if its parameters and source URL are those of the signed URL, so that the worker
  // serves the same result for both.
  const [before, after] = [withoutScheme(signed), withoutScheme(changed)]
  const isRefused = typeof after === 'string'
  ensure(isRefused || isDeepStrictEqual(before, after), () => `the signature of ${signed} is accepted for ${changed}`)
  return true
}

/** Returns the parameters without the scheme of the source URL, or the code of the error if the URL is refused. */
function withoutScheme(url: string): Params | string | undefined {
  const params = parseOrCode(url, KEEPING)
  if (typeof params !== 'object') return params
  return { ...params, sourceUrl: params.sourceUrl.replace(/^[^:]*:/, '') }
}

export function urlTargets(): FuzzTarget[] {
  return [
    defineTarget({
      name: 'query',
      about: "splitOwn: no byte of the origin's part is lost or changed",
      share: 60,
      make: makeUrl,
      check: checkQuery,
    }),
    defineTarget({
      name: 'params',
      about: 'parseParams: allowed values, or a short 400; our parameters never reach the origin',
      share: 60,
      make: makeRequestUrl,
      check: checkParams,
    }),
    defineTarget({
      name: 'signature',
      about: 'requireSignature: a changed URL is refused, or serves exactly what was signed',
      share: 10,
      make: makeSignature,
      check: checkSignature,
      fileOf: (input) => JSON.stringify({ url: input.url, change: input.change(input.url), nowMs: input.nowMs }),
    }),
  ]
}
