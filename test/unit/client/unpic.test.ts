import type { TransformerFunction, URLExtractor, URLGenerator, URLTransformer } from 'unpic'
import { describe, expect, test } from 'vitest'
import { extract, generate, type SrOperations, transform } from '../../../worker/client/unpic.ts'
import type { SrOptions } from '../../../worker/client/url.ts'
import { expectAccepted } from './accepted.ts'

// unpic's components take a TransformerFunction as `transformer`. unpic declares the types of the other functions only
// for its own providers, so the functions are checked against the types of its provider `bunny`.
transform satisfies TransformerFunction<SrOperations, SrOptions>
transform satisfies URLTransformer<'bunny'>
generate satisfies URLGenerator<'bunny'>
extract satisfies (url: string | URL, options?: SrOptions) => ReturnType<URLExtractor<'bunny'>>

describe('extract', () => {
  test.each<[string, string, SrOperations]>([
    ['/cat.jpg?sr=3', '/cat.jpg', { scale: 3 }],
    ['/cat.jpg?v=7&sr=3&w=1#eyes', '/cat.jpg?v=7&w=1#eyes', { scale: 3 }],
    ['cat.jpg?sr-width=640&sr-height=320', 'cat.jpg', { width: 640, height: 320, fit: 'inside' }],
    [
      'https://a.example/b?sr=2&sr-format=webp&sr-quality=80&sr-model=srcnn',
      'https://a.example/b',
      { scale: 2, format: 'webp', quality: 80, model: 'srcnn' },
    ],
  ])('splits %s into the source %s and the operations %j', (url, src, operations) => {
    expect(extract(url)).toEqual({ src, operations, options: {} })
    const absolute = new URL(url, 'https://a.example')
    expect(extract(absolute)?.operations).toEqual(operations)
  })

  test.each(['/cat.jpg', '/cat.jpg?w=3#sr=3', ''])(
    'returns null for %j, which has no parameter of the worker',
    (url) => {
      expect(extract(url)).toBeNull()
    },
  )

  test('is the inverse of generate', () => {
    const url = '/cat.jpg?v=7&sr-width=640&sr-height=320&sr-format=auto&sr-quality=85&sr-model=srcnn#eyes'
    const found = extract(url)
    expect(found && generate(found.src, found.operations, found.options)).toBe(url)
    const other = extract('/a?sr=b&x=3', { param: 'x' })
    expect(other).toEqual({ src: '/a?sr=b', operations: { scale: 3 }, options: { param: 'x' } })
    expect(other && generate(other.src, other.operations, other.options)).toBe('/a?sr=b&x=3')
  })
})

describe('transform', () => {
  test.each<[string, SrOperations, SrOptions, string]>([
    ['/a', { width: 600, height: 400 }, {}, '/a?sr-width=640'],
    ['/a', { width: '600', quality: '71' }, {}, '/a?sr-width=640&sr-quality=75'],
    ['/a', { width: 600, scale: 3 }, {}, '/a?sr=3'],
    ['/a', { width: 600, format: undefined }, { format: 'auto' }, '/a?sr-width=640&sr-format=auto'],
    ['/my cat.jpg', { width: 600 }, {}, '/my%20cat.jpg?sr-width=640'],
    ['/a?sr=3&sr-format=webp', { width: 600 }, {}, '/a?sr-width=640&sr-format=webp'],
    ['/a?sr=3', { format: 'webp' }, {}, '/a?sr=3&sr-format=webp'],
    ['/a?sr-width=320&sr-height=320', { format: 'png' }, {}, '/a?sr-width=320&sr-height=320&sr-format=png'],
    ['/a?sr-width=320&sr-height=320', { width: 600, height: 400 }, {}, '/a?sr-width=640'],
    ['/a?sr-width=320&sr-height=320', { width: 600 }, {}, '/a?sr-width=640'],
    ['/a?sr-width=320', { scale: 2 }, {}, '/a?sr=2'],
    ['/a?v=7&sr=2#eyes', { width: undefined }, {}, '/a?v=7&sr=2#eyes'],
  ])('turns %s with the operations %j and the options %j into %4$s', (src, operations, options, expected) => {
    const made = transform(src, operations, options)
    expect(made).toBe(expected)
    expectAccepted(src, made)
  })

  test('accepts a URL object', () => {
    expect(transform(new URL('https://a.example/b?c'), { width: 1 })).toBe('https://a.example/b?c&sr-width=320')
  })

  test('returns a URL without a size unchanged', () => {
    expect(transform('/a?v=7', {})).toBe('/a?v=7')
  })
})
