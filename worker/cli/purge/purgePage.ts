// Client of a worker's purge page (worker/request/purge.ts).
import { readAtMost } from '../bounded.ts'
import { UsageError } from '../../terminal/arguments.ts'

/** What to purge: the results of one URL, or of one model. */
export interface Purgeable {
  readonly url?: string
  readonly model?: string
}

export interface PurgedAll {
  /** Number of deleted objects. */
  readonly deleted: number
  /** The worker's statement about the results in the edge caches of other data centres. */
  readonly elsewhere: string
}

interface PurgeAnswer {
  readonly deleted?: number
  readonly elsewhere?: string
  readonly cursor?: string
  readonly error?: { readonly message?: string }
}

/** Longest wait in ms for an answer of the purge page. */
const TIMEOUT_MS = 60_000
/** Far more than an answer of the purge page has. */
const MAX_ANSWER_BYTES = 1e6
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/**
 * Returns the address of a worker's purge page. `worker` is the address of the worker's own pages, like
 * https://host/_sr/.
 */
export function purgePageOf(worker: string): URL {
  if (!URL.canParse(worker)) {
    throw new UsageError(`expected --worker or SR_WORKER to be like https://host/_sr/, got "${worker}"`)
  }
  const base = new URL(worker)
  if (base.protocol !== 'https:' && !LOOPBACK.includes(base.hostname)) {
    throw new UsageError(`expected an https URL, because the secret is sent to it, got ${base.href}`)
  }
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  return new URL('purge', base)
}

/**
 * Deletes the stored results of `what`, in as many requests as the worker needs. Calls `tell` after each but the last,
 * with the number of objects deleted so far. Throws an Error if the worker does not answer or refuses.
 */
export async function purge(
  page: URL,
  what: Purgeable,
  secret: string,
  tell: (deleted: number) => void = () => {},
): Promise<PurgedAll> {
  let deleted = 0
  for (let cursor: string | undefined; ;) {
    const answer = await ask(page, { ...what, cursor }, secret)
    deleted += answer.deleted ?? 0
    if (answer.cursor === undefined) return { deleted, elsewhere: answer.elsewhere ?? 'unknown' }
    if (answer.cursor === cursor) throw new Error(`${page.href} sent the same cursor twice after ${deleted} deletions`)
    ;({ cursor } = answer)
    tell(deleted)
  }
}

async function ask(page: URL, body: Purgeable & { readonly cursor?: string }, secret: string): Promise<PurgeAnswer> {
  let response: Response
  let text: string
  try {
    response = await fetch(page, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'manual', // the secret must not go to another page
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    text = new TextDecoder().decode(await readAtMost(response.body, MAX_ANSWER_BYTES, 'its answer'))
  } catch (cause) {
    throw new Error(`${page.href} does not answer`, { cause })
  }
  let answer: PurgeAnswer | undefined
  try {
    answer = JSON.parse(text) as PurgeAnswer
  } catch {
    // An answer that is not JSON does not come from a worker. It is reported below.
  }
  if (response.ok && typeof answer?.deleted === 'number') return answer
  if (response.status === 404) {
    throw new Error(`${page.href} does not exist: is SR_PURGE_SECRET set for the worker, and SR_PREFIX in its address?`)
  }
  throw new Error(
    `${page.href} answered ${response.status}: ${answer?.error?.message ?? 'this is not the answer of a worker'}`,
  )
}
