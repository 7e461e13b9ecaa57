import { describe, expect, test } from 'vitest'
import type { Entry } from '../../../worker/cache/entry.ts'
import { isKnown, resultResponse } from '../../../worker/request/answer.ts'

test.each([
  ['"a"', '"a"', true],
  ['W/"a"', '"a"', true],
  ['"b", W/"a"', '"a"', true],
  ['*', '"a"', true],
  ['"b"', '"a"', false],
  ['', '"a"', false],
  // An origin's ETag may contain a comma
  ['"a,b"', '"a,b"', true],
  ['"x","a,b" , "y"', 'W/"a,b"', true],
  ['"x,a"', '"a"', false],
  // ETags without quotes, as some origins write them
  ['a', 'a', true],
  ['b, a', 'a', true],
])('If-None-Match: %s matches the ETag %s: %s', (field, etag, known) => {
  const request = new Request('https://a.test/b.jpg', { headers: { 'if-none-match': field } })
  expect(isKnown(request, etag, undefined)).toBe(known)
})

describe('a stored result', () => {
  const ENTRY: Entry = {
    digest: 'd',
    result: 'r',
    etag: '"e"',
    type: 'image/png',
    size: 3,
    sr: 'done; scale=2',
    ttlSeconds: 1,
    freshUntil: 9,
  }
  /** Answers a request with a stored body. Returns the answer, and what happened to the body. */
  function answerTo(init: RequestInit) {
    const seen = { isRead: false, isCancelled: false }
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          seen.isRead = true
          controller.enqueue(Uint8Array.of(1, 2, 3))
          controller.close()
        },
        cancel() {
          seen.isCancelled = true
        },
      },
      { highWaterMark: 0 },
    )
    const headers = { cacheStatus: 'hit; detail=edge', ttlSeconds: 1, variesByAccept: false }
    const response = resultResponse(new Request('https://a.test/b.jpg', init), ENTRY, true, body, headers)
    return { response, seen }
  }

  test.each<[string, RequestInit, number, string | null]>([
    ['a visitor who has the result', { headers: { 'if-none-match': '"e"' } }, 304, null],
    ['HEAD', { method: 'HEAD' }, 200, '3'],
    ['a range behind the end', { headers: { range: 'bytes=3-' } }, 416, null],
  ])('is cancelled unread for %s', (_, init, status, length) => {
    const { response, seen } = answerTo(init)
    expect([response.status, response.headers.get('content-length'), response.body]).toEqual([status, length, null])
    expect(seen).toEqual({ isRead: false, isCancelled: true })
  })

  test('is passed on unread to a visitor who asks for the whole', async () => {
    const { response, seen } = answerTo({})
    expect(seen).toEqual({ isRead: false, isCancelled: false })
    expect(response.headers.get('content-length')).toBe('3')
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([1, 2, 3])
  })
})
