// A decision table: how the worker caches an answer, depending on the headers that the origin sends. Each rule is
// tested in each situation, in workerd with its Cache API and an R2 bucket. The rules follow RFC 9111 for a shared
// cache, and RFC 5861.
import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { clockAhead, SETTABLE_CLOCK } from '../support/worker/clock.ts'
import { bmp24 } from '../support/pictures/bmp.ts'
import { gradient } from '../support/pictures/codec.ts'
import { flatPicture, isPictureOf } from '../support/pictures/flat.ts'
import { askUntil, isKept, startSite } from '../support/worker/site.ts'

/**
 * Headers that an origin sends. A plain string is the value of Cache-Control. A list stands for several lines of one
 * header. `@9` stands for the date 9 seconds from now.
 */
type Says = string | Readonly<Record<string, string | readonly string[]>>

interface Rule {
  readonly says: Says
  /**
   * The Cache-Control of the worker's answer. ORIGINAL means that the original is served with the origin's
   * Cache-Control.
   */
  readonly answer: string
  /** Seconds for which a result is served without asking the origin; 0 if the origin is asked each time. */
  readonly fresh: number | 'not kept'
  /** Seconds after `fresh` for which the result is still served while the origin fails. */
  readonly stale: number
  /** True if the picture may depend on the cookie. A visitor with a cookie then gets the original for that cookie. */
  readonly isPersonal: boolean
}

const DEFAULT = 300
const DAY = 86_400
const YEAR = 31_536_000
const ORIGINAL = 'as the origin says'
const NO_CACHE = 'public, no-cache'
const NO_STORE = 'private, no-store'

const fresh = (says: Says, seconds: number, stale = DAY): Rule => ({
  says,
  answer: `public, max-age=${seconds}`,
  fresh: seconds,
  stale,
  isPersonal: false,
})
const askedEachTime = (says: Says, stale = DAY): Rule => ({
  says,
  answer: NO_CACHE,
  fresh: 0,
  stale,
  isPersonal: false,
})
const notKept = (says: Says, isPersonal = false): Rule => ({
  says,
  answer: NO_STORE,
  fresh: 'not kept',
  stale: 0,
  isPersonal,
})
const ownedBySomebody = (says: Says): Rule => notKept(says, true)
const original = (says: Says, isPersonal = false): Rule => ({
  says,
  answer: ORIGINAL,
  fresh: 'not kept',
  stale: 0,
  isPersonal,
})

