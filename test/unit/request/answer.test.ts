import { expect, test } from 'vitest'
import { isKnown } from '../../../worker/request/answer.ts'

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
