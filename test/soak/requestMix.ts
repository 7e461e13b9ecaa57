// The requests that visitors make during a soak, one after another. The seed determines the whole mix.
import { createRandom, type Random } from '../../worker/image/prng.ts'
import type { SoakRequest } from './client.ts'
import { DAMAGED, NEVER_ENLARGED, ORIGIN_FAILURES } from './badResponses.ts'
import { badPath, type Policy, goodPath } from './soakOrigin.ts'
import { weightedIndex } from './gallery.ts'

/** How the worker must respond to a request. */
export type Expected =
  /** The known result from the cache: all its bytes, or the requested range, or no body for a 304 or HEAD. */
  | 'hit'
  /** An enlarged picture, or the original with the reason BUSY. */
  | 'result'
  /** An enlarged picture. */
  | 'done'
  /** The original, unchanged. */
  | 'original'
  /** An enlarged picture or the original. */
  | 'either'
  /** The origin's response, passed on. */
  | 'status'
  /** Status 400 or 416 from the worker itself. */
  | 'refusal'
  /** Status 502 from the worker itself, because the origin sent no complete response. */
  | 'gone'

export interface PlannedRequest extends SoakRequest {
  /** Row in which the summary counts this request. */
  readonly kind: string
  readonly expected: Expected
  /** Path of the original at the origin. */
  readonly path: string
  readonly scale: number
}

/** A popular picture that visitors request again and again, always with the same query. */
export interface HotPicture {
  readonly path: string
  readonly scale: number
  readonly query: string
  /** ETag and bytes of the result. Undefined until the result has been made. */
  etag?: string
  bytes?: Buffer
}

/** Share of each kind among all requests. */
const SHARES = {
  damaged: 0.06,
  refused: 0.05,
  failing: 0.04,
  wrong: 0.05,
  leaves: 0.05,
  miss: 0.025,
  revisit: 0.02,
  plain: 0.02,
} as const
/**
 * A kind of request. All requests that do not belong to the SHARES are of the kind `hit`: they ask for popular
 * pictures.
 */
type Kind = keyof typeof SHARES | 'hit'

/** Invalid queries, which the worker refuses with 400. */
const WRONG_QUERIES = [
  'sr=9',
  'sr=',
  'sr=3.0',
  'sr=2&sr=3',
  'sr=2&sr-format=bmp',
  'sr=3&sr-quality=41',
  'sr=2&sr-model=none',
  'sr=2&sr-sharpen=1',
  'sr=%33',
  'sr=-2',
]
const POLICIES: readonly Policy[] = ['kept', 'asked', 'private', 'unsaid']
const POLICY_WEIGHTS = [0.75, 0.12, 0.05, 0.08]
/** Share of the misses that two visitors request at the same time. */
const TWINS = 0.1
/** A visitor who leaves before the response begins does so at most this long after sending the request. */
const PATIENCE_MS = 60

export interface RequestMix {
  /** Returns the next request, or two requests for the same picture that are sent at the same time. */
  next(): readonly PlannedRequest[]
  /** Returns a request for a picture that nobody has requested before. */
  miss(): PlannedRequest
  /** Lets later visitors repeat this request. */
  remember(request: PlannedRequest): void
}

export function createHotPictures(count: number): HotPicture[] {
  return Array.from({ length: count }, (_, i) => {
    const scale = 2 + (i % 3)
    return { path: goodPath('kept', i % 3 === 0 ? 'large' : 'mixed', i), scale, query: queryOf(scale, i) }
  })
}

/**
 * Returns a query that requests this scale. For some picture numbers, it also requests a format, a quality or a
 * network.
 */
function queryOf(scale: number, number: number): string {
  const more = [
    '',
    '',
    '',
    '',
    '',
    '&sr-format=webp',
    '&sr-format=auto',
    '&sr-model=bicubic',
    '&sr-format=jpeg&sr-quality=70',
  ][number % 9]
  return `sr=${scale}${more}`
}

