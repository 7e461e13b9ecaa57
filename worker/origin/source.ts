// Reading the original: what may be used, within which bounds.
import { Skip } from '../picture/skip.ts'
import { concat } from '../base/concat.ts'
import { SrError } from '../base/errors.ts'
import type { Freshness } from './freshness.ts'
import type { Settings } from '../options.ts'

/** Validators of what we have, for asking whether it changed. */
export interface Validators {
  readonly etag?: string
  readonly modified?: string
}

/** Gives the original of a request; called at most once. */
export type Source = (validators: Validators) => Promise<Response>

/** The headers of our request for a source, made from nothing: no header of a visitor reaches the origin. */
export function sourceHeaders({ etag, modified }: Validators): Headers {
  const headers = new Headers({
    accept: 'image/jpeg, image/png, image/webp, image/gif, image/bmp, image/*;q=0.5, */*;q=0.1',
    'user-agent': 'edge-srcnn',
  })
  if (etag) headers.set('if-none-match', etag)
  else if (modified) headers.set('if-modified-since', modified)
  return headers
}

/** Throws a Skip where an origin's headers say that its picture is to stay as it is. */
export function requireChangeable(headers: Headers, { isFixed }: Freshness): void {
  if (headers.has('x-sr')) throw new Skip('PROCESSED')
  if (isFixed) throw new Skip('NO_TRANSFORM')
}

/** What was read, and what can still be handed to the visitor if it cannot be used. */
export interface ReadSource {
  readonly bytes: Uint8Array
  readonly tooLarge?: ReadableStream<Uint8Array>
}

/**
 * Reads a body of at most maxSourceBytes within sourceTimeoutMs, counting while it streams: a
 * Content-Length is only believed where it forbids. A longer one comes back as `tooLarge`, a stream
 * of the whole that has kept what was read so far.
 */
export async function readSource(response: Response, settings: Settings): Promise<ReadSource> {
  const { maxSourceBytes, sourceTimeoutMs } = settings
  const none = { bytes: new Uint8Array(0) }
  if (!response.body) return none
  if (Number(response.headers.get('content-length') ?? 0) > maxSourceBytes) {
    return { ...none, tooLarge: response.body }
  }
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    void reader.cancel()
  }, sourceTimeoutMs)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      chunks.push(value)
      size += value.length
      if (size > maxSourceBytes) return { ...none, tooLarge: resume(chunks, reader) }
    }
  } catch (cause) {
    if (!isLate) throw new SrError('ORIGIN_UNREACHABLE', 'the origin broke off in the middle of the picture', { cause })
  } finally {
    clearTimeout(timer)
  }
  if (isLate) {
    throw new SrError('ORIGIN_TIMEOUT', `the origin took longer than ${sourceTimeoutMs} ms for the picture`)
  }
  return { bytes: concat(chunks) }
}

/** What was read, then the rest. */
function resume(
  chunks: readonly Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  const read = [...chunks]
  return new ReadableStream({
    async pull(controller) {
      const chunk = read.shift()
      if (chunk) {
        controller.enqueue(chunk)
        return
      }
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
