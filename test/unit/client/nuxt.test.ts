import { expect, test } from 'vitest'
import type { Modifiers } from '../../../worker/client/modifiers.ts'
import setup, { getImage, type NuxtOptions } from '../../../worker/client/nuxt.ts'
import { expectAccepted, PAGE } from './accepted.ts'

test.each<[string, Modifiers, NuxtOptions, string]>([
  ['a width', { width: 600 }, {}, '/cat.jpg?sr-width=640'],
  ['a height', { height: 600 }, {}, '/cat.jpg?sr-height=640'],
  ['the width of both', { width: 600, height: 400 }, {}, '/cat.jpg?sr-width=640'],
  ['the width of both where a layout crops', { width: 600, height: 400, fit: 'cover' }, {}, '/cat.jpg?sr-width=640'],
  [
    'both where the picture is to fit into them',
    { width: 600, height: 400, fit: 'inside' },
    {},
    '/cat.jpg?sr-width=640&sr-height=640',
  ],
  ['both, likewise', { width: 600, height: 400, fit: 'contain' }, {}, '/cat.jpg?sr-width=640&sr-height=640'],
  ['a scale rather than sizes', { width: 600, height: 400, scale: 3 }, {}, '/cat.jpg?sr=3'],
  ['numbers as text', { width: '600', quality: '71' }, {}, '/cat.jpg?sr-width=640&sr-quality=70'],
  ['a scale as text', { scale: '2' }, {}, '/cat.jpg?sr=2'],
  ['jpg', { width: 1, format: 'jpg' }, {}, '/cat.jpg?sr-width=320&sr-format=jpeg'],
  ['avif', { width: 1, format: 'avif' }, {}, '/cat.jpg?sr-width=320&sr-format=auto'],
  ['a model', { scale: 2, model: 'quality' }, {}, '/cat.jpg?sr=2&sr-model=quality'],
  [
    "the options'",
    { scale: 2 },
    { format: 'auto', quality: 60, model: 'srcnn' },
    '/cat.jpg?sr=2&sr-format=auto&sr-quality=60&sr-model=srcnn',
  ],
  [
    "a modifier before the options'",
    { scale: 2, format: 'png', quality: 90, model: 'fast' },
    { format: 'auto', quality: 60, model: 'srcnn' },
    '/cat.jpg?sr=2&sr-format=png&sr-quality=90&sr-model=fast',
  ],
  ['another host', { scale: 2 }, { baseURL: 'https://img.example/' }, 'https://img.example/cat.jpg?sr=2'],
])('%s', (_, modifiers, options, expected) => {
  const { url } = getImage('/cat.jpg', { ...options, modifiers })
  expect(url).toBe(expected)
  expectAccepted(new URL('/cat.jpg', options.baseURL ?? PAGE).href, url)
})

test('a picture without any size comes back as it is', () => {
  expect(getImage('/cat.jpg?v=7')).toEqual({ url: '/cat.jpg?v=7' })
  const modifiers = { width: undefined, format: 'webp' }
  expect(getImage('/cat.jpg?v=7', { modifiers })).toEqual({ url: '/cat.jpg?v=7' })
})

test('a URL with a host of its own is not put behind another', () => {
  const options = { baseURL: 'https://img.example', modifiers: { scale: 2 } }
  expect(getImage('//a.example/b', options)).toEqual({ url: '//a.example/b?sr=2' })
  expect(getImage('http://a.example/b', options)).toEqual({ url: 'http://a.example/b?sr=2' })
})

test("what @nuxt/image merges into a provider's options, its `sizes` among them, changes nothing", () => {
  const merged = {
    provider: 'srcnn',
    preset: undefined,
    sizes: 'sm:100vw md:50vw',
    densities: '1 2',
    modifiers: { width: 320, fit: 'cover', blur: 3, background: '#fff' },
  }
  expect(getImage('/a', merged)).toEqual({ url: '/a?sr-width=320' })
})

test.each(['gif', 'svg', 'toString'])('the format %s is refused, saying what was expected', (format) => {
  const make = () => getImage('/a', { modifiers: { width: 1, format } })
  expect(make).toThrow(RangeError)
  expect(make).toThrow(`expected one of source, auto, jpeg, png, webp, jpg, avif, got "${format}"`)
})

test("the default export gives a provider, as what @nuxt/image's defineProvider makes", () => {
  expect(setup().getImage('/a', { modifiers: { width: 1 } })).toEqual({ url: '/a?sr-width=320' })
  expect(setup()).toBe(setup())
})

test('spaces are encoded, as NuxtImg writes a srcset of what a provider gives', () => {
  expect(getImage('/my cat.jpg', { modifiers: { scale: 2 } })).toEqual({
    url: '/my%20cat.jpg?sr=2',
  })
  expect(getImage('/my cat.jpg')).toEqual({ url: '/my%20cat.jpg' })
})
