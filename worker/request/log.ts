// Tells the operator about each request: a line of JSON in the log if a picture came back unchanged, and a data point in
// Analytics Engine if a dataset is bound.
import { parseXSr } from '../client/xSr.ts'
import type { Dataset } from '../platform/bindings.ts'

/** An answer in the words of the log. Texts are empty if the answer does not say. */
interface LoggedOutcome {
  /** `refused` is an answer without `X-SR`, such as an error; its `reason` is the HTTP status. */
  readonly what: 'done' | 'skipped' | 'refused'
  readonly reason: string
  readonly model: string
  readonly cache: string
}

/**
 * Logs an answer. SQL queries read the blobs of the data point as blob1 to blob5 (OPTIONS.md). The query of a URL is not
 * logged, because it may contain secrets.
 */
export function logAnswer(response: Response, url: string, analytics: Dataset | undefined): void {
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

function outcomeOf({ headers, status }: Response): LoggedOutcome {
  const cache = /; (hit|fwd=\w+)/.exec(headers.get('cache-status') ?? '')?.[1] ?? ''
  const xSr = parseXSr(headers.get('x-sr'))
  if (!xSr) return { what: 'refused', reason: `${status}`, model: '', cache }
  if (xSr.outcome === 'skipped') return { what: 'skipped', reason: xSr.reason, model: '', cache }
  const [modelName] = (xSr.model ?? '').split('@', 1)
  return { what: 'done', reason: '', model: modelName, cache }
}