const RULES: readonly Rule[] = [
  // Headers that do not change the default lifetime
  fresh({}, DEFAULT),
  fresh('public', DEFAULT),
  fresh('immutable', DEFAULT),
  fresh('x-no-store, privately, no-transforms', DEFAULT),
  fresh({ pragma: 'no-cache' }, DEFAULT),
  fresh({ 'last-modified': '@-864000' }, DEFAULT),
  fresh('', DEFAULT),
  fresh(',, ,', DEFAULT),

  // Lifetimes
  fresh('max-age=60', 60),
  fresh('MAX-AGE=60', 60),
  fresh('Max-Age="60"', 60),
  fresh('max-age = 60', 60),
  fresh('public,max-age=60,immutable', 60),
  fresh({ 'cache-control': ['public', 'max-age=60'] }, 60),
  fresh({ 'cache-control': ['max-age=60', 'max-age=90'] }, 60),
  fresh('max-age=60, max-age=90', 60),
  fresh('max-age=60, stale-while-revalidate=900', 60),
  fresh('max-age=31536000, immutable', YEAR),
  fresh('max-age=99999999', YEAR),
  fresh('max-age=99999999999999999999', YEAR), // an overflow counts as the largest value (RFC 9111, 1.2.2)
  fresh('public; max-age=60', 60),
  fresh('x-own="a, max-age=9", max-age=60', 60),
  askedEachTime('max-age=0'),
  askedEachTime('max-age'),
  askedEachTime('max-age='),
  askedEachTime('max-age=-60'),
  askedEachTime('max-age=6e3'),
  askedEachTime('max-age=60.5'),
  askedEachTime("max-age='60'"),
  askedEachTime('max-age=one hour'),

  // s-maxage, which also forbids stale answers
  fresh('s-maxage=60', 60, 0),
  fresh('S-MaxAge="60", max-age=90', 60, 0),
  { ...fresh('max-age=60, s-maxage=90', 90, 0), answer: 'public, max-age=60' },
  { ...fresh('max-age=0, s-maxage=90', 90, 0), answer: NO_CACHE },
  askedEachTime('max-age=60, s-maxage=0', 0),
  askedEachTime('max-age=60, s-maxage=junk', 0),

  // Age
  fresh({ 'cache-control': 'max-age=600', age: '60' }, 540),
  fresh({ 'cache-control': 'max-age=600', age: 'old' }, 600),
  fresh({ 'cache-control': 'max-age=600', age: '-60' }, 600),
  fresh({ 'cache-control': 'max-age=600', age: ['60', '0'] }, 540),
  fresh({ 'cache-control': 's-maxage=600', age: '60' }, 540, 0),
  askedEachTime({ 'cache-control': 'max-age=600', age: '600' }),
  askedEachTime({ 'cache-control': 'max-age=600', age: '99999999999999999999' }),
  fresh({ age: '60' }, DEFAULT),

  // Expires
  fresh({ expires: '@600', date: '@0' }, 600),
  fresh({ expires: '@600', date: '@300' }, 300),
  fresh({ expires: '@600' }, 600),
  fresh({ expires: '@600', date: 'today' }, 600),
  fresh({ expires: '@600', date: '@0', age: '60' }, 540),
  fresh({ expires: '@99999999', date: '@0' }, YEAR),
  fresh({ expires: '@0', date: '@0', 'cache-control': 'max-age=60' }, 60),
  { ...fresh({ expires: '0', 'cache-control': 's-maxage=60' }, 60, 0), answer: NO_CACHE },
  askedEachTime({ expires: '@0', date: '@0' }),
  askedEachTime({ expires: '@-9', date: '@0' }),
  askedEachTime({ expires: '0' }),
  askedEachTime({ expires: '-1' }),
  askedEachTime({ expires: 'never' }),
  askedEachTime({ expires: '3600' }), // seconds instead of a date are a common mistake, and must not be read as a year
  askedEachTime({ expires: '2099' }),
  askedEachTime({ expires: ['@600', '@900'] }),

  // Headers for CDNs, which replace Cache-Control for caches like ours (RFC 9213)
  fresh({ 'cdn-cache-control': 'max-age=60' }, 60),
  fresh({ 'cdn-cache-control': ['public', 'max-age=60'], 'cache-control': 'max-age=90' }, 60),
  fresh({ 'cloudflare-cdn-cache-control': 'max-age=60', 'cdn-cache-control': 'no-store' }, 60),
  { ...fresh({ 'cdn-cache-control': 'max-age=600' }, 600), answer: 'public, max-age=300' },
  {
    ...fresh({ 'cdn-cache-control': 'max-age=600', 'cache-control': 'max-age=60' }, 600),
    answer: 'public, max-age=60',
  },
  { ...fresh({ 'cdn-cache-control': 'max-age=600', expires: '@60', date: '@0' }, 600), answer: 'public, max-age=60' },
  { ...fresh({ 'cdn-cache-control': 'max-age=600', 'cache-control': 'no-cache' }, 600), answer: NO_CACHE },
  { ...fresh({ 'cdn-cache-control': 'max-age=600', 'cache-control': 'no-store' }, 600), answer: NO_STORE },
  { ...fresh({ 'cdn-cache-control': 'max-age=600', 'cache-control': 'private' }, 600), answer: NO_STORE },
  askedEachTime({ 'cdn-cache-control': 'no-cache', 'cache-control': 'max-age=60' }, 0),
  askedEachTime({ 'cdn-cache-control': 'max-age="60"', 'cache-control': 'max-age=60' }),
  notKept({ 'cdn-cache-control': 'no-store', 'cache-control': 'max-age=60' }),
  notKept({ 'cloudflare-cdn-cache-control': 'no-store', 'cdn-cache-control': 'max-age=60' }),
  notKept({ 'cdn-cache-control': 'max-age=60', 'set-cookie': 'a=b' }),
  ownedBySomebody({ 'cloudflare-cdn-cache-control': 'private', 'cache-control': 'public, max-age=60' }),
  ownedBySomebody({ 'cdn-cache-control': 'max-age=60', vary: 'Cookie' }),
  original({ 'cdn-cache-control': 'max-age=60', 'cache-control': 'no-transform' }),
  original({ 'cdn-cache-control': 'max-age=60, no-transform' }),
  // Not a Dictionary of RFC 9651, so it counts as missing, except for what it forbids
  fresh({ 'cdn-cache-control': 'Max-Age=9', 'cache-control': 'max-age=60' }, 60),
  notKept({ 'cdn-cache-control': 'No-Store', 'cache-control': 'max-age=60' }),
  ownedBySomebody({ 'cdn-cache-control': 'max-age=60,, private', 'cache-control': 'max-age=60' }),
  // For other CDNs
  fresh({ 'surrogate-control': 'no-store', 'cache-control': 'max-age=60' }, 60),

  // Directives that forbid stale answers, or limit them, or make the worker ask the origin each time
  askedEachTime('no-cache', 0),
  askedEachTime('NO-CACHE, max-age=60', 0),
  askedEachTime('no-cache="Set-Cookie", max-age=60', 0),
  askedEachTime({ 'cache-control': ['max-age=60', 'no-cache'] }, 0),
  fresh('max-age=60, must-revalidate', 60, 0),
  fresh('max-age=60, proxy-revalidate', 60, 0),
  fresh('max-age=60, stale-if-error=120', 60, 120),
  fresh('max-age=60, Stale-If-Error="120"', 60, 120),
  fresh('max-age=60, stale-if-error=0', 60, 0),
  fresh('max-age=60, stale-if-error=junk', 60, 0),
  fresh('max-age=60, stale-if-error=99999999', 60, DAY),
  fresh('stale-if-error=120', DEFAULT, 120),
  askedEachTime('max-age=0, stale-if-error=120', 120),
  // A directive that forbids stale answers overrules stale-if-error (RFC 9111, 4.2.4).
  fresh('max-age=60, stale-if-error=120, must-revalidate', 60, 0),
  fresh('s-maxage=60, stale-if-error=120', 60, 0),
  askedEachTime('no-cache, stale-if-error=120', 0),

  // Answers that must not be kept for other visitors
  notKept('no-store'),
  notKept('No-Store, max-age=60'),
  notKept('no-store="x", max-age=60'),
  notKept('must-understand, no-store, max-age=60'),
  notKept('max-age=60; no-store'),
  notKept({ 'cache-control': ['max-age=60', 'no-store'] }),
  notKept('no-store, no-cache, must-revalidate, stale-if-error=120'),
  notKept({ 'cache-control': 'max-age=60', 'set-cookie': 'a=b' }),
  notKept({ 'cache-control': 'public, max-age=60', 'set-cookie': ['a=b; Path=/', 'c=d'] }),
  notKept({ 'cache-control': 'max-age=60', vary: 'User-Agent' }),
  notKept({ 'cache-control': 'max-age=60', vary: 'Accept-Language' }),
  notKept({ 'cache-control': 'max-age=60', vary: 'Authorization' }),
  notKept({ 'cache-control': 'max-age=60', vary: ['Accept-Encoding', 'DPR'] }),
  ownedBySomebody('private'),
  ownedBySomebody('PRIVATE, max-age=60'),
  ownedBySomebody('public, private, max-age=60'),
  ownedBySomebody('private="x-own, x-other", max-age=60'),
  ownedBySomebody('private; max-age=60'),
  ownedBySomebody({ 'cache-control': ['max-age=60', 'private'] }),
  ownedBySomebody({ 'cache-control': 'max-age=60', vary: 'Cookie' }),
  ownedBySomebody({ 'cache-control': 'max-age=60', vary: 'accept-encoding,COOKIE' }),
  ownedBySomebody({ 'cache-control': 'max-age=60', vary: ['Accept', 'Cookie'] }),
  ownedBySomebody({ 'cache-control': 'max-age=60', vary: '*' }),
  ownedBySomebody({ vary: 'Accept-Encoding, *' }),

  // Vary that names only headers that are the same in every request of the worker
  fresh({ 'cache-control': 'max-age=60', vary: 'Accept' }, 60),
  fresh({ 'cache-control': 'max-age=60', vary: 'Origin' }, 60),
  fresh({ 'cache-control': 'max-age=60', vary: 'Accept-Encoding' }, 60),
  fresh({ 'cache-control': 'max-age=60', vary: 'ACCEPT,accept-encoding ,Origin,' }, 60),
  fresh({ 'cache-control': 'max-age=60', vary: ['Accept', 'Accept-Encoding'] }, 60),
  fresh({ vary: '' }, DEFAULT),

  // Answers whose picture must not be changed
  original('no-transform'),
  original('NO-TRANSFORM, max-age=60'),
  original('max-age=60, no-transform="yes"'),
  original({ 'cache-control': ['max-age=60', 'no-transform'] }),
  original('no-transform, no-store'),
  original('no-transform, private', true),
  original({ 'cache-control': 'no-transform', vary: 'Cookie' }, true),
]

