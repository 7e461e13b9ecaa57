// Range requests (RFC 9110, 14). A request for one range of bytes gets this range. A request for several ranges or in
// other units gets the whole picture, as the RFC allows.
import type { FileBody } from '../cache/stores.ts'

/** Positions of the first and the last byte, both included. */
export interface Span {
  readonly first: number
  readonly last: number
}

/** `none` if the range begins after the last byte. */
export type Range = Span | 'none'

/**
 * Returns the range of a file of `size` bytes that a `Range` header asks for. Undefined if the whole file is to be
 * sent.
 */
export function parseRange(field: string | null, size: number): Range | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/i.exec(field?.trim() ?? '') ?? []
  if (from === undefined || to === undefined || from + to === '') return undefined
  if (from === '')
    return Number(to) === 0 || size === 0 ? 'none' : { first: Math.max(0, size - Number(to)), last: size - 1 }
  const [first, last] = [Number(from), to === '' ? size - 1 : Math.min(Number(to), size - 1)]
  if (to !== '' && Number(to) < first) return undefined // an invalid range is ignored (14.1.1)
  return first >= size ? 'none' : { first, last }
}

/** Returns the bytes of `body` in `span`. A stream is read as far as `last`, never whole in memory, and then cancelled. */
export function spanOf(body: FileBody, span: Span): FileBody {
  if (body instanceof Uint8Array) return body.subarray(span.first, span.last + 1)
  const length = span.last - span.first + 1
  const part = spanOfStream(body.getReader(), span)
  // In Workers, only this stream makes the answer keep its Content-Length.
  const { FixedLengthStream: Fixed } = globalThis as { FixedLengthStream?: new (length: number) => ByteTransform }
  return Fixed ? part.pipeThrough(new Fixed(length)) : part
}

interface ByteTransform {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
}

function spanOfStream(reader: ReadableStreamDefaultReader<Uint8Array>, { first, last }: Span) {
  let at = 0
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      while (at <= last) {
        const { done, value } = await reader.read()
        if (done) throw new Error(`a stored result ends after ${at} bytes`)
        const part = value.subarray(Math.max(0, first - at), last + 1 - at)
        at += value.length
        if (part.length > 0) {
          controller.enqueue(part)
          break
        }
      }
      if (at <= last) return
      controller.close()
      await reader.cancel()
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
