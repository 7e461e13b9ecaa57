// Requests one picture, reads the body to its end, and derives the outcome from the answer.
import { type AskedSize, parseXSr } from '../../client/xSr.ts'
import { readAtMost, skimAtMost } from '../bounded.ts'
import { BUSY_REASONS, FAILURE_REASONS } from '../../picture/skip.ts'
import { follow } from '../follow.ts'

export type AskOutcome =
  /** `asked`: what was asked for, if the result is smaller, because it is the largest that is possible. */
  | { readonly outcome: 'hit' | 'made'; readonly asked?: AskedSize | undefined }
  | { readonly outcome: 'skipped'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly message: string }
  /** The server asks for a later retry; `afterMs` is the time in Retry-After. */
  | { readonly outcome: 'busy'; readonly message: string; readonly afterMs: number | undefined }

const TIMEOUT_MS = 60_000
/** More than any result has. A picture is read, so that its connection can be used again, but not kept. */
const MAX_PICTURE_BYTES = 200e6
/** The body of an error is kept, for the message in it, unless it is larger. */
const MAX_ERROR_BYTES = 65_536
const MAX_MESSAGE_LENGTH = 500
/** HTTP statuses that mean the same as the reasons in BUSY. */
const BUSY_STATUS = [429, 503]
/** The types are plain strings, because the X-SR of another worker version may contain other reasons. */
const [BUSY, FAILURES]: readonly (readonly string[])[] = [BUSY_REASONS, FAILURE_REASONS]

export interface AskOptions {
  readonly userAgent: string
  /** Cancels the request. */
  readonly signal?: AbortSignal
}

/** Requests `url`. Never rejects: an error is the outcome `failed`. */
export async function ask(url: string, { userAgent, signal }: AskOptions): Promise<AskOutcome> {
  try {
    const timeout = AbortSignal.timeout(TIMEOUT_MS)
    const response = await follow(url, {
      // The header Accept of most browsers. For this value the worker answers `sr-format=auto` with WebP.
      headers: { 'user-agent': userAgent, accept: 'image/webp,image/*;q=0.8,*/*;q=0.5' },
      signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
    })
    const outcome = answerOf(response)
    if (outcome !== undefined) {
      await skimAtMost(response.body, MAX_PICTURE_BYTES, 'the answer')
      return outcome
    }
    const message = await readAtMost(response.body, MAX_ERROR_BYTES, 'the error').then(messageIn, () => '')
    return { outcome: 'failed', message: `${response.status} ${message}`.trim() }
  } catch (error) {
    const { message, cause } = error as Error
    return { outcome: 'failed', message: cause instanceof Error ? `${message}: ${cause.message}` : message }
  }
}

/** Returns the outcome that the headers of an answer tell; undefined if it is an error, whose body tells more. */
function answerOf({ status, headers }: Response): AskOutcome | undefined {
  const xSr = parseXSr(headers.get('x-sr'))
  const reason = xSr?.outcome === 'skipped' ? xSr.reason : undefined
  if (BUSY_STATUS.includes(status) || (reason !== undefined && BUSY.includes(reason))) {
    return { outcome: 'busy', message: reason ?? `${status}`, afterMs: retryAfterMs(headers.get('retry-after')) }
  }
  if (reason !== undefined) {
    return FAILURES.includes(reason) ? { outcome: 'failed', message: reason } : { outcome: 'skipped', reason }
  }
  if (status !== 200) return undefined
  if (!xSr) return { outcome: 'failed', message: 'the answer has no X-SR, so it does not come from a worker' }
  const isHit = /\bedge-srcnn; hit\b/.test(headers.get('cache-status') ?? '')
  return { outcome: isHit ? 'hit' : 'made', asked: xSr.outcome === 'done' ? xSr.asked : undefined }
}

/** Parses Retry-After, which contains seconds or a date (RFC 9110, 10.2.3). */
function retryAfterMs(field: string | null): number | undefined {
  if (field === null) return undefined
  const ms = /^\d+$/.test(field.trim()) ? 1000 * Number(field) : Date.parse(field) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

/** Returns the message in a worker's error; an empty string for any other body. */
function messageIn(body: Uint8Array): string {
  try {
    const parsed = JSON.parse(new TextDecoder().decode(body)) as { error?: { message?: unknown } }
    const message = parsed.error?.message
    return typeof message === 'string' ? message.slice(0, MAX_MESSAGE_LENGTH) : ''
  } catch {
    return ''
  }
}
