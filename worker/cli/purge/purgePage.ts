// Asks a worker's purge page (worker/request/purge.ts), as often as it takes.
import { UsageError } from '../../terminal/arguments.ts'

export interface Purgeable {
  readonly url?: string
  readonly model?: string
}

export interface PurgedAll {
  readonly deleted: number
  /** What the worker says of edge caches in other data centres. */
  readonly elsewhere: string
}

interface PurgeAnswer {
  readonly deleted?: number
  readonly elsewhere?: string
  readonly cursor?: string
  readonly error?: { readonly message?: string }
}

/** A page that takes longer will not come. */
const TIMEOUT_MS = 60_000
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** `worker`: https://host/_sr/ */
export function purgePageOf(worker: string): URL {
  if (!URL.canParse(worker)) throw new UsageError(`expected --worker https://host/_sr/, got "${worker}"`)
  const base = new URL(worker)
  if (base.protocol !== 'https:' && !LOOPBACK.includes(base.hostname)) {
    throw new UsageError(`expected https, as the secret goes there, got ${base.href}`)
  }
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  return new URL('purge', base)
}

/** Throws an Error for an answer that is none. */
export async function purge(page: URL, what: Purgeable, secret: string): Promise<PurgedAll> {
  let deleted = 0
  for (let cursor: string | undefined; ;) {
    const answer = await ask(page, { ...what, cursor }, secret)
    deleted += answer.deleted ?? 0
    if (answer.cursor === undefined) return { deleted, elsewhere: answer.elsewhere ?? 'unknown' }
    if (answer.cursor === cursor) throw new Error(`${page.href} goes round in circles, after ${deleted} were deleted`)
    ;({ cursor } = answer)
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
      redirect: 'manual', // the secret is for this page
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    text = await response.text()
  } catch (cause) {
    throw new Error(`${page.href} does not answer`, { cause })
  }
  let answer: PurgeAnswer | undefined
  try {
    answer = JSON.parse(text) as PurgeAnswer
  } catch {
    // some page of somebody else
  }
  if (response.ok && typeof answer?.deleted === 'number') return answer
  if (response.status === 404) throw new Error(`${page.href} is not there: is SR_PURGE_SECRET set for the worker?`)
  throw new Error(`${page.href} answered ${response.status}: ${answer?.error?.message ?? 'no answer of a worker'}`)
}