/** Creates the mix of this seed. `firstNumber` is the first picture number that has not been requested yet. */
export function createRequestMix(seed: number, hot: readonly HotPicture[], firstNumber: number): RequestMix {
  const random = createRandom(seed)
  const kinds = [...Object.keys(SHARES), 'hit'] as Kind[]
  const weights = Object.values(SHARES)
  const former: PlannedRequest[] = []
  let number = firstNumber

  const bad = (responses: object, kind: string, expected: Expected): PlannedRequest => {
    const names = Object.keys(responses)
    const name = names[random.below(names.length)]
    const path = badPath(name, number++)
    const scale = 2 + random.below(3)
    const isGone = name === 'silent' || name === 'brokenOff'
    return { kind, path, scale, url: `${path}?sr=${scale}`, expected: isGone ? 'gone' : expected }
  }
  const miss = (): PlannedRequest => {
    const n = number++
    const path = goodPath(POLICIES[weightedIndex(POLICY_WEIGHTS, random.next())], 'mixed', n)
    const scale = 2 + random.below(3)
    return { kind: 'miss', path, scale, url: `${path}?${queryOf(scale, n)}`, expected: 'result' }
  }
  const make: Record<Kind, () => readonly PlannedRequest[]> = {
    damaged: () => [bad(DAMAGED, 'damaged', 'either')],
    refused: () => [bad(NEVER_ENLARGED, 'refused', 'original')],
    failing: () => [bad(ORIGIN_FAILURES, 'failing', 'status')],
    wrong: () => {
      const one = hot[random.below(hot.length)]
      const at = random.below(WRONG_QUERIES.length + 1)
      const wrong = { kind: 'wrong', path: one.path, scale: one.scale, expected: 'refusal' } as const
      if (at < WRONG_QUERIES.length) return [{ ...wrong, url: `${one.path}?${WRONG_QUERIES[at]}` }]
      return [{ ...wrong, url: hotUrl(one), headers: { range: 'bytes=99999999-' } }]
    },
    leaves: () => {
      const one = hot[3 * random.below(Math.ceil(hot.length / 3))]
      const leaves = random.next() * PATIENCE_MS
      const known = { ...hotRequest(one), kind: 'leaves' }
      const at = random.next()
      if (at < 0.4) return [{ ...known, leaves: 'inBody' }]
      if (at < 0.6) return [{ ...known, leaves: leaves / 4 }]
      if (at < 0.8) return [{ ...bad(DAMAGED, 'leaves', 'either'), leaves }]
      return [{ ...miss(), kind: 'leaves', leaves }]
    },
    miss: () => {
      const one = miss()
      return random.next() < TWINS ? [one, { ...one, kind: 'twin' }] : [one]
    },
    revisit: () => {
      const one = former.splice(random.below(former.length), 1).at(0)
      return [one ? { ...one, kind: 'revisit' } : hit(hot, random)]
    },
    plain: () => {
      const { path, scale } = hot[random.below(hot.length)]
      return [{ kind: 'plain', path, scale, url: path, expected: 'status' }]
    },
    hit: () => [hit(hot, random)],
  }
  return {
    next: () => make[kinds[weightedIndex([...weights, 1], random.next())]](),
    miss,
    remember: (request) => void former.push(request),
  }
}

export function hotUrl({ path, query }: HotPicture): string {
  return `${path}?${query}`
}

export function hotRequest(one: HotPicture): PlannedRequest {
  const { path, scale } = one
  return { kind: 'hit', path, scale, url: hotUrl(one), expected: 'hit' }
}

export function smallMissRequest(number: number): PlannedRequest {
  const path = goodPath('kept', 'small', number)
  const scale = 2 + (number % 3)
  return { kind: 'miss', path, scale, url: `${path}?sr=${scale}`, expected: 'result' }
}

/** Returns a request for a popular picture: mostly a plain GET, otherwise a HEAD, a conditional or a range request. */
function hit(hot: readonly HotPicture[], random: Random): PlannedRequest {
  const one = hot[random.below(hot.length)]
  const request = hotRequest(one)
  const at = random.next()
  if (at < 0.7) return request
  if (at < 0.78) return { ...request, method: 'HEAD' }
  if (at < 0.88) return { ...request, headers: { 'if-none-match': one.etag ?? '' } }
  if (at < 0.91) return { ...request, headers: { 'if-modified-since': new Date().toUTCString() } }
  const from = random.below(300)
  return { ...request, headers: { range: `bytes=${from}-${from + random.below(3000)}` } }
}
