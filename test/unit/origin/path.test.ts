import { describe, expect, test } from 'vitest'
import { leavesBase } from '../../../worker/origin/path.ts'

/** Returns the path as a request has it, which a URL parser has already resolved. */
const parsed = (path: string) => new URL(`https://img.example${path}`).pathname

describe('a path leaves the base if a server may read a segment as . or ..:', () => {
  test.each([
    '/..%2fprivate/x',
    '/..%2Fprivate/x',
    '/a/..%2f..%2fprivate/x',
    '/%2e%2e%2fprivate/x',
    '/.%2E%2fprivate/x',
    '/..%5cprivate/x',
    '/..%5Cprivate%5cx',
    '/a%2f..',
    '/a%2f..%2f',
    '/%2f..%2fprivate',
    '/.%2fx',
    '/a/.%5cx',
    '/..;/private/x',
    '/..;a=b/private/x',
    '/..%3b/private/x',
    '/.;/x',
    '/..%252fprivate/x',
    '/%252e%252e/private/x',
    '/%252e%252e%252fprivate/x',
    '/..%255cprivate/x',
    '/..%25252fprivate/x',
    '/..%2525252525252525252fprivate/x',
    '/%25%32%65%25%32%65%25%32%66private',
    '/..%00/private/x',
    '/..%20/private/x',
    '/..%09%2fprivate/x',
    '/.%0d%0a.%2fprivate/x',
    '/%c0%ae%c0%ae/private/x',
    '/..%c0%afprivate/x',
    '/..%c1%9cprivate/x',
    '/%C0%2E./private/x',
  ])('%s', (path) => expect(leavesBase(parsed(path))).toBe(true))
})

describe('a path stays below the base if it has no such segment:', () => {
  test.each([
    '/',
    '/cat.jpg',
    '/a/../cat.jpg',
    '/../cat.jpg',
    '/%2e%2e/cat.jpg',
    '/\\cat.jpg',
    '/.well-known/cat.jpg',
    '/..cat.jpg',
    '/cat..jpg',
    '/...',
    '/a%2fb.jpg',
    '/a%5cb.jpg',
    '/my%20cat.jpg',
    '/100%25.jpg',
    '/100%2525.jpg',
    '/100%.jpg',
    '/%e4%f6%c0.jpg',
    '/k%C3%A4se.jpg',
    '/a;b=..c/cat.jpg',
    '/https:%2f%2fhost%2fcat.jpg',
  ])('%s', (path) => expect(leavesBase(parsed(path))).toBe(false))
})

test('a path of 16 kB that is encoded again and again is refused at once', () => {
  const before = performance.now()
  expect(leavesBase(`/%${'25'.repeat(8000)}2e`)).toBe(true)
  expect(performance.now() - before).toBeLessThan(1000)
})
