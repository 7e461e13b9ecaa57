// Requests the original picture, and reads it within the limits of size and time.
import type { Context } from 'hono'
import { openByteReader } from '../base/byteReader.ts'
import { concat } from '../base/concat.ts'
import { discard } from '../base/discard.ts'
import { freeStack, SrError } from '../base/errors.ts'
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
 * Returns a new request for the original. Of the visitor's request only the names of deployments that it has passed are
 * copied, by which loops are found, so no other header of a visitor reaches the origin.
 */
export function createSourceRequest(url: string, validators: Validators, passed: readonly string[] = []): Request {
  const headers = headersOf(validators)
  for (const name of passed) headers.append('via', `1.1 ${name}`)
  const request = new Request(url, { headers })
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

/**
 * Names no format that only some browsers take, because the result is for all of them. So an origin that chooses a
 * format by Accept sends the one that it sends to any browser. What it has in one format only, it sends in this format.
 */
const ACCEPT = 'image/jpeg, image/png, image/gif, image/bmp, image/*;q=0.5, */*;q=0.1'

function headersOf({ etag, modified }: Validators): Headers {
  const headers = new Headers({
    accept: ACCEPT,
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

/** Reads the body of an origin's answer, as far as it is needed. */
export interface SourceReader {
  /** Length of the body that the origin states. It is not trusted. */
  readonly statedBytes: number | undefined
  /** How many bytes were read. */
  readonly size: number
  /** True if the body has ended. */
  readonly isWhole: boolean
  /**
   * Reads until there are at least `bytes`, or the body ends. Throws a Skip if the body is longer than maxSourceBytes,
   * and an SrError if it breaks off or if all reading together takes longer than sourceTimeoutMs.
   */
  readTo(bytes: number): Promise<void>
  /**
   * Reads the whole body. There is room for `expected` bytes; for more, `tryHold` is asked. Throws as readTo does, and a
   * Skip if there is no room.
   */
  readAll(expected: number, tryHold: (bytes: number) => boolean): Promise<void>
  /** Returns the bytes that were read. They are valid until more are read. */
  bytes(): Uint8Array
  /** Returns the whole body: the bytes that were read, and a stream of the rest. Nothing can be read afterwards. */
  body(): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  cancel(): void
}

/**
 * Opens the body of an answer. Throws a Skip if the origin states that it is longer than maxSourceBytes. `signal` ends the
 * reading, with a Skip.
 */
export function openSource(
  response: Response,
  { maxSourceBytes, sourceTimeoutMs }: Pick<Settings, 'maxSourceBytes' | 'sourceTimeoutMs'>,
  signal?: AbortSignal,
): SourceReader {
  const stated = response.headers.get('content-length')
  // The length of an encoded body is not that of the picture.
  const statedBytes = stated !== null && !response.headers.has('content-encoding') ? Number(stated) : NaN
  if (Number(stated) > maxSourceBytes) throw new Skip('SOURCE_BYTES')
  const stream = response.body as ReadableStream<Uint8Array> | null
  const reader = stream ? openByteReader(stream) : undefined
  const cancel = () => reader?.cancel()
  const collector = createCollector()
  /** All bytes, once they were joined. */
  let joined: Uint8Array<ArrayBuffer> | undefined
  /** A chunk beyond maxSourceBytes, which the collector does not copy. */
  let excess: Uint8Array | undefined
  let isWhole = !reader
  let leftMs = sourceTimeoutMs

  async function fill(bytes: number): Promise<void> {
    while (!isWhole && collector.size() < bytes) {
      const chunk = await reader!.read()
      if (!chunk) {
        isWhole = true
      } else if (collector.size() + chunk.length > maxSourceBytes) {
        excess = chunk.slice()
        throw new Skip('SOURCE_BYTES')
      } else {
        collector.add(chunk)
      }
    }
  }

  async function readTo(bytes: number): Promise<void> {
    if (isWhole) return
    let isLate = false
    const startedAt = Date.now()
    const timer = setTimeout(() => {
      isLate = true
      cancel()
    }, leftMs)
    signal?.addEventListener('abort', cancel)
    try {
      await fill(bytes)
    } catch (cause) {
      if (cause instanceof Skip) throw cause
      freeStack(cause)
      if (!isLate) {
        throw new SrError('ORIGIN_UNREACHABLE', 'the origin broke off in the middle of the picture', { cause })
      }
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
    }
    if (signal?.aborted) throw new Skip('BUSY') // nobody waits for an answer
    if (isLate) {
      throw new SrError('ORIGIN_TIMEOUT', `the origin took longer than ${sourceTimeoutMs} ms for the picture`)
    }
    leftMs = Math.max(1, leftMs - (Date.now() - startedAt))
  }

  return {
    statedBytes: statedBytes >= 0 ? statedBytes : undefined,
    get size() {
      return collector.size()
    },
    get isWhole() {
      return isWhole
    },
    async readAll(expected, tryHold) {
      if (statedBytes <= expected) collector.expect(statedBytes)
      for (let bytes = expected; ; bytes *= 2) {
        await readTo(bytes + 1) // one more, to see the end
        if (isWhole) return
        if (!tryHold(Math.min(2 * bytes, maxSourceBytes))) throw new Skip('BUSY')
      }
    },
    readTo,
    bytes() {
      if (joined) return joined
      const blocks = collector.blocks()
      if (!isWhole) return blocks.length === 1 ? blocks[0] : concat(blocks)
      const isOne = blocks.length === 1 && blocks[0].length === blocks[0].buffer.byteLength
      joined = isOne ? blocks[0] : concat(blocks)
      if (!isOne) release(...blocks)
      return joined
    },
    body() {
      if (joined) return joined
      reader?.unlock()
      return resume([...collector.blocks(), ...(excess ? [excess] : [])], stream)
    },
    cancel,
  }
}

const BLOCK_BYTES = 2 ** 16

interface Collector {
  /** Copies a chunk of the body. */
  add(chunk: Uint8Array): void
  /** Prepares one block for `bytes` in all, so that they need not be joined. */
  expect(bytes: number): void
  /** Returns how many bytes were added. */
  size(): number
  /** Returns the added bytes, in blocks. */
  blocks(): Uint8Array<ArrayBuffer>[]
}

/** Collects a body in blocks that can be freed. The chunks cannot be: the app may have made them, and use them again. */
function createCollector(): Collector {
  let full: Uint8Array<ArrayBuffer>[] = []
  let block = new Uint8Array(BLOCK_BYTES)
  let filled = 0
  let size = 0
  const blocks = () => [...full, block.subarray(0, filled)]
  const collector: Collector = {
    add(chunk) {
      for (let at = 0; at < chunk.length;) {
        if (filled === block.length) {
          full.push(block)
          block = new Uint8Array(BLOCK_BYTES)
          filled = 0
        }
        const part = chunk.subarray(at, at + block.length - filled)
        block.set(part, filled)
        filled += part.length
        at += part.length
      }
      size += chunk.length
    },
    expect(bytes) {
      if (bytes <= size) return
      const read = blocks()
      full = []
      block = new Uint8Array(bytes)
      filled = 0
      size = 0
      for (const part of read) collector.add(part)
      release(...read)
    },
    size: () => size,
    blocks,
  }
  return collector
}

/** Returns a stream of the bytes that were already read, followed by the rest of the body. */
function resume(read: readonly Uint8Array[], rest: ReadableStream<Uint8Array> | null): ReadableStream<Uint8Array> {
  // Workers pass the rest through this stream without running JavaScript.
  const { IdentityTransformStream: Identity = TransformStream } = globalThis as {
    IdentityTransformStream?: typeof TransformStream
  }
  const { readable, writable } = new Identity<Uint8Array, Uint8Array>()
  const pass = async () => {
    const writer = writable.getWriter()
    for (const bytes of read) await writer.write(bytes)
    if (!rest) return writer.close()
    writer.releaseLock()
    return rest.pipeTo(writable)
  }
  // If one side breaks off, the other side does, too.
  void pass().catch(() => discard(rest))
  return readable
}
