// Tests how sitemaps and lists are read, and which URLs are built for each picture.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseSitemap } from '../../../worker/cli/warm/sitemap.ts'
import { readPictures } from '../../../worker/cli/warm/pictureUrls.ts'
import { variantsOf } from '../../../worker/cli/warm/variants.ts'
import { type FakeOrigin, startOrigin } from '../../support/servers/origin.ts'

const IMAGE = 'http://www.google.com/schemas/sitemap-image/1.1'
const urlset = (...images: string[]) => `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="${IMAGE}">
  <url><loc>https://site.test/</loc>${images.map(imageOf).join('')}</url>
</urlset>`
const imageOf = (loc: string) => `<image:image><image:loc>${loc}</image:loc></image:image>`
const index = (...sitemaps: string[]) =>
  `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${sitemaps.map(entryOf).join('')}</sitemapindex>`
const entryOf = (loc: string) => `<sitemap><loc>${loc}</loc></sitemap>`

test.each([
  [
    'a URL with XML escapes is read, without the white space around it',
    urlset('\n https://site.test/a.jpg?x=1&amp;y=2 '),
    ['https://site.test/a.jpg?x=1&y=2'],
  ],
  [
    'a URL in CDATA is read',
    urlset('<![CDATA[https://site.test/a.jpg?x=1&y=2]]>'),
    ['https://site.test/a.jpg?x=1&y=2'],
  ],
  [
    'another prefix for the image namespace is accepted',
    urlset('https://site.test/a.jpg').replaceAll('image:', 'i:').replace('xmlns:image=', 'xmlns:i='),
    ['https://site.test/a.jpg'],
  ],
  [
    'an element `loc` of another namespace is ignored',
    urlset().replace('</url>', '<v:loc xmlns:v="urn:video">https://site.test/v.mp4</v:loc></url>'),
    [],
  ],
])('%s', (_, xml, expected) => {
  expect(parseSitemap(xml).pictures).toEqual(expected)
})

describe('the URLs of pictures', () => {
  let folder: string
  let origin: FakeOrigin
  const read = (source: string, limit?: number) => readPictures(source, { limit, userAgent: 'test' })
  const file = async (text: string | Uint8Array) => {
    const name = path.join(folder, 'source')
    await writeFile(name, text)
    return name
  }
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sitemap-'))
    origin = await startOrigin()
  })
  afterAll(async () => {
    await origin.close()
    await rm(folder, { recursive: true })
  })

  test('are read from an index, even if one of its sitemaps is compressed and another one links back to the index', async () => {
    origin.serve('/a.xml', gzipSync(urlset('https://site.test/1.jpg', 'https://site.test/2.jpg')), {
      'content-encoding': 'gzip',
    })
    origin.serve('/b.xml', urlset('https://site.test/2.jpg', 'https://site.test/3.jpg'))
    origin.serve('/c.xml', index(`${origin.url}/index.xml`))
    origin.serve('/index.xml', index(...['a', 'b', 'c'].map((name) => `${origin.url}/${name}.xml`)))
    const all = [1, 2, 3].map((i) => `https://site.test/${i}.jpg`)
    expect(await read(`${origin.url}/index.xml`)).toEqual(all)
    expect(await read(`${origin.url}/index.xml`, 2)).toEqual(all.slice(0, 2))
    expect(new Set(origin.asked.map(({ headers }) => headers['user-agent']))).toEqual(new Set(['test']))
  })

  test('are read from a list with comments and empty lines', async () => {
    const name = await file('# mine\r\nhttps://site.test/1.jpg\r\n\n  https://site.test/2.jpg\n')
    expect(await read(name)).toEqual(['https://site.test/1.jpg', 'https://site.test/2.jpg'])
  })

  test.each([
    ['an HTML page', '<!doctype html><html><body></body></html>', 'is not a sitemap'],
    ['a truncated sitemap', urlset('https://site.test/1.jpg').slice(0, -20), 'is not a sitemap'],
    [
      'a sitemap with its own entities',
      `<!DOCTYPE urlset [<!ENTITY a "b">]>${urlset('&a;').replace(/<\?.*\?>/, '')}`,
      'is not a sitemap',
    ],
    ['a gzip file', gzipSync('x'), 'is a gzip file: serve it with Content-Encoding: gzip'],
    ['a list with a relative URL', '/cat.jpg', 'expected URLs of http or https in'],
    ['a sitemap with a URL of another scheme', urlset('file:///etc/passwd'), 'got "file:///etc/passwd"'],
    ['an index with a URL of another scheme', index('file:///etc/passwd'), 'expected URLs of sitemaps'],
  ])('are not read from %s, which is refused', async (_, text, message) => {
    await expect(read(await file(text))).rejects.toThrow(message)
  })
})

test.each([
  ['https://site.test/a.jpg', ['?sr=2', '?sr=3', '?sr-width=640']],
  ['https://site.test/a.jpg?v=1&sr=4&sr-quality=60#x', ['?v=1&sr=2', '?v=1&sr=3', '?v=1&sr-width=640']],
])('one URL per size is built for %s', (url, queries) => {
  const wanted = { param: 'sr', scales: [2, 3] as const, widths: [640], format: undefined }
  expect(variantsOf(url, wanted)).toEqual(queries.map((query) => `https://site.test/a.jpg${query}`))
  const [first] = variantsOf(url, { ...wanted, param: 'zoom', format: 'auto' })
  expect(first).toMatch(/[?&]zoom=2&sr-format=auto$/)
})
