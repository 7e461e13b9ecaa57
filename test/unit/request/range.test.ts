import { expect, test } from 'vitest'
import { spanOf } from '../../../worker/request/range.ts'

const BYTES = Uint8Array.from({ length: 10 }, (_, i) => i)

/** Returns BYTES as a stream of chunks of `size` bytes, and whether the stream was cancelled. */
function streamOf(size: number, length = BYTES.length) {
  const seen = { isCancelled: false, chunks: 0 }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const at = seen.chunks++ * size
        if (at >= length) controller.close()
        else controller.enqueue(BYTES.slice(at, Math.min(length, at + size)))
      },
      cancel() {
        seen.isCancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, seen }
}

const readAll = async (body: BodyInit) => new Uint8Array(await new Response(body).arrayBuffer())

test.each([1, 3, 4, 10, 99])(
  'every span of a stream of chunks of %i bytes has the bytes of the array',
  async (size) => {
    for (let first = 0; first < BYTES.length; first++) {
      for (let last = first; last < BYTES.length; last++) {
        const part = spanOf(streamOf(size).stream, { first, last })
        expect(await readAll(part as BodyInit)).toEqual(spanOf(BYTES, { first, last }))
      }
    }
  },
)

test('a stream is read no further than the span, and is then cancelled', async () => {
  const { stream, seen } = streamOf(2)
  await readAll(spanOf(stream, { first: 1, last: 4 }) as BodyInit)
  expect(seen).toEqual({ isCancelled: true, chunks: 3 })
})

test('if a visitor leaves within a span, the stream is cancelled', async () => {
  const { stream, seen } = streamOf(2)
  const reader = (spanOf(stream, { first: 1, last: 8 }) as ReadableStream<Uint8Array>).getReader()
  await reader.read()
  await reader.cancel()
  expect(seen.isCancelled).toBe(true)
})

test('a span of a stream that ends too early fails', async () => {
  const part = spanOf(streamOf(2, 5).stream, { first: 1, last: 8 })
  await expect(readAll(part as BodyInit)).rejects.toThrow()
})
