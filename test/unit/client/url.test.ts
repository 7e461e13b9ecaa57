import { describe, expect, test } from 'vitest'
import { SIZES } from '../../../worker/client/allowed.ts'
import { type SrUrlOptions, srUrl } from '../../../worker/client/url.ts'
import { expectAccepted } from './accepted.ts'

const SOURCES = [
  'cat.jpg',
  './cat.jpg',
  '../b/cat.jpg',
  '/cat.jpg',
  '//img.example/cat.jpg',
  'https://img.example/cat.jpg',
  'https://img.example',
  'HTTPS://user:pw@img.example:8443/cat.jpg',
  '/cat.jpg?',
  '/cat.jpg?&',
  '/cat.jpg?v=7',
  '/cat.jpg?v=7&v=8&empty=&bare',
  '/cat.jpg?q=a+b%20c%2Fd/e?f',
  '/cat.jpg?srcset=1&srx=2&SR=3',
  '/cat.jpg#eyes',
  '/cat.jpg#eyes?sr=9&sr-width=1',
  '/cat.jpg?v=7#a#b',
  '/k%C3%A4tzchen.jpg',
  '/kätzchen (1).jpg?t=ß',
  '?v=7',
  '#eyes',
  '',
]

const WANTED: SrUrlOptions[] = [
  { scale: 2 },
  { scale: 4, format: 'auto', quality: 75, model: 'srcnn' },
  { width: 600 },
  { height: 1, quality: 1 },
  { width: 4000, height: 640, format: 'jpeg', quality: 100 },
]

describe.each(SOURCES)('the URL made from %j', (src) => {
  test.each(WANTED)(
    "with the options %j is accepted by the worker, and differs from the source only in the worker's parameters",
    (wanted) => {
      expectAccepted(src, srUrl(src, wanted))
    },
  )

  test('has exactly the bytes of the source before and after the added parameters', () => {
    const [, before, fragment] = /^([^#]*)(.*)$/.exec(src) ?? []
    const added = srUrl(src, { scale: 3 })
    expect(added).toBe(`${before}${before.includes('?') ? '&' : '?'}sr=3${fragment}`)
  })
})

test.each<[string, string, SrUrlOptions, string]>([
  ['a scale by another scale', '/cat.jpg?sr=2&v=7', { scale: 3 }, '/cat.jpg?v=7&sr=3'],
  ['a scale by a width', '/cat.jpg?sr=2', { width: 320 }, '/cat.jpg?sr-width=320'],
  ['width and height by a scale', '/cat.jpg?sr-width=320&sr-height=640#x', { scale: 2 }, '/cat.jpg?sr=2#x'],
  ['a signature by nothing', '/cat.jpg?sr=2&sr-key=a&sr-exp=1&sr-sig=b', { scale: 2 }, '/cat.jpg?sr=2'],
  ['a repeated parameter by a single one', '/cat.jpg?sr=2&a=1&sr=3&sr', { scale: 4 }, '/cat.jpg?a=1&sr=4'],
])("the worker's parameters in src are replaced: %s", (_, src, wanted, expected) => {
  expect(srUrl(src, wanted)).toBe(expected)
})

test.each([
  [0.5, 320],
  [320, 320],
  [320.1, 640],
  [321, 640],
  [1281, 1920],
  [2560, 2560],
  [2561, 2560],
  [1e9, 2560],
])('a width of %d px becomes the allowed width %d', (width, expected) => {
  expect(srUrl('a', { width })).toBe(`a?sr-width=${expected}`)
  expect(srUrl('a', { height: width })).toBe(`a?sr-height=${expected}`)
})

test('the allowed sizes may be listed in any order, and `any` allows every whole number', () => {
  expect(srUrl('a', { width: 150, sizes: [400, 100, 200] })).toBe('a?sr-width=200')
  expect(srUrl('a', { width: 500, sizes: [400, 100, 200] })).toBe('a?sr-width=400')
  expect(srUrl('a', { width: 150.2, height: 99, sizes: 'any' })).toBe('a?sr-width=151&sr-height=99')
})

test.each([
  [1, 75],
  [75, 75],
  [79.9, 75],
  [80, 85],
  [85, 85],
  [100, 85],
])('a quality of %d becomes %d, which the worker makes', (quality, expected) => {
  const made = srUrl('a', { scale: 2, quality })
  expect(made).toBe(`a?sr=2&sr-quality=${expected}`)
  expectAccepted('a', made)
})

test('the qualities may be listed in any order, and the higher of two that are equally near is taken', () => {
  const of = (quality: number) => srUrl('a', { scale: 2, quality, qualities: [90, 40, 60] })
  expect([1, 49, 50, 75, 76].map(of)).toEqual([40, 40, 60, 90, 90].map((quality) => `a?sr=2&sr-quality=${quality}`))
})

test('if the parameter sr has another name, `sr` in src is kept for the origin', () => {
  const made = srUrl('https://azure.example/cat.jpg?sr=b&x=3', { scale: 2, param: 'x' })
  expect(made).toBe('https://azure.example/cat.jpg?sr=b&x=2')
  expectAccepted('https://azure.example/cat.jpg?sr=b', made, 'x')
})

test.each(['data:image/png;base64,AA==', 'blob:https://a.example/1-2', 'DATA:,x'])(
  '%s is returned unchanged, because no worker receives it',
  (src) => expect(srUrl(src, { scale: 2 })).toBe(src),
)

test.each<[object, string]>([
  [{}, 'expected a scale, a width or a height, got none'],
  [{ scale: 2, width: 640 }, 'expected a scale, or a width and a height, got both'],
  [{ scale: 2, height: 640 }, 'expected a scale, or a width and a height, got both'],
  [{ scale: 5 }, 'scale: expected one of 2, 3, 4, got 5'],
  [{ scale: Number.NaN }, 'scale: expected one of 2, 3, 4, got NaN'],
  [{ scale: '2' }, 'scale: expected one of 2, 3, 4, got 2'],
  [{ width: 0 }, 'width: expected px above 0, got 0'],
  [{ width: -1 }, 'width: expected px above 0, got -1'],
  [{ width: Number.NaN }, 'width: expected px above 0, got NaN'],
  [{ width: Infinity }, 'width: expected px above 0, got Infinity'],
  [{ height: 0 }, 'height: expected px above 0, got 0'],
  [{ width: 1, sizes: [] }, "sizes: expected a list of px, or 'any', got none"],
  [{ scale: 2, quality: 75, qualities: [] }, 'qualities: expected a list of qualities, got none'],
  [{ scale: 2, quality: 0 }, 'quality: expected 1 to 100, got 0'],
  [{ scale: 2, quality: 101 }, 'quality: expected 1 to 100, got 101'],
  [{ scale: 2, quality: Number.NaN }, 'quality: expected 1 to 100, got NaN'],
  [{ scale: 2, format: 'avif' }, 'format: expected one of source, auto, jpeg, png, webp, got avif'],
  [{ scale: 2, model: 'a&b' }, 'model: expected a name like srcnn, got "a&b"'],
  [{ scale: 2, param: 'sr-x' }, 'param: expected letters, digits and . _ ~ -'],
  [{ scale: 2, param: 'a b' }, 'param: expected letters, digits and . _ ~ -'],
])('the error for %j says what was expected', (wanted, message) => {
  const make = () => srUrl('/cat.jpg', wanted)
  expect(make).toThrow(RangeError)
  expect(make).toThrow(message)
})

test('the allowed sizes are in ascending order', () => {
  expect([...SIZES].toSorted((a, b) => a - b)).toEqual([...SIZES])
})
