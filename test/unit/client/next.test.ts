import { expect, test } from 'vitest'
import defaultLoader, { createLoader } from '../../../worker/client/next.ts'
import { expectAccepted } from './accepted.ts'

// The default widths of next/image: images.deviceSizes and images.imageSizes.
const WIDTHS = [32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840]

test.each(WIDTHS)('a width of %d px, a default of next/image, is accepted', (width) => {
  for (const src of ['/cat.jpg', '/cat.jpg?v=7#eyes', 'https://img.example/cat.jpg?v=7']) {
    const given = expectAccepted(src, defaultLoader({ src, width }))
    expect([...given.keys()]).toEqual(['sr-width'])
    for (const quality of [1, 75, 80, 100]) {
      expectAccepted(src, defaultLoader({ src, width, quality }))
    }
  }
})

test.each([
  [960, [750, 828]],
  [1280, [1080, 1200]],
  [2560, [2048, 3840]],
])('%d px is the result of %j, defaults of next/image, so that deviceSizes must be set', (width, named) => {
  const urlOf = (one: number) => defaultLoader({ src: '/a', width: one })
  expect(WIDTHS.filter((one) => urlOf(one) === `/a?sr-width=${width}`)).toEqual(named)
})

test('the quality that an image sets replaces the quality that the loader sets', () => {
  const loader = createLoader({ quality: 85, format: 'auto', model: 'quality' })
  const of = (quality?: number) => Object.fromEntries(expectAccepted('/a', loader({ src: '/a', width: 640, quality })))
  expect(of()).toEqual({ 'sr-width': '640', 'sr-format': 'auto', 'sr-quality': '85', 'sr-model': 'quality' })
  expect(of(75)).toMatchObject({ 'sr-quality': '75' })
})

test('the configuration that next/image passes to the loader is ignored', () => {
  const props = { src: '/a', width: 640, config: { deviceSizes: [640], format: 'gif' } }
  expect(defaultLoader(props)).toBe('/a?sr-width=640')
})

test('spaces are encoded, because next/image puts the URL into a srcset', () => {
  const url = defaultLoader({ src: '/my cat.jpg?v=a b', width: 640 })
  expect(url).toBe('/my%20cat.jpg?v=a%20b&sr-width=640')
  expectAccepted('/my cat.jpg?v=a b', url)
})
