// Targets for responses to range requests and conditional requests.
import { isDeepStrictEqual } from 'node:util'
import type { Entry } from '../../../worker/cache/entry.ts'
import type { Random } from '../../../worker/image/prng.ts'
import { isKnown, resultResponse } from '../../../worker/request/answer.ts'
import { parseRange } from '../../../worker/request/range.ts'
import { oneIn, pick } from '../draw.ts'
import { defineTarget, ensure, type FuzzTarget, NOW_MS } from '../fuzz.ts'
import { fieldText, HTTP_DATES } from '../httpFields.ts'
import { maybeMutateText, mutateText } from '../mutateText.ts'

// Range

interface RangeInput {
  readonly field: string
  readonly size: number
}

const RANGE_WORDS = ['bytes', 'Bytes', 'items', '0-0', '-1', '500-', ',']

function makeRange(random: Random): RangeInput {
  const size = pick(random, [0, 1, 2, 100, 1000, 10_000_000])
  const number = () => pick(random, ['', `${random.below(size + 2)}`, `${size - 1}`, `${size}`, '0', '9'.repeat(400)])
  const field = `bytes=${number()}-${number()}`
  return { size, field: maybeMutateText(random, field, RANGE_WORDS) }
}

/** A slow oracle for parseRange. It follows RFC 9110, section 14.1.2, and reads integers of any size. */
function expectedRange(field: string, size: number): ReturnType<typeof parseRange> {
  const [unit, set, ...more] = field.trim().split('=')
  const ends = (set ?? '').split('-')
  if (unit.toLowerCase() !== 'bytes' || more.length > 0 || ends.length !== 2) return undefined
  if (ends.some((end) => /[^0-9]/.test(end)) || ends.join('') === '') return undefined
  const [from, to] = ends.map((end) => (end === '' ? undefined : BigInt(end)))
  const last = BigInt(size) - 1n
  if (from === undefined) {
    if (to === 0n || size === 0) return 'none'
    const first = last + 1n - to!
    return { first: first < 0n ? 0 : Number(first), last: size - 1 }
  }
  if (to !== undefined && to < from) return undefined
  if (from > last) return 'none'
  return { first: Number(from), last: Number(to === undefined || to > last ? last : to) }
}

function checkRange({ field, size }: RangeInput): boolean {
  const range = parseRange(field, size)
  const expected = expectedRange(field, size)
  // parseRange reads numbers as floats, which are not exact above 2^53. For such numbers, only the bounds below are
  // checked.
  const isExact = !/\d{16}/.test(field)
  ensure(
    !isExact || isDeepStrictEqual(range, expected),
    () => `expected ${JSON.stringify(expected)}, got ${JSON.stringify(range)}`,
  )
  if (range === undefined) return false
  if (range === 'none') return true
  const { first, last } = range
  const isInside = Number.isInteger(first) && Number.isInteger(last) && first >= 0 && first <= last && last < size
  ensure(isInside, () => `range ${first}-${last} of ${size} bytes`)
  return true
}

// Conditional and partial requests

const ETAGS = ['"0123456789abcdef"', '"a,b"', '"W/"', '""', '"x"'] as const
const CONDITION_WORDS = [...ETAGS, 'W/', 'bytes', 'GMT']

interface ConditionalInput {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  /** ETag of the stored result. */
  readonly etag: string
  /** Last-Modified of the source, if known. */
  readonly modified: string | undefined
  /** Size of the stored result in bytes. */
  readonly size: number
}

function makeConditional(random: Random): ConditionalInput {
  const etag = pick(random, ETAGS)
  const etagList = () => {
    const weakOrStrong = () => (oneIn(random, 3) ? 'W/' : '') + pick(random, ETAGS)
    const tags = Array.from({ length: 1 + random.below(3) }, weakOrStrong)
    return tags.join(pick(random, [',', ', ', ' , ']))
  }
  const size = 1 + random.below(40)
  const ranges = ['bytes=0-0', 'bytes=-1', `bytes=${size - 1}-`, `bytes=${size}-`, 'bytes=0-1,3-4', 'bytes=5-2']
  const fields: Record<string, () => string> = {
    'if-none-match': () => (oneIn(random, 6) ? '*' : etagList()),
    'if-modified-since': () => pick(random, HTTP_DATES),
    'if-range': () => pick(random, [...ETAGS, ...HTTP_DATES]),
    range: () => pick(random, ranges),
  }
  const headers: Record<string, string> = {}
  for (const [name, make] of Object.entries(fields)) {
    if (oneIn(random, 2)) continue
    headers[name] = fieldText(oneIn(random, 2) ? make() : mutateText(random, make(), CONDITION_WORDS))
  }
  return {
    method: pick(random, ['GET', 'GET', 'HEAD']),
    headers,
    etag,
    size,
    modified: oneIn(random, 2) ? pick(random, HTTP_DATES.slice(0, 2)) : undefined,
  }
}

