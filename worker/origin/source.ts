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
  const statedBytes = Number(response.headers.get('content-length'))
  if (statedBytes > maxSourceBytes) return { ...none, tooLarge: response.body }
  // One byte more than stated, so that the end is seen without another block.
  const collector = collect(
    response.body as ReadableStream<Uint8Array>,
    statedBytes > 0 ? statedBytes + 1 : BLOCK_BYTES,
  )
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    void collector.cancel()
  }, sourceTimeoutMs)
  try {
    while (await collector.readMore()) {
      if (collector.size() > maxSourceBytes) return { ...none, tooLarge: resume(collector) }
    }
  } catch (cause) {
    if (!isLate) throw new SrError('ORIGIN_UNREACHABLE', 'the origin broke off in the middle of the picture', { cause })
  } finally {
    clearTimeout(timer)
  }
  if (isLate) {
    throw new SrError('ORIGIN_TIMEOUT', `the origin took longer than ${sourceTimeoutMs} ms for the picture`)
  }
  return { bytes: collector.take() }
}

/** Size of the blocks that a body of unknown length is read into. */
const BLOCK_BYTES = 2 ** 17

interface Collector {
  /** Reads some bytes. Resolves with false at the end. */
  readMore(): Promise<boolean>
  /** Returns how many bytes were read and not taken. */
  size(): number
  /** Returns these bytes. */
  take(): Uint8Array
  cancel(reason?: unknown): Promise<void>
}

/**
 * Starts to collect a body. The first block has `firstBytes`. A stream that cannot fill a block, such as an app may have
 * made, yields its own chunks, which are then left to garbage collection.
 */
function collect(body: ReadableStream<Uint8Array>, firstBytes: number): Collector {
  try {
    return collectBlocks(body.getReader({ mode: 'byob' }), firstBytes)
  } catch {
    return collectChunks(body.getReader())
  }
}

function collectBlocks(reader: ReadableStreamBYOBReader, firstBytes: number): Collector {
  let full: Uint8Array[] = []
  let block = new Uint8Array(firstBytes)
  let filled = 0
  return {
    async readMore() {
      if (filled === block.length) {
        full.push(block)
        block = new Uint8Array(BLOCK_BYTES)
        filled = 0
      }
      const { done, value } = await reader.read(block.subarray(filled))
      if (value) {
        block = new Uint8Array(value.buffer)
        filled += value.length
      }
      return !done
    },
    size: () => full.reduce((sum, { length }) => sum + length, filled),
    take() {
      const last = block.subarray(0, filled)
      // A small file must not keep a large block, because an original is in memory until it is collected as garbage.
      const isCopied = full.length > 0 || 2 * filled < block.length
      const all = isCopied ? concat([...full, last]) : last
      if (isCopied) release(...full, block)
      full = []
      block = new Uint8Array(0)
      filled = 0
      return all
    },
    cancel: (reason) => reader.cancel(reason),
  }
}

function collectChunks(reader: ReadableStreamDefaultReader<Uint8Array>): Collector {
  let chunks: Uint8Array[] = []
  return {
    async readMore() {
      const { done, value } = await reader.read()
      if (value) chunks.push(value)
      return !done
    },
    size: () => chunks.reduce((sum, { length }) => sum + length, 0),
    take() {
      const all = concat(chunks)
      chunks = []
      return all
    },
    cancel: (reason) => reader.cancel(reason),
  }
}

/** Returns a stream of the bytes that were already read, followed by the rest of the body. */
function resume(collector: Collector): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(collector.take()),
    async pull(controller) {
      const isMore = await collector.readMore()
      const bytes = collector.take()
      if (bytes.length > 0) controller.enqueue(bytes)
      if (!isMore) controller.close()
    },
    cancel: (reason) => collector.cancel(reason),
  })
}
