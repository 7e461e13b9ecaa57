import { expect, test } from 'vitest'
import type { Modifiers } from '../../../worker/client/modifiers.ts'
import setup, { getImage, type NuxtOptions } from '../../../worker/client/nuxt.ts'
import { expectAccepted, PAGE } from './accepted.ts'

test.each<[string, Modifiers, NuxtOptions, string]>([
  ['a width becomes sr-width', { width: 600 }, {}, '/cat.jpg?sr-width=640'],
  ['a height becomes sr-height', { height: 600 }, {}, '/cat.jpg?sr-height=640'],
  ['of width and height, only the width is used', { width: 600, height: 400 }, {}, '/cat.jpg?sr-width=640'],
  [
    'if the layout crops, only the width is used',
    { width: 600, height: 400, fit: 'cover' },
    {},
    '/cat.jpg?sr-width=640',
  ],
  [
    'width and height are both used with fit: inside',
    { width: 600, height: 400, fit: 'inside' },
    {},
    '/cat.jpg?sr-width=640&sr-height=640',
  ],
  [
    'width and height are both used with fit: contain',
    { width: 600, height: 400, fit: 'contain' },
    {},
    '/cat.jpg?sr-width=640&sr-height=640',
  ],
  ['a scale replaces width and height', { width: 600, height: 400, scale: 3 }, {}, '/cat.jpg?sr=3'],
  ['numbers may be text', { width: '600', quality: '71' }, {}, '/cat.jpg?sr-width=640&sr-quality=75'],
  ['a scale may be text', { scale: '2' }, {}, '/cat.jpg?sr=2'],
  ['jpg becomes jpeg', { width: 1, format: 'jpg' }, {}, '/cat.jpg?sr-width=320&sr-format=jpeg'],
  ['avif becomes auto', { width: 1, format: 'avif' }, {}, '/cat.jpg?sr-width=320&sr-format=auto'],
  ['a model becomes sr-model', { scale: 2, model: 'quality' }, {}, '/cat.jpg?sr=2&sr-model=quality'],
  [
    'the options of the provider are used for every picture',
    { scale: 2 },
    { format: 'auto', quality: 60, model: 'srcnn' },
    '/cat.jpg?sr=2&sr-format=auto&sr-quality=75&sr-model=srcnn',
  ],
  [
    'a modifier replaces the option of the same name',
    { scale: 2, format: 'png', quality: 90, model: 'fast' },
    { format: 'auto', quality: 60, model: 'srcnn' },
    '/cat.jpg?sr=2&sr-format=png&sr-quality=85&sr-model=fast',
  ],
  [
    'baseURL is put before a path',
    { scale: 2 },
    { baseURL: 'https://img.example/' },
    'https://img.example/cat.jpg?sr=2',
  ],
])('%s', (_, modifiers, options, expected) => {
  const { url } = getImage('/cat.jpg', { ...options, modifiers })
  expect(url).toBe(expected)
  expectAccepted(new URL('/cat.jpg', options.baseURL ?? PAGE).href, url)
})

test('the URL of a picture without a size is unchanged', () => {
  expect(getImage('/cat.jpg?v=7')).toEqual({ url: '/cat.jpg?v=7' })
  const modifiers = { width: undefined, format: 'webp' }
  expect(getImage('/cat.jpg?v=7', { modifiers })).toEqual({ url: '/cat.jpg?v=7' })
})

test('a quality becomes the nearest in the option qualities', () => {
  const options = { qualities: [50, 90], modifiers: { scale: 2, quality: 60 } } as const
  expect(getImage('/a', options)).toEqual({ url: '/a?sr=2&sr-quality=50' })
})

test('baseURL is not put before a URL that has a host', () => {
  const options = { baseURL: 'https://img.example', modifiers: { scale: 2 } }
  expect(getImage('//a.example/b', options)).toEqual({ url: '//a.example/b?sr=2' })
  expect(getImage('http://a.example/b', options)).toEqual({ url: 'http://a.example/b?sr=2' })
})

test('options that @nuxt/image adds, such as `sizes`, are ignored', () => {
  const merged = {
    provider: 'srcnn',
    preset: undefined,
    sizes: 'sm:100vw md:50vw',
    densities: '1 2',
    modifiers: { width: 320, fit: 'cover', blur: 3, background: '#fff' },
  }
  expect(getImage('/a', merged)).toEqual({ url: '/a?sr-width=320' })
})

test.each(['gif', 'svg', 'toString'])('the error for the format %s says what was expected', (format) => {
  const make = () => getImage('/a', { modifiers: { width: 1, format } })
  expect(make).toThrow(RangeError)
  expect(make).toThrow(`expected one of source, auto, jpeg, png, webp, jpg, avif, got "${format}"`)
})

test('the default export is a function that returns a provider, as @nuxt/image expects', () => {
  expect(setup().getImage('/a', { modifiers: { width: 1 } })).toEqual({ url: '/a?sr-width=320' })
  expect(setup()).toBe(setup())
})

test('spaces are encoded, because NuxtImg puts the URL into a srcset', () => {
  expect(getImage('/my cat.jpg', { modifiers: { scale: 2 } })).toEqual({
    url: '/my%20cat.jpg?sr=2',
  })
  expect(getImage('/my cat.jpg')).toEqual({ url: '/my%20cat.jpg' })
})