const ENTITY_TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/

/**
 * A slow oracle for If-None-Match. Returns whether the list contains the tag, by weak comparison, or undefined if the
 * field is not a valid list (RFC 9110, sections 8.8.3 and 13.1.2).
 */
function listContains(field: string, etag: string): boolean | undefined {
  if (field.trim() === '*') return true
  const list = new RegExp(`^[\\t ]*${ENTITY_TAG.source}([\\t ]*,[\\t ]*${ENTITY_TAG.source})*[\\t ]*$`)
  if (!list.test(field)) return undefined
  return [...field.matchAll(new RegExp(ENTITY_TAG.source, 'g'))].some(([, tag]) => tag === etag)
}

async function checkConditional(input: ConditionalInput): Promise<boolean> {
  const { method, headers, etag, size, modified } = input
  const request = new Request('https://a.test/b.jpg?sr=2', { method, headers })
  const known = isKnown(request, etag, modified)
  checkKnown(request, input, known)

  const entry: Entry = {
    result: 'r',
    digest: '',
    etag,
    type: 'image/jpeg',
    size,
    sr: 'done',
    ttlSeconds: 60,
    freshUntil: NOW_MS,
    ...(modified === undefined ? {} : { sourceModified: modified }),
  }
  const bytes = Uint8Array.from({ length: size }, (_, i) => i)
  const context = { cacheStatus: 'hit', ttlSeconds: 60, variesByAccept: false }
  const response = resultResponse(request, entry, true, bytes, context)
  ensure(response.headers.get('etag') === etag, 'another etag')
  ensure((response.status === 304) === known, `known: ${known}, status ${response.status}`)
  checkBody(response, new Uint8Array(await response.arrayBuffer()), input)
  return response.status !== 200
}

/**
 * Checks `known`, the result of isKnown(). It is true if the visitor's copy is current, so that the worker may answer
 * with 304.
 */
function checkKnown(request: Request, { headers, etag, modified }: ConditionalInput, known: boolean): void {
  const field = request.headers.get('if-none-match')
  if (field !== null) {
    const expected = listContains(field, etag)
    ensure(expected === undefined || expected === known, () => `${field} for ${etag}: ${known}`)
    ensure(!known || field.trim() === '*' || field.includes(etag), 'a match for a tag that the visitor did not send')
  } else if (!headers['if-modified-since'] || modified === undefined) {
    ensure(!known, 'a match for a visitor who sent no condition')
  }
}

/** Checks that the body and its headers agree. Byte i of the whole body has the value i. */
function checkBody(response: Response, body: Uint8Array, { method, size }: ConditionalInput): void {
  const { status } = response
  const length = response.headers.get('content-length')
  const range = response.headers.get('content-range')
  if (status === 206) {
    const [, first, last, whole] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range ?? '')?.map(Number) ?? []
    ensure(whole === size && first <= last && last < size, `content-range ${range}`)
    ensure(body.length === last - first + 1 && length === `${body.length}`, 'another length')
    const isRange = body.every((byte, i) => byte === first + i)
    ensure(isRange, 'other bytes')
  } else if (status === 200) {
    ensure(length === `${size}` && range === null, 'another length')
    ensure(body.length === (method === 'HEAD' ? 0 : size), 'not the whole body')
  } else {
    ensure([304, 416].includes(status) && body.length === 0, `status ${status}`)
    ensure(status === 304 || range === `bytes */${size}`, `content-range ${range}`)
  }
}

export function responseTargets(): FuzzTarget[] {
  return [
    defineTarget({
      name: 'range',
      about: 'parseRange: the range of RFC 9110, for integers of any size, never beyond the last byte',
      share: 80,
      make: makeRange,
      check: checkRange,
    }),
    defineTarget({
      name: 'answer',
      about: 'isKnown: only ETags that were sent match; resultResponse: the bytes that Content-Range states',
      share: 10,
      make: makeConditional,
      check: checkConditional,
    }),
  ]
}
