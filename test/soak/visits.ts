// Sends requests one by one, checks their responses, and counts outcomes and problems.
import { createHash } from 'node:crypto'
import type { SoakClient, SoakResponse } from './client.ts'
import { checkResponse, type Verdict } from './checkResponse.ts'
import type { HotPicture, PlannedRequest } from './requestMix.ts'
import type { SoakOrigin } from './soakOrigin.ts'

export interface ProblemCount {
  count: number
  /** Details of the first few problems of this kind. */
  readonly examples: string[]
}

export interface Visit {
  /** Undefined if the visitor left early or the request failed. */
  readonly response: SoakResponse | undefined
  /** The `outcome` of the Verdict, or `left` if the visitor left early, or `none` if the request failed. */
  readonly outcome: string
}

export interface Visits {
  visit(request: PlannedRequest): Promise<Visit>
  noteProblem(kind: string, details: string): void
  /** Number of responses by kind of request, then by outcome. */
  readonly outcomes: Map<string, Map<string, number>>
  readonly problems: Map<string, ProblemCount>
  /** SHA-256 digests of the originals that were enlarged. */
  readonly enlarged: Set<string>
}

const MAX_EXAMPLES = 3

/**
 * Returns an object that sends requests, checks the responses and counts outcomes. `hot` contains the known results by
 * URL.
 */
export function createVisits(client: SoakClient, origin: SoakOrigin, hot: ReadonlyMap<string, HotPicture>): Visits {
  const outcomes: Visits['outcomes'] = new Map()
  const problems: Visits['problems'] = new Map()
  const enlarged = new Set<string>()
  /** SHA-256 of each result, by URL. */
  const digests = new Map<string, string>()

  const count = ({ kind }: PlannedRequest, outcome: string) => {
    const counts = outcomes.get(kind) ?? new Map<string, number>()
    outcomes.set(kind, counts.set(outcome, (counts.get(outcome) ?? 0) + 1))
  }
  const noteProblem = (kind: string, details: string) => {
    const known = problems.get(kind) ?? { count: 0, examples: [] }
    if (known.examples.length < MAX_EXAMPLES) known.examples.push(details)
    known.count++
    problems.set(kind, known)
  }
  const noteResult = async ({ url, path }: PlannedRequest, { headers, body }: SoakResponse) => {
    const digest = digestOf(body)
    const before = digests.get(url)
    if (before !== undefined && before !== digest) noteProblem('another result than before', url)
    digests.set(url, digest)
    const isEnlargedNow = /fwd=(miss|stale)/.test(String(headers['cache-status']))
    if (isEnlargedNow) enlarged.add(digestOf((await origin.responseFor(path)).body))
  }
  return {
    outcomes,
    problems,
    enlarged,
    noteProblem,
    async visit(request) {
      try {
        const response = await client.send(request)
        const { outcome, problem }: Verdict = response
          ? await checkResponse(request, response, origin, hot)
          : { outcome: 'left' }
        count(request, outcome)
        if (problem) noteProblem(...problem)
        if (response && outcome === 'done' && isWholeResult(request)) await noteResult(request, response)
        return { response, outcome }
      } catch (error) {
        count(request, 'none')
        noteProblem('no response', `${request.url}: ${String(error)}`)
        return { response: undefined, outcome: 'none' }
      }
    },
  }
}

/** Returns whether the response to this request contains all bytes of a result. */
function isWholeResult({ expected, method = 'GET' }: PlannedRequest): boolean {
  return method === 'GET' && (expected === 'result' || expected === 'done')
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64')
}
