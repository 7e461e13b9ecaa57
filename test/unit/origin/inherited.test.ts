import { describe, expect, test } from 'vitest'
import { canonicalOf, dispositionOf } from '../../../worker/origin/inherited.ts'
import { inheritedHeaders, renewedHeaders } from '../../../worker/request/answer.ts'

const CANONICAL = '<https://a.example/cat>; rel="canonical"'

describe('of a Link header only the canonical URL is inherited:', () => {
  test.each<[string, string | undefined]>([
    ['<https://a.example/cat>; rel="canonical"', CANONICAL],
    ['<https://a.example/cat>; rel=canonical', CANONICAL],
    ['<https://a.example/cat>;REL=Canonical', CANONICAL],
    ['<https://a.example/cat> ; title="a, b; c" ; rel = "canonical"', CANONICAL],
    ['</preload.css>; rel=preload; as=style, <https://a.example/cat>; rel="canonical"', CANONICAL],
    ['<https://a.example/cat>; rel="canonical", </next>; rel=next', CANONICAL],
    ['<https://a.example/cat>; rel="alternate canonical"', CANONICAL],
    ['</cat?a=1,2;b>; rel=canonical', '</cat?a=1,2;b>; rel="canonical"'],
    ['</cat>; rel=preload', undefined],
    ['</cat>; rel=preload; rel=canonical', undefined],
    ['</cat>; rel="canonical"; anchor="/dog"', undefined],
    ['</cat>; title="; rel=canonical"', undefined],
    ['</cat>; title="</dog>; rel=canonical, "', undefined],
    ['</cat>; rel="canonical-not"', undefined],
    ['canonical', undefined],
    ['', undefined],
  ])('%s', (link, expected) => expect(canonicalOf(link)).toBe(expected))

  test('a header of 64 kB without one is read at once', () => {
    const before = performance.now()
    for (const part of ['<', '<>;', '<>;a=', '; ', '<>; a="', ' ']) canonicalOf(`<a>${part.repeat(20_000)}`)
    expect(performance.now() - before).toBeLessThan(1000)
  })
})

describe('the name of the file in Content-Disposition is inherited only if the type stays the same:', () => {
  test.each<[string | null, boolean, string | undefined]>([
    ['attachment; filename="cat.jpg"', true, 'attachment; filename="cat.jpg"'],
    ['attachment; filename="cat.jpg"', false, 'attachment'],
    ["inline; filename*=UTF-8''k%C3%A4tzchen.jpg", false, 'inline'],
    ['attachment;filename=cat.jpg', false, 'attachment'],
    ['inline', false, 'inline'],
    ['filename="cat.jpg"', false, undefined],
    ['', false, undefined],
    [null, true, undefined],
  ])('%s, the same type: %s', (disposition, isSameType, expected) => {
    expect(dispositionOf(disposition, isSameType)).toBe(expected)
  })
})

describe('a result inherits', () => {
  const ORIGIN = new Headers({
    'access-control-allow-origin': '*',
    'content-disposition': 'inline; filename="cat.bmp"',
    'content-language': 'de',
    'content-md5': 'x',
    'content-security-policy': "default-src 'self'",
    'cross-origin-resource-policy': 'same-site',
    etag: '"1"',
    link: `</a.css>; rel=preload, ${CANONICAL}`,
    'set-cookie': 'a=b',
    'tdm-reservation': '1',
    'timing-allow-origin': '*',
    vary: 'Accept-Encoding, Accept',
    'x-own': 'y',
    'x-robots-tag': 'noindex',
  })
  const INHERITED = {
    'access-control-allow-origin': '*',
    'content-disposition': 'inline',
    'content-language': 'de',
    'cross-origin-resource-policy': 'same-site',
    link: CANONICAL,
    'tdm-reservation': '1',
    'timing-allow-origin': '*',
    'x-robots-tag': 'noindex',
  }

  test('what applies to it as to the picture, and nothing else', () => {
    expect(inheritedHeaders(ORIGIN, { isSameType: false, followsSource: false })).toEqual(INHERITED)
  })

  test('Vary: Accept if its format follows the source, which the origin may have chosen by Accept', () => {
    const inheritedVary = (vary: string) =>
      inheritedHeaders(new Headers({ vary }), { isSameType: true, followsSource: true }).vary
    expect(['Accept', 'Accept-Encoding,ACCEPT', 'accept'].map(inheritedVary)).toEqual(['Accept', 'Accept', 'Accept'])
    expect(['Accept-Encoding', 'Origin', ''].map(inheritedVary)).toEqual([undefined, undefined, undefined])
  })

  test('what a 304 states, in place of what it inherited before', () => {
    const renewed = (headers: Record<string, string>) => renewedHeaders(INHERITED, new Headers(headers), true)
    expect(renewed({})).toEqual(INHERITED)
    expect(renewed({ 'x-robots-tag': 'all', vary: 'Accept' })).toEqual({
      ...INHERITED,
      'x-robots-tag': 'all',
      vary: 'Accept',
    })
    const { 'access-control-allow-origin': _, link: _link, ...others } = INHERITED
    expect(renewed({ 'access-control-allow-origin': 'https://a.example', link: '</a.css>; rel=preload' })).toEqual(
      others,
    )
  })
})
