import { expect, test } from 'vitest'
import { srcset, type SrcsetOptions } from '../../../worker/client/srcset.ts'
import { expectAccepted, PAGE } from './accepted.ts'

test.each<[string, SrcsetOptions, string]>([
  [
    'the candidates are the picture itself and its results at every scale',
    { src: 'cat.jpg', width: 300 },
    'cat.jpg 300w, cat.jpg?sr=2 600w, cat.jpg?sr=3 900w, cat.jpg?sr=4 1200w',
  ],
  ['scales can be chosen', { src: 'a', width: 10, scales: [2, 4] }, 'a 10w, a?sr=2 20w, a?sr=4 40w'],
  ['without scales, the picture itself is the only candidate', { src: 'a', width: 10, scales: [] }, 'a 10w'],
  [
    'scales whose result has more than 25,000,000 pixels are left out',
    { src: 'a', width: 1600, height: 1200 },
    'a 1600w, a?sr=2 3200w, a?sr=3 4800w',
  ],
  [
    'or more than 8,000,000 if the picture is a PNG',
    { src: 'a.png?v=1', width: 1000, height: 800 },
    'a.png?v=1 1000w, a.png?v=1&sr=2 2000w, a.png?v=1&sr=3 3000w',
  ],
  [
    'or more than 4,000,000 if the result is WebP',
    { src: 'a.png', width: 1000, height: 1000, format: 'webp' },
    'a.png 1000w, a.png?sr=2&sr-format=webp 2000w',
  ],
  [
    'but auto becomes JPEG where WebP ends',
    { src: 'a.png', width: 1000, height: 1000, format: 'auto' },
    'a.png 1000w, a.png?sr=2&sr-format=auto 2000w, a.png?sr=3&sr-format=auto 3000w, a.png?sr=4&sr-format=auto 4000w',
  ],
  [
    'a result with exactly maxOutputPixels is kept',
    { src: 'a', width: 10, height: 10, maxOutputPixels: 900 },
    'a 10w, a?sr=2 20w, a?sr=3 30w',
  ],
  ['a large picture is the only candidate', { src: 'a', width: 4000, height: 3000 }, 'a 4000w'],
  [
    'options are added to the results, but not to the picture itself',
    { src: '/a?v=1#f', width: 10, scales: [2], format: 'webp', quality: 71, model: 'srcnn' },
    '/a?v=1#f 10w, /a?v=1&sr=2&sr-format=webp&sr-quality=75&sr-model=srcnn#f 20w',
  ],
  [
    "the worker's parameters in src are removed from the picture itself",
    { src: 'a?sr=3&v=1', width: 10, scales: [2] },
    'a?v=1 10w, a?v=1&sr=2 20w',
  ],
  [
    'the parameter sr may have another name',
    { src: 'a?sr=b&x=2', width: 10, scales: [2], param: 'x' },
    'a?sr=b 10w, a?sr=b&x=2 20w',
  ],
  ['a data: URL is the only candidate', { src: 'data:,a', width: 10 }, 'data:,a 10w'],
])('%s', (_, options, expected) => {
  expect(srcset(options)).toBe(expected)
})

// The test splits the srcset as the HTML standard does: white space separates a URL from its width, a comma ends a
// candidate.
test.each(['my cat.jpg', ' cat.jpg\n', '/a b/c\td.jpg?x=1 2', 'a,b.jpg?c=,', ',cat.jpg,', 'a,,'])(
  'each candidate of %j is one URL and one width',
  (src) => {
    const candidates = srcset({ src, width: 100 })
      .split(/, /)
      .map((candidate) => candidate.split(/[ \t\n\f\r]+/))
    expect(candidates.map(([, width]) => width)).toEqual(['100w', '200w', '300w', '400w'])
    for (const [url, width] of candidates) {
      expect(url).toMatch(/^[^\s,](.*[^\s,])?$/)
      if (width === '100w') {
        const plain = (text: string) => new URL(text, PAGE).href.replaceAll('%2C', ',')
        expect(plain(url)).toBe(plain(src))
      } else expectAccepted(candidates[0][0], url)
    }
  },
)

test.each<[object, string]>([
  [{ width: 0 }, 'width: expected whole px above 0, got 0'],
  [{ width: 1.5 }, 'width: expected whole px above 0, got 1.5'],
  [{ width: Number.NaN }, 'width: expected whole px above 0, got NaN'],
  [{ width: 1, height: 0 }, 'height: expected whole px above 0, got 0'],
  [{ width: 1, scales: [5] }, 'scale: expected one of 2, 3, 4, got 5'],
])('the error for %j says what was expected', (wanted, message) => {
  const make = () => srcset({ src: 'a', ...wanted } as SrcsetOptions)
  expect(make).toThrow(RangeError)
  expect(make).toThrow(message)
})
