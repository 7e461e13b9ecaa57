// One visit after another: asked, judged, counted.
import { createHash } from 'node:crypto'
import type { Client, Reply } from './client.ts'
import { judge } from './judge.ts'
import type { Hot, Order } from './orders.ts'
import type { SoakOrigin } from './site.ts'

export interface Problem {
  count: number
  /** The first few. */
  readonly examples: string[]
}

export interface Visit {
  /** Undefined: the visitor left, or there was no answer. */
  readonly reply: Reply | undefined
  /** See judge.ts; `left` and `none` where there is nothing to judge. */
  readonly outcome: string
}

export interface Visits {
  visit(order: Order): Promise<Visit>
  problem(kind: string, what: string): void
  /** How often, by kind of request and what came of it. */
  readonly outcomes: Map<string, Map<string, number>>
  readonly problems: Map<string, Problem>
  /** Digests of the originals that were made larger. */
  readonly made: Set<string>
}

const EXAMPLES = 3

/** `hot`: the known results by their URLs. */
export function createVisits(client: Client, site: SoakOrigin, hot: ReadonlyMap<string, Hot>): Visits {
  const outcomes: Visits['outcomes'] = new Map()
  const problems: Visits['problems'] = new Map()
  const made = new Set<string>()
  /** Of results by their URLs. */
  const digests = new Map<string, string>()

  const count = ({ kind }: Order, outcome: string) => {
    const counts = outcomes.get(kind) ?? new Map<string, number>()
    outcomes.set(kind, counts.set(outcome, (counts.get(outcome) ?? 0) + 1))
  }
  const problem = (kind: string, what: string) => {
    const known = problems.get(kind) ?? { count: 0, examples: [] }
    if (known.examples.length < EXAMPLES) known.examples.push(what)
    known.count++
    problems.set(kind, known)
  }
  const noteResult = async ({ url, path }: Order, { headers, body }: Reply) => {
    const digest = digestOf(body)
    const before = digests.get(url)
    if (before !== undefined && before !== digest) problem('another result than before', url)
    digests.set(url, digest)
    if (/fwd=(miss|stale)/.test(String(headers['cache-status']))) made.add(digestOf((await site.give(path)).body))
  }
  return {
    outcomes,
    problems,
    made,
    problem,
    async visit(order) {
      try {
        const reply = await client.ask(order)
        const { outcome, problem: found } = reply ? await judge(order, reply, site, hot) : { outcome: 'left' }
        count(order, outcome)
        if (found) problem(...found)
        if (reply && outcome === 'done' && isMade(order)) await noteResult(order, reply)
        return { reply, outcome }
      } catch (error) {
        count(order, 'none')
        problem('no answer', `${order.url}: ${String(error)}`)
        return { reply: undefined, outcome: 'none' }
      }
    },
  }
}

function isMade({ expected, method = 'GET' }: Order): boolean {
  return method === 'GET' && (expected === 'result' || expected === 'done')
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64')
}
