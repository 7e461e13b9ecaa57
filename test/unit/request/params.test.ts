import { describe, expect, test } from 'vitest'
import { SrError } from '../../../worker/base/errors.ts'
import { splitOwn } from '../../../worker/client/query.ts'
import { resolveOptions } from '../../../worker/options.ts'
import { parseParams } from '../../../worker/request/params.ts'

const settings = resolveOptions({ cache: false })
const parse = (query: string, options = settings) =>
  parseParams(splitOwn(`https://a.test/b/c.jpg${query}`, options.param), options)

test('a URL without sr is not handled, whatever its other parameters are', () => {
  for (const query of ['', '?', '?a=1', '?SR=2', '?sr%3D2', '?s%72=2', '?xsr=2', '?sr-format=png', '?srx=2']) {
    expect(parse(query), query).toBeUndefined()
  }
})

test('a missing parameter gets the default that the options set', () => {
  expect(parse('?sr=3')).toEqual({
    wish: { size: { scale: 3 }, format: 'source', quality: 85, model: 'auto' },
    isDescriptionOnly: false,
    sourceUrl: 'https://a.test/b/c.jpg',
  })
  const own = resolveOptions({ cache: false, format: 'auto', quality: 60 })
  expect(parse('?sr=3', own)?.wish).toMatchObject({ format: 'auto', quality: 60 })
})

test('a size in pixels must be in the option sizes, but may be any number if URLs are signed', () => {
  expect(parse('?sr-width=640')?.wish.size).toEqual({ width: 640 })
  expect(parse('?sr-height=320&a=1&sr-width=2560')).toMatchObject({
    wish: { size: { width: 2560, height: 320 } },
    sourceUrl: 'https://a.test/b/c.jpg?a=1',
  })
  const own = resolveOptions({ cache: false, sizes: [77] })
  expect(parse('?sr-width=77', own)?.wish.size).toEqual({ width: 77 })
  const signing = resolveOptions({ cache: false, signing: { a: 'x'.repeat(32) } })
  expect(parse('?sr-width=641', signing)?.wish.size).toEqual({ width: 641 })
  for (const wrong of ['0', '', '1e3', '064', '999999']) {
    expect(() => parse(`?sr-width=${wrong}`, signing)).toThrow('sr-width must be a number of pixels')
  }
})

test('a format must be in the option formats, and a description is always allowed', () => {
  const own = resolveOptions({ cache: false, formats: ['webp', 'source'] })
  expect(parse('?sr=2&sr-format=webp', own)?.wish.format).toBe('webp')
  expect(parse('?sr=2&sr-format=json', own)).toMatchObject({ isDescriptionOnly: true, wish: { format: 'source' } })
  for (const format of ['auto', 'jpeg', 'png']) {
    expect(() => parse(`?sr=2&sr-format=${format}`, own)).toThrow('sr-format must be one of webp, source, json')
  }
})

test('sr-format=json asks for a description of the result in the default format', () => {
  const own = resolveOptions({ cache: false, format: 'webp' })
  expect(parse('?sr=2&sr-format=json', own)).toMatchObject({ isDescriptionOnly: true, wish: { format: 'webp' } })
})

test('the other parameters reach the origin unchanged, byte for byte and in order', () => {
  expect(parse('?b=%7e&sr=2&a=+&b&&sr-quality=40&=x')?.sourceUrl).toBe('https://a.test/b/c.jpg?b=%7e&a=+&b&&=x')
  expect(parse('?sr=2#part')?.sourceUrl).toBe('https://a.test/b/c.jpg')
})

test('if the option query is "ignore", the other parameters are dropped; if it is a list, the listed ones are kept', () => {
  const ignoring = resolveOptions({ cache: false, query: 'ignore' })
  expect(parse('?v=1&sr=2&w=3', ignoring)?.sourceUrl).toBe('https://a.test/b/c.jpg')
  const listing = resolveOptions({ cache: false, query: ['w', 'v'] })
  expect(parse('?v=1&sr=2&x=9&w=3&v=4', listing)?.sourceUrl).toBe('https://a.test/b/c.jpg?v=1&w=3&v=4')
  expect(parse('?x=1&sr=2', listing)?.sourceUrl).toBe('https://a.test/b/c.jpg')
})

test('if the option param is not "sr", sr is passed on to the origin', () => {
  const renamed = resolveOptions({ cache: false, param: 'upscale' })
  expect(parse('?sr=b&upscale=2&sr-format=png', renamed)).toMatchObject({
    wish: { size: { scale: 2 }, format: 'png' },
    sourceUrl: 'https://a.test/b/c.jpg?sr=b',
  })
})

describe('an invalid query is refused with a message that says what was expected', () => {
  test.each([
    ['?sr=1', 'sr must be one of 2, 3, 4, got "1"'],
    ['?sr=2.0', 'got "2.0"'],
    ['?sr=%32', 'got "%32"'],
    ['?sr=2&sr=2', 'sr is given more than once'],
    ['?sr=2&sr-format=png&sr-format=png', 'sr-format is given more than once'],
    ['?sr=2&sr-fromat=png', 'unknown "sr-fromat", expected sr-width, sr-height, sr-format, sr-quality, sr-model'],
    ['?sr=2&sr-=1', 'unknown "sr-"'],
    ['?sr=2&sr-width=640', 'expected sr or sr-width, got both'],
    ['?sr-height=641', 'sr-height must be one of 320, 640, 960, 1280, 1920, 2560, got "641"'],
    ['?sr-width=0640', 'got "0640"'],
    ['?sr-width=640&sr-width=640', 'sr-width is given more than once'],
    ['?sr=2&sr-quality=100', 'sr-quality must be one of 40, 45'],
    ['?sr=2&sr-format=', 'sr-format must be one of source, auto, jpeg, png, webp, json, got ""'],
    [`?sr=2&sr-${'a'.repeat(5000)}&sr-${'a'.repeat(5000)}`, `unknown "sr-${'a'.repeat(37)}…"`],
    [`?sr=${'9'.repeat(5000)}`, `got "${'9'.repeat(40)}…"`],
  ])('%s', (query, message) => {
    expect(() => parse(query)).toThrow(SrError)
    expect(() => parse(query)).toThrow(message)
  })
})
