// The target for the caching headers of an origin: Cache-Control, Expires, Age, Vary, Set-Cookie.
import type { Random } from '../../../worker/image/prng.ts'
import { resolveOptions } from '../../../worker/options.ts'
import { freshnessOf } from '../../../worker/origin/freshness.ts'
import { oneIn, pick } from '../draw.ts'
import { defineTarget, ensure, type FuzzTarget, NOW_MS } from '../fuzz.ts'
import { fieldText, HTTP_DATES } from '../httpFields.ts'
import { maybeMutateText } from '../mutateText.ts'

interface FreshnessInput {
  readonly headers: Readonly<Record<string, string>>
  /**
   * A restriction (`no-store`, `private`, `no-cache` or `no-transform`) that is added to Cache-Control, before the
   * other directives or after them.
   */
  readonly directive: string
  readonly isInFront: boolean
  /** Two numbers of seconds, as text. Each is tried as Age and as max-age. */
  readonly ages: readonly [string, string]
}

/** Directives of Cache-Control. The first four are the restrictions, from which `directive` is drawn. */
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
  const cacheControl = () => {
    const directives = Array.from({ length: 1 + random.below(4) }, () => pick(random, DIRECTIVES))
    return directives.join(pick(random, [', ', ',', ' ,']))
  }
  const fields: Record<string, () => string> = {
    'cache-control': cacheControl,
    expires: () => pick(random, HTTP_DATES),
    date: () => pick(random, HTTP_DATES),
    age: () => `${random.below(200)}`,
    vary: () => pick(random, ['*', 'Accept', 'Accept-Encoding, Origin', 'Cookie', 'accept , authorization', '']),
    'set-cookie': () => 'a=b',
  }
  const headers: Record<string, string> = {}
  for (const [name, make] of Object.entries(fields)) {
    const isLeftOut = oneIn(random, name === 'set-cookie' ? 1.1 : 2)
    if (!isLeftOut) headers[name] = fieldText(maybeMutateText(random, make(), CACHE_WORDS))
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

function freshnessWith(headers: Readonly<Record<string, string>>) {
  return freshnessOf(new Headers(headers), SETTINGS, NOW_MS)
}

function checkFreshness(input: FreshnessInput): boolean {
  const { ttlSeconds } = checkBounds(input)
  checkRestriction(input)
  checkAges(input)
  return ttlSeconds !== undefined && ttlSeconds > 0
}

/** Checks that times are within their limits, and that a response is never stored if its headers forbid it. */
function checkBounds({ headers }: FreshnessInput) {
  const freshness = freshnessWith(headers)
  const { isStorable, ttlSeconds, staleSeconds } = freshness
  const isSeconds = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most
  ensure(ttlSeconds === undefined || isSeconds(ttlSeconds, SETTINGS.maxTtlSeconds), `fresh for ${ttlSeconds} s`)
  ensure(isSeconds(staleSeconds, 86_400), `stale for ${staleSeconds} s`)

  // A malformed field that contains `no-store` or `private` forbids storing, too, because a response that may be meant
  // for one visitor must not be stored for others.
  const forbids = /(?<![\w-])(no-store|private)(?![\w-])/i.test(headers['cache-control'] ?? '')
  ensure(!isStorable || !forbids, 'stored although the origin forbids it')
  ensure(!isStorable || headers['set-cookie'] === undefined, 'stored with a cookie')
  ensure(!isStorable || !(headers.vary ?? '').includes('*'), 'stored although it varies by everything')
  return freshness
}

/** Checks that a restriction is obeyed, whatever the other directives are. */
function checkRestriction({ headers, directive, isInFront }: FreshnessInput): void {
  const others = headers['cache-control'] ?? ''
  const directives = isInFront ? [directive, others] : [others, directive]
  const cacheControl = directives.filter((one) => one !== '').join(', ')
  const strict = freshnessWith({ ...headers, 'cache-control': cacheControl })
  ensure(!strict.isStorable || !['no-store', 'private'].includes(directive), `stored with ${directive}`)
  ensure(strict.ttlSeconds === 0 || directive !== 'no-cache', 'fresh with no-cache')
  ensure(strict.isFixed || directive !== 'no-transform', 'changed with no-transform')
}

/** Checks that a higher Age never lengthens freshness, and that a higher max-age never shortens it. */
function checkAges({ headers, ages }: FreshnessInput): void {
  const [less, more] = ages.toSorted((a, b) => Number(a) - Number(b))
  const ttlAtAge = (age: string) => freshnessWith({ ...headers, age }).ttlSeconds ?? 0
  ensure(ttlAtAge(less) >= ttlAtAge(more), () => `fresh for longer at an age of ${more} than of ${less}`)
  const ttlWithMaxAge = (seconds: string) =>
    freshnessWith({ ...headers, 'cache-control': `max-age=${seconds}`, age: '1' }).ttlSeconds ?? 0
  ensure(ttlWithMaxAge(less) <= ttlWithMaxAge(more), () => `fresh for longer by max-age=${less} than by ${more}`)
}

export function freshnessTargets(): FuzzTarget[] {
  return [
    defineTarget({
      name: 'freshness',
      about: 'freshnessOf: times within their limits, every restriction obeyed, never longer with a higher Age',
      share: 40,
      make: makeFreshness,
      check: checkFreshness,
    }),
  ]
}
