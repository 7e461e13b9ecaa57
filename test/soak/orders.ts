// The mix of a soak: what visitors ask for, one after another, a function of the seed.
import { createRandom, type Random } from '../../worker/image/prng.ts'
import type { Ask } from './client.ts'
import { DAMAGES, FAILURES, REFUSED } from './broken.ts'
import { badPath, type Policy, goodPath } from './site.ts'
import { indexOf } from './pictures.ts'

/** What an answer has to be. */
export type Expected =
  /** A result that is known already: the very bytes, or some, or none of them. */
  | 'hit'
  /** A result, or BUSY with the original. */
  | 'result'
  /** A result. */
  | 'done'
  /** The original. */
  | 'original'
  /** A result or the original. */
  | 'either'
  /** What the origin gave, without a result. */
  | 'status'
  /** Ours to say: 400 or 416. */
  | 'refusal'
  /** Ours to say: the origin gave no answer. */
  | 'gone'

export interface Order extends Ask {
  /** For counting. */
  readonly kind: string
  readonly expected: Expected
  /** The origin's. */
  readonly path: string
  readonly scale: number
}

/** A picture that all are asked for again and again, with what makes its result. */
export interface Hot {
  readonly path: string
  readonly scale: number
  readonly query: string
  /** Known once it was made. */
  etag?: string
  bytes?: Buffer
}

/** Shares of all requests. */
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
/** All else: visitors who ask for what is known. */
type Kind = keyof typeof SHARES | 'hit'

/** Queries that are answered with 400. */
const WRONG = [
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
/** Of the misses: asked for twice at once. */
const TWINS = 0.1
/** Visitors who leave before the answer do so within so many ms. */
const PATIENCE_MS = 60

export interface Orders {
  /** The next one, or two for the same. */
  next(): readonly Order[]
  /** A miss that nobody asked for before. */
  miss(): Order
  /** Others will ask for it again. */
  remember(order: Order): void
}

export function hotPictures(count: number): Hot[] {
  return Array.from({ length: count }, (_, i) => {
    const scale = 2 + (i % 3)
    return { path: goodPath('kept', i % 3 === 0 ? 'large' : 'mixed', i), scale, query: queryOf(scale, i) }
  })
}

/** Some ask for another format or network. */
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

/** `firstNumber`: of pictures that nobody asked for yet. */
export function createOrders(seed: number, hot: readonly Hot[], firstNumber: number): Orders {
  const random = createRandom(seed)
  const kinds = [...Object.keys(SHARES), 'hit'] as Kind[]
  const weights = Object.values(SHARES)
  const former: Order[] = []
  let number = firstNumber

  const bad = (breakers: object, kind: string, expected: Expected): Order => {
    const names = Object.keys(breakers)
    const name = names[random.below(names.length)]
    const path = badPath(name, number++)
    const scale = 2 + random.below(3)
    const isGone = name === 'silent' || name === 'brokenOff'
    return { kind, path, scale, url: `${path}?sr=${scale}`, expected: isGone ? 'gone' : expected }
  }
  const miss = (): Order => {
    const n = number++
    const path = goodPath(POLICIES[indexOf(POLICY_WEIGHTS, random.next())], 'mixed', n)
    const scale = 2 + random.below(3)
    return { kind: 'miss', path, scale, url: `${path}?${queryOf(scale, n)}`, expected: 'result' }
  }
  const make: Record<Kind, () => readonly Order[]> = {
    damaged: () => [bad(DAMAGES, 'damaged', 'either')],
    refused: () => [bad(REFUSED, 'refused', 'original')],
    failing: () => [bad(FAILURES, 'failing', 'status')],
    wrong: () => {
      const one = hot[random.below(hot.length)]
      const at = random.below(WRONG.length + 1)
      const wrong = { kind: 'wrong', path: one.path, scale: one.scale, expected: 'refusal' } as const
      if (at < WRONG.length) return [{ ...wrong, url: `${one.path}?${WRONG[at]}` }]
      return [{ ...wrong, url: urlOf(one), headers: { range: 'bytes=99999999-' } }]
    },
    leaves: () => {
      const one = hot[3 * random.below(Math.ceil(hot.length / 3))]
      const leaves = random.next() * PATIENCE_MS
      const known = { ...hitOf(one), kind: 'leaves' }
      const at = random.next()
      if (at < 0.4) return [{ ...known, leaves: 'within' }]
      if (at < 0.6) return [{ ...known, leaves: leaves / 4 }]
      if (at < 0.8) return [{ ...bad(DAMAGES, 'leaves', 'either'), leaves }]
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
    next: () => make[kinds[indexOf([...weights, 1], random.next())]](),
    miss,
    remember: (order) => void former.push(order),
  }
}

export function urlOf({ path, query }: Hot): string {
  return `${path}?${query}`
}

export function hitOf(one: Hot): Order {
  const { path, scale } = one
  return { kind: 'hit', path, scale, url: urlOf(one), expected: 'hit' }
}

export function smallMiss(number: number): Order {
  const path = goodPath('kept', 'small', number)
  const scale = 2 + (number % 3)
  return { kind: 'miss', path, scale, url: `${path}?sr=${scale}`, expected: 'result' }
}

/** Most want all of it; others its headers, a part, or know it already. */
function hit(hot: readonly Hot[], random: Random): Order {
  const one = hot[random.below(hot.length)]
  const order = hitOf(one)
  const at = random.next()
  if (at < 0.7) return order
  if (at < 0.78) return { ...order, method: 'HEAD' }
  if (at < 0.88) return { ...order, headers: { 'if-none-match': one.etag ?? '' } }
  if (at < 0.91) return { ...order, headers: { 'if-modified-since': new Date().toUTCString() } }
  const from = random.below(300)
  return { ...order, headers: { range: `bytes=${from}-${from + random.below(3000)}` } }
}