const VISITORS: Readonly<Record<string, Record<string, string>>> = {
  nothing: {},
  'a cookie': { cookie: 'session=ann' },
  Authorization: { authorization: 'Bearer ann' },
}
const CREDENTIALS = Object.keys(VISITORS)
type Whose = (typeof CREDENTIALS)[number]

const site = startSite({ buckets: ['RESULTS_BUCKET'], prelude: SETTABLE_CLOCK })
const { origin } = site
afterEach(() => setClock(0))

let ahead = 0
/** Sets the worker's clock `seconds` ahead of the test's clock, for all later requests. */
async function setClock(seconds: number) {
  if (seconds === ahead) return
  ahead = seconds
  origin.serve('/clock', '', clockAhead(seconds))
  await site.ask('/clock')
}

/**
 * A picture at the origin. Its colour depends on the path and on the visitor. Tests change its fields between two
 * answers.
 */
interface Picture {
  readonly path: string
  status: number
  etag: string
  says: Says
  /** Headers of a 304. Default: those in `says`. */
  says304?: Says
  /** A text that the origin sends instead of the picture. */
  text?: string
  isFailing: boolean
}

let count = 0
/** Lets the origin serve a new picture with the headers `says`. */
function pictureThat(says: Says): Picture {
  const path = `/${count++}.bmp`
  const picture: Picture = { path, status: 200, etag: `"${path}"`, says, isFailing: false }
  origin.handle(path, ({ headers }, response) => {
    if (picture.isFailing) return void response.writeHead(503).end('down')
    const { etag } = picture
    const isKnown = headers['if-none-match'] === etag
    const lines = linesOf((isKnown && picture.says304) || picture.says).map(([name, value]) => [name, dated(value)])
    response.sendDate = false
    response.writeHead(isKnown ? 304 : picture.status, [...lines, ['etag', etag]].flat())
    response.end(isKnown ? undefined : (picture.text ?? flatPicture(`${path} for ${whoAsks(headers)}`)))
    return undefined
  })
  return picture
}

