// Requests the original picture, and reads it within the limits of size and time.
import type { Context } from 'hono'
import { concat } from '../base/concat.ts'
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
  if (Number(response.headers.get('content-length') ?? 0) > maxSourceBytes) {
    return { ...none, tooLarge: response.body }
  }
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const collector = createCollector()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    void reader.cancel()
  }, sourceTimeoutMs)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      if (collector.size() + value.length > maxSourceBytes) {
        return { ...none, tooLarge: resume([...collector.blocks(), value], reader) }
      }
      collector.add(value)
    }
  } catch (cause) {
    if (!isLate) throw new SrError('ORIGIN_UNREACHABLE', 'the origin broke off in the middle of the picture', { cause })
  } finally {
    clearTimeout(timer)
  }
  if (isLate) {
    throw new SrError('ORIGIN_TIMEOUT', `the origin took longer than ${sourceTimeoutMs} ms for the picture`)
  }
  const blocks = collector.blocks()
  const bytes = concat(blocks)
  release(...blocks)
  return { bytes }
}

const BLOCK_BYTES = 2 ** 17

interface Collector {
  /** Copies a chunk of the body. */
  add(chunk: Uint8Array): void
  /** Returns how many bytes were added. */
  size(): number
  /** Returns the added bytes, in blocks. */
  blocks(): Uint8Array[]
}

/**
 * Collects a body in blocks that can be freed. The chunks cannot be: the app may have made them, and use them again.
 * V8 frees chunks much sooner that are dropped as soon as they arrive, so they are copied then.
 */
function createCollector(): Collector {
  const full: Uint8Array[] = []
  let block = new Uint8Array(BLOCK_BYTES)
  let filled = 0
  return {
    add(chunk) {
      for (let at = 0; at < chunk.length;) {
        if (filled === BLOCK_BYTES) {
          full.push(block)
          block = new Uint8Array(BLOCK_BYTES)
          filled = 0
        }
        const part = chunk.subarray(at, at + BLOCK_BYTES - filled)
        block.set(part, filled)
        filled += part.length
        at += part.length
      }
    },
    size: () => full.length * BLOCK_BYTES + filled,
    blocks: () => [...full, block.subarray(0, filled)],
  }
}

/** Returns a stream of the bytes that were already read, followed by the rest of the body. */
function resume(
  bytes: readonly Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  const read = [...bytes]
  return new ReadableStream({
    async pull(controller) {
      const next = read.shift()
      if (next) {
        controller.enqueue(next)
        return
      }
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
