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

describe('a sitemap is refused, with the limit in the message, if it has', () => {
  const sitemap = (content: string) => `<urlset xmlns:image="${IMAGE}">${content}</urlset>`
  test.each<[string, () => string, string]>([
    ['32,000 open elements', () => sitemap('<a>'.repeat(32_000)), 'expected at most 20 levels of elements'],
    ['21 levels', () => sitemap('<a>'.repeat(20) + '</a>'.repeat(20)), 'expected at most 20 levels of elements'],
    [
      '101 attributes of an element',
      () => sitemap(`<url ${Array.from({ length: 101 }, (_, i) => `a${i}=""`).join(' ')}/>`),
      'expected at most 100 attributes of an element',
    ],
    [
      '101 namespaces of an element',
      () => sitemap(`<url ${Array.from({ length: 101 }, (_, i) => `xmlns:a${i}="u"`).join(' ')}/>`),
      'expected at most 100 attributes of an element',
    ],
    ['50,001 pages', () => sitemap('<url/>'.repeat(50_001)), 'expected at most 50000 entries'],
    ['a URL of 8,193 characters', () => urlset(`https://site.test/${'a'.repeat(8175)}`), 'at most 8192 characters'],
    ['a text of a megabyte', () => urlset('a'.repeat(1_100_000)), 'expected no piece of more than 1000000'],
    [
      'a text of a megabyte in parts',
      () => urlset(`<![CDATA[${'a'.repeat(1000)}]]>`.repeat(1001)),
      'expected no text of more than',
    ],
    ['a megabyte of character references', () => urlset('&#65;'.repeat(300_000)), 'expected no piece of more than'],
    ...(
      [
        ['comment', (filling: string) => `<!--${filling}-->`],
        ['attribute', (filling: string) => `<url a="${filling}"/>`],
        ['name of an element', (filling: string) => `<${filling}/>`],
        ['processing instruction', (filling: string) => `<?a ${filling}?>`],
        ['entity', (filling: string) => `&${filling};`],
      ] as const
    ).map(([what, put]): [string, () => string, string] => [
      `a ${what} of a megabyte`,
      () => sitemap(put('a'.repeat(1_100_000))),
      'expected no piece of more than 1000000 characters',
    ]),
    [
      'a document type of a megabyte',
      () => `<!DOCTYPE urlset [${'<!ENTITY a "b">'.repeat(80_000)}]>${sitemap('')}`,
      'expected no piece of more than 1000000 characters',
    ],
  ])('%s', (_, draw, message) => {
    expect(() => parseSitemap(draw())).toThrow(message)
  })

  test('and not if it is as large as a sitemap may be', () => {
    const url = `https://site.test/${'a'.repeat(8174)}`
    const most = `<!--${'a'.repeat(900_000)}--><url>${imageOf(url)}</url>${'<url/>'.repeat(49_999)}`
    expect(parseSitemap(sitemap(most)).pictures).toEqual([url])
  })
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

  test('are not read from more than 50 MiB, even if they arrive compressed or from a file', async () => {
    const large = Buffer.alloc(50 * 2 ** 20 + 1, ' ')
    origin.serve('/large.txt', gzipSync(large), { 'content-encoding': 'gzip' })
    for (const source of [`${origin.url}/large.txt`, await file(large)]) {
      await expect(read(source)).rejects.toThrow(`${source} has more than 52428800 bytes`)
    }
  }, 120_000)

  test('are not read from a body that never ends, or that is encoded again and again', async () => {
    origin.handle('/endless.txt', (_, response) => {
      const chunk = Buffer.alloc(2 ** 20, '\n')
      const write = () => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', write)
      write()
    })
    await expect(read(`${origin.url}/endless.txt`)).rejects.toThrow('/endless.txt has more than 52428800 bytes')
    origin.serve('/twice.txt', gzipSync(gzipSync('https://site.test/1.jpg')), { 'content-encoding': 'gzip, gzip' })
    await expect(read(`${origin.url}/twice.txt`)).rejects.toMatchObject({
      cause: { message: 'expected a body that is encoded once at most' },
    })
  })

  test('are read behind five redirects, but not behind six, and not from another scheme', async () => {
    const redirect = (from: string, location: string) =>
      origin.handle(from, (_, response) => response.writeHead(302, { location }).end())
    for (let i = 1; i <= 6; i++) redirect(`/r${i}`, `/r${i - 1}`)
    origin.serve('/r0', 'https://site.test/1.jpg')
    redirect('/data', 'data:text/plain,https://site.test/1.jpg')
    expect(await read(`${origin.url}/r5`)).toEqual(['https://site.test/1.jpg'])
    await expect(read(`${origin.url}/r6`)).rejects.toMatchObject({
      cause: { message: 'expected at most 5 redirects, got more' },
    })
    await expect(read(`${origin.url}/data`)).rejects.toMatchObject({
      cause: { message: expect.stringContaining('expected a redirect to a URL of http or https') },
    })
  })

  test('are not read from more sitemaps or pictures than the limits allow, unless enough are found before', async () => {
    const most = { sitemaps: 10, pictures: 20 }
    const readWithin = (source: string, limit?: number) => readPictures(source, { limit, userAgent: 'test', most })
    for (let i = 0; i < 12; i++) origin.serve(`/many/${i}`, urlset(`https://site.test/${i}.jpg`))
    origin.serve('/many.xml', index(...Array.from({ length: 12 }, (_, i) => `${origin.url}/many/${i}`)))
    await expect(readWithin(`${origin.url}/many.xml`)).rejects.toThrow('/many.xml leads to more than 10 sitemaps')
    expect(origin.asked.filter(({ url }) => url.startsWith('/many/')).length).toBe(9)
    expect((await readWithin(`${origin.url}/many.xml`, 5)).length).toBe(5)

    const list = await file(Array.from({ length: 21 }, (_, i) => `https://site.test/${i}`).join('\n'))
    await expect(readWithin(list)).rejects.toThrow('has more than 20 pictures')
    expect((await readWithin(list, 20)).length).toBe(20)
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