function whoAsks({ cookie, authorization }: { cookie?: string; authorization?: string }): Whose {
  return authorization ? 'Authorization' : cookie ? 'a cookie' : 'nothing'
}

function linesOf(says: Says): [string, string][] {
  const headers = typeof says === 'string' ? { 'cache-control': says } : says
  return Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  )
}

function dated(value: string): string {
  const seconds = /^@(-?\d+)$/.exec(value)?.[1]
  return seconds === undefined ? value : new Date(Date.now() + 1000 * Number(seconds)).toUTCString()
}

async function ask({ path }: Picture, whose: Whose = 'nothing') {
  const before = origin.asked.length
  const { status, headers, bytes } = await site.ask(`${path}?sr=2&sr-model=bicubic`, { headers: VISITORS[whose] })
  return {
    status,
    seen: status === 200 ? await nameOf(bytes, path) : bytes.toString(),
    kept: headers.get('cache-control'),
    cookie: headers.get('set-cookie'),
    cacheStatus: headers.get('cache-status')?.replace('edge-srcnn; ', ''),
    /** For each request to the origin: whose credentials it had, and whether it was conditional. */
    asked: origin.asked
      .slice(before)
      .map(({ headers: sent }) => `${whoAsks(sent)}${sent['if-none-match'] ? ', if new' : ''}`),
  }
}

/**
 * Returns the name of the picture in `bytes`: `original` or `sharper`, then the credentials for which the origin sent
 * the original. `sharper, for nothing` is the enlarged picture for a request without credentials.
 */
async function nameOf(bytes: Buffer, at: string): Promise<string> {
  const path = at.replace('-from', '')
  for (const whose of CREDENTIALS) {
    const text = `${path} for ${whose}`
    if (bytes.equals(flatPicture(text))) return `original, for ${whose}`
    if (bytes[0] === PNG && (await isPictureOf(text, bytes))) return `sharper, for ${whose}`
  }
  return 'something else'
}

/** The first byte of a PNG, which is what a BMP becomes. */
const PNG = 0x89

/** Repeats `ask` until the answer is a kept result. */
const untilKept = (picture: Picture) => askUntil(() => ask(picture), isKept, `a kept result: ${lineOf(picture.says)}`)

/** Returns the results in R2 that were made from the picture that the origin serves without credentials. */
async function kept({ path }: Picture): Promise<readonly unknown[]> {
  const digest = createHash('sha256')
    .update(flatPicture(`${path} for nothing`))
    .digest('hex')
  const bucket = await site.worker.getR2Bucket('RESULTS_BUCKET')
  return (await bucket.list({ prefix: `results/${digest}/` })).objects
}

/** Returns the prefix of the entries in R2 of a path without a query of its own. */
function entriesOf(path: string): string {
  return `entries/${createHash('sha256').update(`http://site.test${path}`).digest('hex')}.`
}

/** Most seconds that a test may take. A lifetime in an answer may be this many seconds shorter than in its rule. */
const SLACK = 30

function expectCacheControl(actual: string | null, expected: string) {
  const [, most] = /^public, max-age=(\d+)$/.exec(expected) ?? []
  if (most === undefined) return expect(actual).toBe(expected)
  const seconds = Number(/^public, max-age=(\d+)$/.exec(actual ?? '')?.[1])
  expect(seconds).toBeLessThanOrEqual(Number(most))
  return expect(seconds).toBeGreaterThan(Number(most) - SLACK)
}

/** Checks an answer with status 200 against a rule. */
function expectAnswer({ says, answer, isPersonal }: Rule, whose: Whose, got: Awaited<ReturnType<typeof ask>>) {
  const isTheirOwn = whose === 'Authorization' || (whose === 'a cookie' && isPersonal)
  const isOriginal = isTheirOwn || answer === ORIGINAL
  expect([got.status, got.seen]).toEqual([
    200,
    `${isOriginal ? 'original' : 'sharper'}, for ${isTheirOwn ? whose : 'nothing'}`,
  ])
  if (!isOriginal) {
    expectCacheControl(got.kept, answer)
    return expect(got.cookie).toBeNull()
  }
  const sent = linesOf(says)
    .filter(([name]) => name === 'cache-control')
    .map(([, value]) => value)
  return expect(got.kept ?? '').toBe(sent.join(', '))
}

/** Returns headers as one line of text. */
function lineOf(says: Says): string {
  const lines = linesOf(says).map(([name, value]) => `${name}: ${value}`)
  return lines.length > 0 ? lines.join(' / ') : 'nothing'
}

