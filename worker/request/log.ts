// Reports each request to the operator: a line of JSON in the log if a picture is served unchanged, and a data point in
// Analytics Engine if a dataset is bound.
import { loggableError, loggableUrl } from '../base/loggable.ts'
import { parseXSr } from '../client/xSr.ts'
import type { Dataset } from '../platform/bindings.ts'

/** What the log says about an answer. A field about which the answer says nothing is an empty string. */
interface LoggedOutcome {
  /** `refused` stands for an answer without `X-SR`, such as an error. `reason` is then the HTTP status. */
  readonly what: 'done' | 'skipped' | 'refused'
  readonly reason: string
  readonly model: string
  readonly cache: string
}

/**
 * Logs an answer. SQL queries read the blobs of the data point as blob1 to blob5 (OPTIONS.md). The query of the URL is
 * not logged.
 */
export function logAnswer(response: Response, url: string, analytics: Dataset | undefined): void {
  // Nothing is logged for a result, so its headers need not be parsed.
  if (!analytics && response.headers.get('x-sr')?.startsWith('done')) return
  const { what, reason, model, cache } = outcomeOf(response)
  if (what === 'skipped')
    console.info(JSON.stringify({ sr: what, reason, status: response.status, url: loggableUrl(url) }))
  try {
    analytics?.writeDataPoint({
      indexes: [what],
      blobs: [what, reason, model, cache, response.headers.get('content-type') ?? ''],
      doubles: [response.status],
    })
  } catch (cause) {
    console.warn('analytics: a data point was lost', loggableError(cause))
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
