// Requests the original picture, and reads it within the limits of size and time.
import type { Context } from 'hono'
import { SrError } from '../base/errors.ts'
import { release } from '../base/release.ts'
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
  const statedBytes = Number(response.headers.get('content-length'))
  if (statedBytes > maxSourceBytes) return { ...none, tooLarge: response.body }
  const reader = openReader(response.body as ReadableStream<Uint8Array>)
  // One byte more than stated, so that the end is seen without another buffer.
  let filled: Filled = emptyOf(statedBytes > 0 ? statedBytes + 1 : FIRST_BYTES)
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    void reader.cancel()
  }, sourceTimeoutMs)
  try {
    for (;;) {
      if (filled.size === filled.buffer.length) filled = { ...filled, buffer: grown(filled.buffer, 2 * filled.size) }
      filled = await reader.append(filled)
      if (filled.isEnded) break
      if (filled.size > maxSourceBytes) return { ...none, tooLarge: resume(bytesOf(filled), reader) }
    }
  } catch (cause) {
    if (!isLate) throw new SrError('ORIGIN_UNREACHABLE', 'the origin broke off in the middle of the picture', { cause })
  } finally {
    clearTimeout(timer)
  }
  if (isLate) {
    throw new SrError('ORIGIN_TIMEOUT', `the origin took longer than ${sourceTimeoutMs} ms for the picture`)
  }
  return { bytes: bytesOf(filled) }
}

/** Size of the first buffer if the origin does not state how many bytes will come. */
const FIRST_BYTES = 2 ** 16

/** A buffer whose first `size` bytes were read. */
interface Filled {
  readonly buffer: Uint8Array<ArrayBuffer>
  readonly size: number
  /** True if no bytes follow. */
  readonly isEnded: boolean
}

function emptyOf(bytes: number): Filled {
  return { buffer: new Uint8Array(bytes), size: 0, isEnded: false }
}

function bytesOf({ buffer, size }: Filled): Uint8Array<ArrayBuffer> {
  return buffer.subarray(0, size)
}

/** Moves bytes to a larger buffer. */
function grown(buffer: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes)
  larger.set(buffer)
  release(buffer)
  return larger
}

interface Reader {
  /** Reads the next bytes into the buffer, which must not be full. It can be used afterwards only as the result's. */
  append(filled: Filled): Promise<Filled>
  cancel(reason?: unknown): Promise<void>
}

/**
 * Opens a reader that fills the caller's buffer. Any other reader leaves its chunks, as much as the whole body, to
 * garbage collection. It is used only for streams that cannot fill a buffer: some that apps make themselves.
 */
function openReader(body: ReadableStream<Uint8Array>): Reader {
  try {
    const reader = body.getReader({ mode: 'byob' })
    return {
      async append({ buffer, size }) {
        const { done, value } = await reader.read(buffer.subarray(size))
        if (!value) return { buffer, size, isEnded: true } // cancelled
        return { buffer: new Uint8Array(value.buffer), size: size + value.length, isEnded: done }
      },
      cancel: (reason) => reader.cancel(reason),
    }
  } catch {
    const reader = body.getReader()
    return {
      async append({ buffer, size }) {
        const { done, value } = await reader.read()
        if (done) return { buffer, size, isEnded: true }
        const end = size + value.length
        const large = end > buffer.length ? grown(buffer, Math.max(end, 2 * size)) : buffer
        large.set(value, size)
        return { buffer: large, size: end, isEnded: false }
      },
      cancel: (reason) => reader.cancel(reason),
    }
  }
}

/** Returns a stream of the bytes that were already read, followed by the rest of the body. */
function resume(read: Uint8Array, reader: Reader): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(read),
    async pull(controller) {
      const next = await reader.append(emptyOf(FIRST_BYTES))
      if (next.size > 0) controller.enqueue(bytesOf(next))
      if (next.isEnded) controller.close()
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