describe.each(RULES.map((rule) => [lineOf(rule.says), rule] as const))('if an origin sends %s', (_, rule) => {
  const { says, fresh: lifetime, stale, isPersonal } = rule
  const passes = (whose: Whose) => whose === 'Authorization' || (whose === 'a cookie' && isPersonal)
  let known: Picture
  beforeAll(async () => {
    known = pictureThat(says)
    if (lifetime === 'not kept') await ask(known)
    else await untilKept(known)
  })

  test.each(CREDENTIALS)('the first visitor, with %s, gets what the rule says', async (whose) => {
    const picture = pictureThat(says)
    const first = await ask(picture, whose)
    expectAnswer(rule, whose, first)
    expect(first.asked).toContain(passes(whose) ? whose : 'nothing')
    if (passes(whose) || lifetime === 'not kept') {
      // Nothing is kept for the next visitor.
      const next = await ask(picture)
      expectAnswer(rule, 'nothing', next)
      expect(next.asked).toEqual(['nothing'])
      if (lifetime === 'not kept') expect(await kept(picture)).toEqual([])
    }
  })

  test.each(CREDENTIALS)('a later visitor, with %s, gets what the rule says', async (whose) => {
    const later = await ask(known, whose)
    expectAnswer(rule, whose, later)
    if (passes(whose)) {
      expect(later.asked.at(-1)).toBe(whose)
      expect(later.cacheStatus).toBeUndefined()
    } else if (lifetime === 'not kept') {
      expect(later.asked).toEqual(['nothing'])
      expect(later.cacheStatus).toBe(rule.answer === ORIGINAL ? undefined : 'fwd=miss')
      expect(await kept(known)).toEqual([])
    } else if (lifetime === 0) {
      expect(later.asked).toEqual(['nothing, if new'])
      expect(later.cacheStatus).toBe('fwd=stale; fwd-status=304; stored')
    } else {
      expect(later.asked).toEqual([])
      expect(later.cacheStatus).toBe('hit; detail=edge')
      await setClock(lifetime - SLACK)
      expect((await ask(known, whose)).asked).toEqual([])
    }
  })

  describe('and then fails,', () => {
    beforeAll(() => void (known.isFailing = true))

    test.each(CREDENTIALS)('a visitor with %s gets the kept result or the error, as the rule says', async (whose) => {
      /** Returns the answer `seconds` after the result became stale. */
      const seenAfter = async (seconds: number) => {
        await setClock((lifetime === 'not kept' ? 0 : lifetime) + seconds)
        const { status, seen, kept: cacheControl, cacheStatus } = await ask(known, whose)
        return { status, seen, cacheControl, cacheStatus }
      }
      const down = { status: 503, seen: 'down', cacheControl: null, cacheStatus: undefined }
      const old = {
        status: 200,
        seen: 'sharper, for nothing',
        cacheControl:
          rule.answer === NO_STORE
            ? NO_STORE
            : rule.answer === NO_CACHE && lifetime !== 0
              ? NO_CACHE
              : 'public, max-age=60',
        cacheStatus: 'fwd=stale; fwd-status=503; detail=stale-if-error',
      }
      const isServed = stale > 0 && whose !== 'Authorization'
      expect(await seenAfter(1)).toEqual(isServed ? old : down)
      if (whose !== 'nothing') return
      if (isServed) {
        expect(await seenAfter(stale - SLACK)).toEqual(old)
        expect(await seenAfter(stale + 1)).toEqual(down)
      }
      if (lifetime !== 'not kept' && lifetime > 0) {
        expect(await seenAfter(-SLACK)).toMatchObject({ cacheStatus: 'hit; detail=edge' })
      }
    })
  })
})

/**
 * Repeats `ask` until the worker asks the origin in the way `asked`. One try may be too early, because the worker
 * changes its caches only after it has answered.
 */
const untilAsked = (picture: Picture, asked: Asked) =>
  askUntil(
    () => ask(picture),
    (answer) => (answer.asked[0] ?? NOT_ASKED) === asked,
    `an answer for which the origin is asked: ${asked}`,
  )

const NOT_ASKED = 'not asked'
const IF_NEW = 'nothing, if new'
const WHOLE = 'nothing'
type Asked = typeof NOT_ASKED | typeof IF_NEW | typeof WHOLE

/** Returns a picture whose kept result is stale, because the clock is set ahead. */
async function stalePicture(): Promise<Picture> {
  const picture = pictureThat('max-age=60')
  await untilKept(picture)
  await setClock(61)
  return picture
}

/**
 * Each row: the headers of a 304 for a stale picture, the Cache-Control of the worker's answer, how the worker asks the
 * origin at the next request, and whether it serves the result if the origin then fails.
 */
const REVALIDATIONS: [says: Says, answer: string, next: Asked, isServedStale: boolean][] = [
  [{}, 'public, max-age=60', NOT_ASKED, true],
  [{ vary: 'Accept-Encoding' }, 'public, max-age=60', NOT_ASKED, true],
  ['public', 'public, max-age=60', NOT_ASKED, true],
  ['max-age=600', 'public, max-age=600', NOT_ASKED, true],
  [{ expires: '@700' }, 'public, max-age=639', NOT_ASKED, true], // the worker's clock is 61 s ahead
  ['max-age=0, s-maxage=600', NO_CACHE, NOT_ASKED, false],
  ['max-age=600, must-revalidate', 'public, max-age=600', NOT_ASKED, false],
  ['max-age=600, stale-if-error=0', 'public, max-age=600', NOT_ASKED, false],
  ['max-age=0', NO_CACHE, IF_NEW, true],
  ['no-cache', NO_CACHE, IF_NEW, false],
  ['no-store', NO_STORE, WHOLE, false],
  ['private, max-age=600', NO_STORE, WHOLE, false],
  [{ 'set-cookie': 'a=b' }, NO_STORE, WHOLE, false],
  [{ vary: 'Cookie' }, NO_STORE, WHOLE, false],
  ['max-age=600, no-transform', ORIGINAL, WHOLE, false],
  [{ 'cdn-cache-control': 'max-age=600' }, 'public, max-age=300', NOT_ASKED, true],
  [{ 'cdn-cache-control': 'max-age=600', 'cache-control': 'max-age=90' }, 'public, max-age=90', NOT_ASKED, true],
  [{ 'cdn-cache-control': 'no-store', 'cache-control': 'max-age=600' }, NO_STORE, WHOLE, false],
  [{ 'cloudflare-cdn-cache-control': 'private' }, NO_STORE, WHOLE, false],
]

