// Requests the original picture, and reads it within the limits of size and time.
import type { Context } from 'hono'
import { concat } from '../base/concat.ts'
import { SrError } from '../base/errors.ts'
import type { Settings } from '../options.ts'
import { Skip } from '../picture/skip.ts'
import type { Freshness } from './freshness.ts'

/** Answers a request that the middleware passes on. */
export type Handler = (c: Context) => Promise<Response>

/** Validators of the stored source, by which the origin tells whether the source changed. */
export interface Validators {
  readonly etag?: string
  readonly modified?: string
}

/** Asks the origin for the original picture. It is called at most once for each request of a visitor. */
export type FetchSource = (validators: Validators) => Promise<Response>

/** Requests with which we ask for an original. All other requests come from a visitor. */
const sourceRequests = new WeakSet<Request>()

/**
 * Returns a new request for the original. Nothing is copied from the visitor's request, so no header of a visitor
 * reaches the origin.
 */
export function createSourceRequest(url: string, validators: Validators): Request {
  const request = new Request(url, { headers: headersOf(validators) })
  sourceRequests.add(request)
  return request
}

/**
 * Returns true if createSourceRequest made the request. The handler then follows redirects itself, because no browser
 * is there to follow them.
 */
export function isSourceRequest(c: Context): boolean {
  return sourceRequests.has(c.req.raw)
}

function headersOf({ etag, modified }: Validators): Headers {
  const headers = new Headers({
    accept: 'image/jpeg, image/png, image/webp, image/gif, image/bmp, image/*;q=0.5, */*;q=0.1',
    'user-agent': 'edge-srcnn',
  })
  if (etag) headers.set('if-none-match', etag)
  else if (modified) headers.set('if-modified-since', modified)
  return headers
}

/** Throws a Skip if the origin forbids changing the picture, or has enlarged it already (`X-SR`). */
export function requireChangeable(headers: Headers, { isFixed }: Freshness): void {
  if (headers.has('x-sr')) throw new Skip('PROCESSED')
  if (isFixed) throw new Skip('NO_TRANSFORM')
}

export interface SourceBody {
  readonly bytes: Uint8Array
  /** A stream of the whole body, if the body is longer than allowed. `bytes` is then empty. */
  readonly tooLarge?: ReadableStream<Uint8Array>
}

/**
 * Reads a body of at most maxSourceBytes within sourceTimeoutMs. The bytes are counted as they arrive: a large
 * Content-Length rejects the body early, but a small one is not trusted. Throws an SrError if the body breaks off or
 * takes too long.
 */
export async function readSource(response: Response, settings: Settings): Promise<SourceBody> {
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

/** Returns a stream of the chunks that were already read, followed by the rest of the body. */
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
