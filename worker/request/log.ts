// What an operator learns of each request: a line of JSON in the log where a picture came back as it was, and
// a data point in Analytics Engine, where one is bound, for each.

import { parseXSr } from '../client/xSr.ts'
import type { Dataset } from '../platform/bindings.ts'

/** What an answer says of itself; texts are empty where it says nothing. */
interface Outcome {
  /** `refused`: an answer without `X-SR`, such as an error. Its `reason` is the status. */
  readonly what: 'done' | 'skipped' | 'refused'
  readonly reason: string
  readonly model: string
  readonly cache: string
}

/** A SQL query finds them as blob1 to blob5 (README). The query of a URL, where secrets may be, is not logged. */
export function report(response: Response, url: string, analytics: Dataset | undefined): void {
  const { what, reason, model, cache } = outcomeOf(response)
  if (what === 'skipped')
    console.info(JSON.stringify({ sr: what, reason, status: response.status, url: url.split('?', 1)[0] }))
  try {
    analytics?.writeDataPoint({
      indexes: [what],
      blobs: [what, reason, model, cache, response.headers.get('content-type') ?? ''],
      doubles: [response.status],
    })
  } catch (cause) {
    console.warn('analytics: a data point was lost', cause)
  }
}

function outcomeOf({ headers, status }: Response): Outcome {
  const cache = /; (hit|fwd=\w+)/.exec(headers.get('cache-status') ?? '')?.[1] ?? ''
  const xSr = parseXSr(headers.get('x-sr'))
  if (!xSr) return { what: 'refused', reason: `${status}`, model: '', cache }
  if (xSr.outcome === 'skipped') return { what: 'skipped', reason: xSr.reason, model: '', cache }
  const [modelName] = (xSr.model ?? '').split('@', 1)
  return { what: 'done', reason: '', model: modelName, cache }
}