describe('after a 304, its headers decide how the result is cached:', () => {
  test.each(REVALIDATIONS.map((row) => [lineOf(row[0]), row] as const))(
    '%s',
    async (_, [says304, answer, next, isServedStale]) => {
      const picture = await stalePicture()
      Object.assign(picture, { says304 })
      const got = await ask(picture)
      expect([got.status, got.seen, got.cookie]).toEqual([
        200,
        `${answer === ORIGINAL ? 'original' : 'sharper'}, for nothing`,
        null,
      ])
      expectCacheControl(got.kept, answer === ORIGINAL ? 'max-age=60' : answer)
      picture.says = says304
      await untilAsked(picture, next)
      picture.isFailing = true
      await setClock(800)
      expect((await ask(picture)).status).toBe(isServedStale ? 200 : 503)
    },
  )

  test.each<Says>(['private', { vary: 'Cookie' }])(
    'a visitor with a cookie gets their own picture after a 304 with %s',
    async (says304) => {
      const picture = await stalePicture()
      picture.says304 = says304
      const theirs = await ask(picture, 'a cookie')
      expect(theirs.seen).toBe('original, for a cookie')
      expect(theirs.asked).toEqual([IF_NEW, 'a cookie'])
    },
  )
})

/**
 * Each row: the last answer of the origin for a kept picture, and whether the worker serves the result if the origin
 * then fails.
 */
const CHANGES: [what: string, change: Partial<Picture>, isServedStale: boolean][] = [
  ['404', { status: 404 }, false],
  ['410', { status: 410 }, false],
  ['private', { says: 'private' }, false],
  ['no-store', { says: 'no-store' }, false],
  ['no-transform', { says: 'no-transform' }, false],
  ['Set-Cookie', { says: { 'set-cookie': 'a=b' } }, false],
  ['401', { status: 401 }, false],
  ['402', { status: 402 }, false],
  ['451', { status: 451 }, false],
  ['302', { status: 302 }, false],
  ['307 with no-store', { status: 307, says: 'no-store' }, false],
  ['a page with 200', { text: '<!doctype html><title>Log in</title>' }, false],
  ['a text with 200', { text: '{"error":"log in"}' }, false],
  ['CDN-Cache-Control: no-store', { says: { 'cdn-cache-control': 'no-store' } }, false],
  // The origin has too much to do.
  ['429', { status: 429 }, true],
  ['429 with no-store', { status: 429, says: 'no-store' }, true],
  ['408', { status: 408 }, true],
  // A firewall may have sent these, to our request only. The second one counts, see below.
  ['403', { status: 403 }, true],
  ['403 with no-store and a cookie', { status: 403, says: { 'cache-control': 'no-store', 'set-cookie': 'a=b' } }, true],
  ['405', { status: 405 }, true],
]

describe('while the origin fails,', () => {
  test.each(CHANGES)(
    'a kept result is served only if the last answer of the origin allowed it: %s',
    async (_, change, isServedStale) => {
      const picture = await stalePicture()
      Object.assign(picture, { etag: '"another"', ...change })
      await untilAsked(picture, isServedStale ? IF_NEW : WHOLE)
      picture.isFailing = true
      const { status, seen } = await ask(picture)
      expect([status, seen]).toEqual(isServedStale ? [200, 'sharper, for nothing'] : [503, 'down'])
    },
  )
})

describe('a refusal that a firewall may have sent', () => {
  const STALE = { status: 200, seen: 'sharper, for nothing', kept: 'public, max-age=60' }
  const refused = (status: number) => ({ status, cacheStatus: undefined })

  /** Waits until the worker has stored that the origin refused the picture or, if `isNoted` is false, that it no longer does. */
  async function untilNoted({ path }: Picture, isNoted = true) {
    const bucket = await site.worker.getR2Bucket('RESULTS_BUCKET')
    const noted = async () => {
      const [entry] = (await bucket.list({ prefix: entriesOf(path) })).objects
      return (await (await bucket.get(entry.key))!.text()).includes('"refusedAt"')
    }
    await askUntil(
      noted,
      (found) => found === isNoted,
      `an entry ${isNoted ? 'with' : 'without'} the time of the refusal`,
    )
  }

  test.each([400, 403, 405, 406, 418])(
    '(%i) counts as a failure of the origin, until another one comes a minute later',
    async (status) => {
      const picture = await stalePicture()
      Object.assign(picture, { status, etag: '"another"' })
      const first = await ask(picture)
      expect(first).toMatchObject(STALE)
      expect(first.cacheStatus).toBe(`fwd=stale; fwd-status=${status}; detail=stale-if-error`)
      await untilNoted(picture)
      await setClock(61 + 55)
      expect(await ask(picture)).toMatchObject(STALE)
      await setClock(61 + 61)
      expect(await ask(picture)).toMatchObject(refused(status))
      await untilAsked(picture, WHOLE)
      picture.isFailing = true
      expect((await ask(picture)).status).toBe(503)
    },
  )

  test('counts as the first one again after the origin has confirmed the picture', async () => {
    const picture = await stalePicture()
    const { etag } = picture
    Object.assign(picture, { status: 403, etag: '"another"' })
    expect(await ask(picture)).toMatchObject(STALE)
    await untilNoted(picture)
    Object.assign(picture, { status: 200, etag })
    expect((await ask(picture)).cacheStatus).toBe('fwd=stale; fwd-status=304; stored')
    await untilAsked(picture, NOT_ASKED)
    await setClock(300)
    Object.assign(picture, { status: 403, etag: '"another"' })
    expect(await ask(picture)).toMatchObject(STALE)
    await untilNoted(picture)
    await setClock(300 + 61)
    expect(await ask(picture)).toMatchObject(refused(403))
  })

  test.each<[what: string, method: string, says: Says, sr: string]>([
    ['HEAD', 'HEAD', 'max-age=60', 'done'],
    [
      'GET that is not enlarged',
      'GET',
      { 'cache-control': 'max-age=60', 'x-sr': 'done; scale=2' },
      'skipped; reason=PROC',
    ],
  ])('counts as the first one again after the origin has sent the picture for a %s', async (_, method, says, sr) => {
    const picture = await stalePicture()
    const refuse = () => Object.assign(picture, { status: 403, etag: '"another"', says: 'max-age=60' })
    refuse()
    expect(await ask(picture)).toMatchObject(STALE)
    await untilNoted(picture)
    Object.assign(picture, { status: 200, etag: '"new"', says })
    const answer = await site.ask(`${picture.path}?sr=2&sr-model=bicubic`, { method })
    expect([answer.status, answer.sr]).toEqual([200, expect.stringMatching(`^${sr}`)])
    await untilNoted(picture, false)
    await setClock(300)
    refuse()
    expect(await ask(picture)).toMatchObject(STALE)
    await untilNoted(picture)
    await setClock(300 + 61)
    expect(await ask(picture)).toMatchObject(refused(403))
  })

  test.each(['max-age=60, must-revalidate', 'no-cache', 'max-age=0, stale-if-error=0'])(
    'is passed on at once if the picture came with Cache-Control: %s',
    async (says) => {
      const picture = pictureThat(says)
      await untilKept(picture)
      await setClock(61)
      Object.assign(picture, { status: 403, etag: '"another"', says: {} })
      expect(await ask(picture)).toMatchObject(refused(403))
    },
  )

  test('is passed on to a visitor with Authorization', async () => {
    const picture = await stalePicture()
    Object.assign(picture, { status: 403, says: {} })
    expect(await ask(picture, 'Authorization')).toMatchObject(refused(403))
  })
})

describe('a picture that arrives damaged', () => {
  const whole = Buffer.from(bmp24(gradient(20, 20)))
  const broken = Buffer.concat([whole.subarray(0, -300), Buffer.alloc(300)]).fill(3, 26, 27) // three planes
  type Answer = (response: ServerResponse, body: Buffer) => void
  const write = (response: ServerResponse, body: Buffer, headers: Record<string, string> = {}) => {
    response.writeHead(200, { 'cache-control': 'max-age=86400', etag: '"same"', ...headers })
    response.write(body)
    response.end()
  }
  const chunked: Answer = (response, body) => write(response, body)
  const untilClose: Answer = (response, body) => {
    response.useChunkedEncodingByDefault = false
    write(response, body, { connection: 'close' })
  }
  const stated: Answer = (response, body) => write(response, body, { 'content-length': `${body.length}` })

  test.each<[how: string, send: Answer, damaged: Buffer, later: string]>([
    ['in chunks, cut off', chunked, whole.subarray(0, -300), 'done'],
    ['until the connection closes, cut off', untilClose, whole.subarray(0, -300), 'done'],
    ['with its length', stated, broken, 'skipped; reason=DAMAGED'],
  ])(
    'is remembered for a minute, or while it is fresh if its length is stated: %s',
    async (how, send, damaged, later) => {
      const path = `/${encodeURIComponent(how)}.bmp`
      const serve = (body: Buffer) => origin.handle(path, (_, response) => send(response, body))
      const srOf = async () => (await site.ask(`${path}?sr=2`)).sr
      serve(damaged)
      expect(await srOf()).toBe('skipped; reason=DAMAGED')
      serve(whole)
      await askUntil(
        async () => (await site.worker.getR2Bucket('RESULTS_BUCKET')).list({ prefix: entriesOf(path) }),
        ({ objects }) => objects.length > 0,
        'a remembered reason',
      )
      await setClock(55)
      expect(await srOf()).toBe('skipped; reason=DAMAGED')
      await setClock(61)
      expect(await srOf()).toMatch(later)
    },
  )
})

/**
 * Each row: the status and headers of a redirect, the headers of its target, the Cache-Control of the worker's answer,
 * and how the worker asks the origin at the next request.
 */
const REDIRECTS: [status: number, redirect: Says, picture: Says, answer: string, next: Asked][] = [
  [301, {}, 'max-age=600', 'public, max-age=600', NOT_ASKED],
  [308, {}, {}, 'public, max-age=300', NOT_ASKED],
  [301, {}, { 'cache-control': 'max-age=600', age: '60' }, 'public, max-age=540', NOT_ASKED],
  [301, 'max-age=60', 'max-age=600', 'public, max-age=60', NOT_ASKED],
  [301, 'max-age=60', {}, 'public, max-age=60', NOT_ASKED],
  [301, 'max-age=600', 'max-age=60', 'public, max-age=60', NOT_ASKED],
  [301, 'max-age=60', 's-maxage=600', 'public, max-age=60', NOT_ASKED],
  [302, 's-maxage=60', 'max-age=600', 'public, max-age=60', NOT_ASKED],
  [302, { expires: '@60' }, 'max-age=600', 'public, max-age=60', NOT_ASKED],
  [307, 'max-age=600', { 'cache-control': 'max-age=700', age: '99' }, 'public, max-age=600', NOT_ASKED],
  // Redirects that the origin is asked about each time
  [302, {}, 'max-age=600', NO_CACHE, IF_NEW],
  [303, {}, 'max-age=600', NO_CACHE, IF_NEW],
  [307, {}, { expires: '@600' }, NO_CACHE, IF_NEW],
  [302, 'no-cache', 'max-age=600', NO_CACHE, IF_NEW],
  [301, 'max-age=0', 'max-age=600', NO_CACHE, IF_NEW],
  [301, 'max-age=60', 'no-cache', NO_CACHE, IF_NEW],
  // Redirects whose target may differ from request to request, or from visitor to visitor
  [302, 'no-store', 'max-age=600', NO_STORE, WHOLE],
  [302, 'private, no-cache, no-store, must-revalidate', 'public, max-age=600', NO_STORE, WHOLE],
  [301, 'private', 'max-age=600', NO_STORE, WHOLE],
  [301, { vary: 'Cookie' }, { vary: 'Accept' }, NO_STORE, WHOLE],
  [301, { 'set-cookie': 'a=b' }, 'max-age=600', NO_STORE, WHOLE],
  [301, {}, 'private', NO_STORE, WHOLE],
  [301, 'no-transform', 'max-age=600', ORIGINAL, WHOLE],
  // Headers for CDNs
  [301, {}, { 'cdn-cache-control': 'max-age=600', 'cache-control': 'max-age=60' }, 'public, max-age=60', NOT_ASKED],
  [301, {}, { 'cdn-cache-control': 'max-age=600', 'cache-control': 'no-store' }, NO_STORE, NOT_ASKED],
  [301, { 'cdn-cache-control': 'max-age=600' }, 'max-age=60', 'public, max-age=60', NOT_ASKED],
  [302, { 'cdn-cache-control': 'max-age=60' }, 'max-age=600', NO_CACHE, NOT_ASKED],
  [302, {}, { 'cdn-cache-control': 'max-age=600' }, NO_CACHE, IF_NEW],
  [301, { 'cdn-cache-control': 'no-store' }, 'max-age=600', NO_STORE, WHOLE],
  [301, 'max-age=600', { 'cloudflare-cdn-cache-control': 'private' }, NO_STORE, WHOLE],
]

describe('if a redirect leads to a picture, the headers of both decide how the result is cached:', () => {
  const named = REDIRECTS.map((row) => [`${row[0]} with ${lineOf(row[1])}, to ${lineOf(row[2])}`, row] as const)
  test.each(named)('%s', async (_, [status, says, saysPicture, answer, next]) => {
    const picture = pictureThat(saysPicture)
    const path = picture.path.replace('.', '-from.')
    origin.handle(path, (_request, response) => {
      const lines = linesOf(says).map(([name, value]) => [name, dated(value)])
      response.writeHead(status, [...lines, ['location', picture.path]].flat()).end()
    })
    const at = { ...picture, path }
    const first = await ask(at)
    const isOriginal = answer === ORIGINAL
    expect(first.seen).toBe(isOriginal ? 'original, for nothing' : 'sharper, for nothing')
    if (!isOriginal) expectCacheControl(first.kept, answer)
    if (next === WHOLE) expect(await kept(picture)).toEqual([])
    await untilAsked(at, next)
  })

  test('a private redirect is passed on to a visitor with a cookie', async () => {
    const [own, strangers] = [pictureThat('max-age=600'), pictureThat('max-age=600')]
    origin.handle('/me.bmp', ({ headers }, response) => {
      const location = headers.cookie ? own.path : strangers.path
      response.writeHead(302, { location, 'cache-control': 'private' }).end()
    })
    for (let i = 0; i < 2; i++) {
      const theirs = await site.ask('/me.bmp?sr=2', { headers: VISITORS['a cookie'] })
      expect([theirs.status, theirs.headers.get('location')]).toEqual([302, own.path])
      expect((await ask({ ...strangers, path: '/me.bmp' })).status).toBe(200)
    }
  })
})
