// Where the worker finds sources (another host, a bucket or the zone itself), and where its own pages are.
import sharp from 'sharp'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { decodingServer, type Decoding } from '../support/servers/decodingServer.ts'
import { type FakeOrigin, startOrigin } from '../support/servers/origin.ts'
import { type RunningWorker, startForThisTest } from '../support/worker/site.ts'
import { OTHER_BUNDLE } from '../support/worker/worker.ts'

let picture: Buffer

beforeAll(async () => {
  picture = await sharp({ create: { width: 30, height: 20, channels: 3, background: '#4a7' } })
    .png()
    .toBuffer()
})

async function originWithPicture(): Promise<FakeOrigin> {
  const origin = await startOrigin()
  onTestFinished(() => origin.close())
  origin.serve('/cat.png', picture, { 'content-type': 'image/png' })
  return origin
}

/** Returns the size of an enlarged picture. For any other answer, returns the status and `X-SR`. */
async function seen({ ask }: RunningWorker, url: string): Promise<string> {
  const { status, sr, bytes } = await ask(url)
  if (!sr.startsWith('done')) return `${status} ${sr || 'no X-SR'}`
  const { width, height } = await sharp(bytes).metadata()
  return `${width}x${height}`
}

test('the path of ORIGIN_URL is put before the path of the request', async () => {
  const origin = await originWithPicture()
  origin.serve('/base/dir/cat.png', picture)
  const site = await startForThisTest({ vars: { ORIGIN_URL: `${origin.url}/base/` } })
  expect(await seen(site, 'http://site.test/dir/cat.png?sr=2')).toBe('60x40')
})

test('no path that a visitor requests leads to another host', async () => {
  const origin = await originWithPicture()
  const other = await originWithPicture()
  const host = new URL(other.url).host
  const site = await startForThisTest({ vars: { ORIGIN_URL: origin.url } })
  for (const path of [
    `//${host}/cat.png`,
    `/\\${host}/cat.png`,
    `/${other.url}/cat.png`,
    `/@${host}/cat.png`,
    `/%2f%2f${host}/cat.png`,
    `/../..//${host}/cat.png`,
    `/.${host}/cat.png`,
  ]) {
    expect(await seen(site, `http://site.test${path}?sr=2`), path).toBe('404 skipped; reason=ORIGIN_STATUS')
  }
  expect(other.asked).toEqual([])
  expect(origin.asked[0].url).toBe(`//${host}/cat.png`)
})

test('up to three redirects are followed within the origin, and any other redirect is passed on to the visitor', async () => {
  const origin = await originWithPicture()
  const other = await originWithPicture()
  const redirect = (path: string, location: string) =>
    origin.handle(path, (_, response) => response.writeHead(302, { location }).end())
  redirect('/1', '/cat.png')
  redirect('/2', '1')
  redirect('/3', `${origin.url}/2`)
  redirect('/4', '/3')
  redirect('/loop', '/loop')
  redirect('/away', `${other.url}/cat.png`)
  redirect('/user', origin.url.replace('://', '://u:p@') + '/cat.png')
  const site = await startForThisTest({ vars: { ORIGIN_URL: origin.url } })
  for (const path of ['/1', '/2', '/3']) {
    expect(await seen(site, `http://site.test${path}?sr=2`)).toBe('60x40')
  }
  for (const path of ['/4', '/loop', '/away', '/user']) {
    expect(await seen(site, `http://site.test${path}?sr=2`), path).toBe('302 skipped; reason=ORIGIN_STATUS')
  }
  expect(other.asked).toEqual([])
  // Without sr the first redirect is passed on.
  expect(await seen(site, 'http://site.test/1')).toBe('302 no X-SR')
})

test('without ORIGIN_URL the picture is fetched at the request’s own URL', async () => {
  const asked: string[] = []
  const site = await startForThisTest({
    outbound: (request) => {
      asked.push(request.url)
      return new Response(new Uint8Array(picture))
    },
  })
  expect(await seen(site, 'https://shop.test/p/cat.png?w=9&sr=3')).toBe('90x60')
  expect(asked).toEqual(['https://shop.test/p/cat.png?w=9'])
})

test.each([undefined, 'domain', 'staging'])(
  'the environment %s of wrangler.toml serves pictures of its origin',
  async (env) => {
    const site = await startForThisTest({
      env,
      vars: { ORIGIN_URL: 'https://shop.test' },
      outbound: () => new Response(new Uint8Array(picture)),
    })
    expect((await site.ask('/cat.png?sr=2')).sr).toMatch(/^done/)
  },
)

/**
 * Starts workers that reach each other: `origins` maps their hosts to their ORIGIN_URL. A request to `*.loop.test` goes to
 * the worker of `loop.test`, and any other request to the picture. Returns the workers by host, and the hosts of all
 * requests that the workers sent.
 */
async function startWorkers(origins: Readonly<Record<string, string | undefined>>) {
  const asked: string[] = []
  const workers: Record<string, RunningWorker> = {}
  for (const [host, ORIGIN_URL] of Object.entries(origins)) {
    workers[host] = await startForThisTest({
      vars: ORIGIN_URL === undefined ? {} : { ORIGIN_URL },
      async outbound({ url, headers }) {
        asked.push(new URL(url).host)
        const next = workers[new URL(url).host.replace(/^.*(?=loop\.test$)/, '')]
        if (!next) return new Response(new Uint8Array(picture), { headers: { 'content-type': 'image/png' } })
        const answer = await next.ask(url, { headers: Object.fromEntries(headers) })
        return new Response(new Uint8Array(answer.bytes), {
          status: answer.status,
          headers: Object.fromEntries(answer.headers),
        })
      },
    })
  }
  return { workers, asked }
}

test.each<[string, Record<string, string | undefined>]>([
  ['a worker that is its own origin', { 'a.test': undefined }],
  ['a worker whose ORIGIN_URL is itself', { 'a.test': 'http://a.test' }],
  ['a worker whose ORIGIN_URL is itself with a path', { 'a.test': 'http://a.test/pictures' }],
  ['two workers that are the origin of each other', { 'a.test': 'http://b.test', 'b.test': 'http://a.test' }],
  ['a worker whose origin is a worker that is its own', { 'a.test': 'http://b.test', 'b.test': undefined }],
  [
    'three workers in a circle',
    { 'a.test': 'http://b.test', 'b.test': 'http://c.test', 'c.test': 'http://a.test/pictures' },
  ],
])('%s: the answer is a 508 that says: set ORIGIN_URL', async (_, origins) => {
  const { workers, asked } = await startWorkers(origins)
  // Without ORIGIN_URL, another host is another origin.
  const alias = origins['a.test'] === undefined ? 'a.test' : 'alias.test'
  for (const url of ['http://a.test/cat.png?sr=2', 'http://a.test/cat.png', `http://${alias}/cat.png?sr=2`]) {
    asked.length = 0
    const { status, bytes } = await workers['a.test'].ask(url)
    expect([url, status]).toEqual([url, 508])
    expect(bytes.toString()).toContain('leads back to the worker itself')
    expect(bytes.toString()).toContain('set ORIGIN_URL')
    // With sr, the origin is asked a second time, as the visitor.
    expect(asked.length).toBeLessThanOrEqual(2 * (Object.keys(origins).length + 1))
  }
})

test('a loop whose host changes at each turn ends with a 508, too', async () => {
  let turn = 0
  const site: RunningWorker = await startForThisTest({
    async outbound({ headers }) {
      const again = await site.ask(`http://${turn++}.test/cat.png`, { headers: Object.fromEntries(headers) })
      return new Response(new Uint8Array(again.bytes), { status: again.status })
    },
  })
  expect((await site.ask('http://a.test/cat.png')).status).toBe(508)
  expect(turn).toBe(10)
})

test.each(['GET', 'HEAD', 'json'])(
  'an origin that redirects to the worker, which asks for the same again, is asked three times at most: %s',
  async (how) => {
    let asked = 0
    const query = how === 'json' ? 'sr=2&sr-format=json' : 'sr=2'
    const method = how === 'HEAD' ? 'HEAD' : 'GET'
    const site: RunningWorker = await startForThisTest({
      vars: { ORIGIN_URL: 'http://pictures.test', ORIGIN_HOSTS: 'a.test' },
      async outbound({ url, headers }) {
        asked++
        const { host, href } = new URL(url)
        if (host === 'pictures.test') {
          return new Response(null, { status: 302, headers: { location: `http://a.test/cat.png?${query}` } })
        }
        const again = await site.ask(href, { method, headers: Object.fromEntries(headers) })
        return new Response(method === 'HEAD' ? null : new Uint8Array(again.bytes), { status: again.status })
      },
    })
    // The visitor gets the redirect itself, as without the worker, or a description.
    const { status } = await site.ask(`http://a.test/cat.png?${query}`, { method })
    expect(status).toBe(how === 'json' ? 200 : 302)
    expect(asked).toBeLessThanOrEqual(3)
  },
)

test.each<[string, Record<string, string | undefined>]>([
  ['two in front of a host', { 'a.test': 'http://b.test', 'b.test': 'http://pictures.test' }],
  ['on one host', { 'a.test': 'http://b.test/raw', 'b.test': 'http://a.pictures.test/raw' }],
  ['three', { 'a.test': 'http://b.test/1', 'b.test': 'http://c.test/2', 'c.test': 'http://pictures.test/3' }],
])('workers in a row enlarge once, and pass on what has no sr: %s', async (_, origins) => {
  const { workers, asked } = await startWorkers(origins)
  expect(await seen(workers['a.test'], 'http://a.test/cat.png?sr=2')).toBe('60x40')
  expect(asked.length).toBe(Object.keys(origins).length)
  const plain = await workers['a.test'].ask('http://a.test/cat.png')
  expect([plain.status, plain.sr, plain.bytes.equals(picture)]).toEqual([200, '', true])
})

test('a worker whose origin is a worker on the network serves its pictures', async () => {
  const origin = await originWithPicture()
  const far = await startForThisTest({ vars: { ORIGIN_URL: origin.url } })
  const near = await startForThisTest({ vars: { ORIGIN_URL: (await far.worker.ready).origin } })
  expect(await seen(near, 'http://site.test/cat.png?sr=2')).toBe('60x40')
  expect((await near.ask('http://site.test/cat.png')).bytes.equals(picture)).toBe(true)
  expect(origin.asked[0].headers.via).toMatch(/^1\.1 edge-srcnn-[0-9a-f]{16}, 1\.1 edge-srcnn-[0-9a-f]{16}$/)
  const [first, second] = origin.asked[0].headers.via!.split(', ')
  expect(first).not.toBe(second)
})

test('a worker whose origin is an app with the middleware enlarges its pictures once', async () => {
  const app = await startForThisTest({ bundle: OTHER_BUNDLE, buckets: ['PICTURES', 'RESULTS'] })
  await (await app.worker.getR2Bucket('PICTURES')).put('a.png', new Uint8Array(picture))
  const site = await startForThisTest({ vars: { ORIGIN_URL: (await app.worker.ready).origin } })
  expect(await seen(site, 'http://site.test/uploads/a.png?sr=2')).toBe('60x40')
})

/** Spellings of a path out of the base. Which of them lead there depends on the origin. */
const WAYS_OUT = [
  '/..%2fprivate/x.png',
  '/..%2Fprivate/x.png',
  '/a/..%2f..%2fprivate/x.png',
  '/%2e%2e%2fprivate/x.png',
  '/.%2E%2fprivate%2fx.png',
  '/..%5cprivate%5cx.png',
  '/..%5Cprivate/x.png',
  '/..;/private/x.png',
  '/..;a=b/private/x.png',
  '/..%3b/private/x.png',
  '/..%252fprivate/x.png',
  '/%252e%252e/private/x.png',
  '/%252e%252e%255cprivate%255cx.png',
  '/..%00/private/x.png',
]

test.each<Decoding>(['once', 'twice', 'with backslashes', 'with parameters', 'until a zero byte'])(
  'no path leads out of the path of ORIGIN_URL, even if the origin decodes %s',
  async (decoding) => {
    const server = await decodingServer(decoding, {
      '/public/cat.png': picture,
      '/public/a/b.png': picture,
      '/private/x.png': picture,
    })
    onTestFinished(() => server.close())
    const direct = await Promise.all(WAYS_OUT.map((path) => server.askAsIs(`/public${path}`)))
    expect(direct).toContain(200) // the server by itself lets some of them out
    const site = await startForThisTest({ vars: { ORIGIN_URL: `${server.url}/public` } })
    for (const path of WAYS_OUT) {
      for (const query of ['', '?sr=2']) {
        const { status, bytes } = await site.ask(`http://site.test${path}${query}`)
        expect([path, status, bytes.equals(picture)]).toEqual([path, 404, false])
      }
    }
    for (const path of ['/cat.png', '/a%2fb.png', '/../cat.png', '/%2e%2e/cat.png']) {
      expect(await seen(site, `http://site.test${path}?sr=2`), path).toBe('60x40')
    }
  },
)

test('on a custom domain without a server behind it the error says: set ORIGIN_URL', async () => {
  const site = await startForThisTest({ outbound: () => new Response('error code: 522', { status: 522 }) })
  for (const query of ['?sr=2', '']) {
    const response = await site.get(`/cat.png${query}`)
    expect(response.status).toBe(502)
    expect(await response.text()).toContain('set ORIGIN_URL')
  }
})

test('a request whose connection breaks before an answer is repeated once', async () => {
  const origin = await originWithPicture()
  let asked = 0
  origin.handle('/again.png', (_, response) => {
    if (++asked % 2 === 1) response.destroy()
    else response.writeHead(200).end(picture)
  })
  const site = await startForThisTest({ vars: { ORIGIN_URL: origin.url } })
  for (const query of ['?sr=2', '']) {
    const response = await site.get(`/again.png${query}`)
    expect(response.status).toBe(200)
    await response.arrayBuffer()
  }
  expect(asked).toBe(4)
})

test('an origin that does not answer leads to a 502 that is not cached', async () => {
  const origin = await originWithPicture()
  const site = await startForThisTest({ vars: { ORIGIN_URL: origin.url } })
  await origin.close()
  const response = await site.get('/cat.png?sr=2')
  expect(response.status).toBe(502)
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await response.text()).toContain('ORIGIN_UNREACHABLE')
})

test('an origin that breaks off in the body leads to a 502, not to a broken picture', async () => {
  const origin = await originWithPicture()
  origin.handle('/cut.png', (_, response) => {
    response.writeHead(200, { 'content-length': `${picture.length}` })
    response.write(picture.subarray(0, picture.length / 2), () => response.destroy())
  })
  const site = await startForThisTest({ vars: { ORIGIN_URL: origin.url } })
  const response = await site.get('/cut.png?sr=2')
  expect(response.status).toBe(502)
  await response.text()
})

test('if a bucket is the origin, its pictures are served, missing ones get a 404, and unchanged ones a 304', async () => {
  const site = await startForThisTest({ buckets: ['ORIGIN_BUCKET'] })
  const bucket = await site.worker.getR2Bucket('ORIGIN_BUCKET')
  await bucket.put('dir/my cat.png', new Uint8Array(picture), {
    httpMetadata: { contentType: 'image/png' },
  })
  expect(await seen(site, 'http://site.test/dir/my%20cat.png?sr=2')).toBe('60x40')
  expect(await seen(site, 'http://site.test/dog.png?sr=2')).toBe('404 skipped; reason=ORIGIN_STATUS')
  const plain = await site.get('/dir/my%20cat.png')
  expect(plain.headers.get('content-type')).toBe('image/png')
  expect(Buffer.from(await plain.arrayBuffer()).equals(picture)).toBe(true)
  const etag = plain.headers.get('etag')!
  const known = await site.get('/dir/my%20cat.png', { headers: { 'if-none-match': etag } })
  expect(known.status).toBe(304)
})

test('if a bucket is the origin, a name or an ETag that R2 refuses is no error of ours', async () => {
  const site = await startForThisTest({ buckets: ['ORIGIN_BUCKET'] })
  await (await site.worker.getR2Bucket('ORIGIN_BUCKET')).put('cat.png', new Uint8Array(picture))
  const etag = (await site.ask('/cat.png')).headers.get('etag')!
  const statusOf = async (value: string) => (await site.ask('/cat.png', { headers: { 'if-none-match': value } })).status
  for (const value of ['abc', ',', '"', `"a", ${etag.slice(1)}`, 'W/abc'])
    expect([value, await statusOf(value)]).toEqual([value, 200])
  for (const value of ['*', etag, `W/${etag}`, `"a" , ${etag}`])
    expect([value, await statusOf(value)]).toEqual([value, 304])
  const long = `/${'é'.repeat(513)}`
  expect([(await site.ask(long)).status, (await site.ask(`${long}?sr=2`)).status]).toEqual([404, 404])
})

describe('if a bucket is the origin, a condition of the visitor is evaluated as RFC 9110, 13.2.2 says', () => {
  const OTHER = '"other"'
  const MATCH = 'if-match'
  const NONE_MATCH = 'if-none-match'
  const MODIFIED = 'if-modified-since'
  const UNMODIFIED = 'if-unmodified-since'

  test.each(['GET', 'HEAD'])('for %s', async (method) => {
    const site = await startForThisTest({ buckets: ['ORIGIN_BUCKET'] })
    await (await site.worker.getR2Bucket('ORIGIN_BUCKET')).put('cat.png', new Uint8Array(picture))
    const plain = await site.ask('/cat.png')
    const own = plain.headers.get('etag')!
    const exact = plain.headers.get('last-modified')!
    const before = new Date(Date.parse(exact) - 1000).toUTCString()
    const after = new Date(Date.parse(exact) + 1000).toUTCString()
    const cases: [Record<string, string>, number][] = [
      [{ [MATCH]: own }, 200],
      [{ [MATCH]: `${OTHER}, ${own}` }, 200],
      [{ [MATCH]: '*' }, 200],
      [{ [MATCH]: OTHER }, 412],
      [{ [MATCH]: `W/${own}` }, 412], // If-Match compares strongly
      [{ [MATCH]: `${OTHER}, W/${own}` }, 412],
      [{ [MATCH]: own.slice(1, -1) }, 412], // no ETag, so none that matches
      [{ [UNMODIFIED]: after }, 200],
      [{ [UNMODIFIED]: exact }, 200],
      [{ [UNMODIFIED]: before }, 412],
      [{ [UNMODIFIED]: 'yesterday' }, 200], // no date, so no condition
      [{ [MATCH]: own, [UNMODIFIED]: before }, 200], // If-Match decides alone
      [{ [MATCH]: OTHER, [UNMODIFIED]: after }, 412],
      [{ [NONE_MATCH]: own }, 304],
      [{ [NONE_MATCH]: `W/${own}` }, 304],
      [{ [NONE_MATCH]: OTHER }, 200],
      [{ [MODIFIED]: exact }, 304],
      [{ [MODIFIED]: before }, 200],
      [{ [MODIFIED]: 'yesterday' }, 200],
      [{ [NONE_MATCH]: OTHER, [MODIFIED]: exact }, 200], // If-None-Match decides alone
      [{ [NONE_MATCH]: 'abc', [MODIFIED]: exact }, 200],
      [{ [NONE_MATCH]: own, [MODIFIED]: before }, 304],
      [{ [MATCH]: own, [NONE_MATCH]: own }, 304],
      [{ [MATCH]: OTHER, [NONE_MATCH]: own }, 412], // the first two are evaluated first
      [{ [MATCH]: OTHER, [NONE_MATCH]: OTHER }, 412],
      [{ [UNMODIFIED]: after, [MODIFIED]: exact }, 304],
      [{ [UNMODIFIED]: before, [MODIFIED]: exact }, 412],
    ]
    for (const [headers, status] of cases) {
      const answer = await site.ask('/cat.png', { method, headers })
      expect([headers, answer.status]).toEqual([headers, status])
      if (method === 'GET' && status === 200) expect(answer.bytes.equals(picture)).toBe(true)
      if (status !== 200) expect(answer.headers.get('etag')).toBe(own)
    }
    const missing = await site.ask('/dog.png', { method, headers: { [MATCH]: '*' } })
    expect(missing.status).toBe(404)
  })
})

test('the origin answers /, /health and /samples, and the worker’s own pages are under the prefix', async () => {
  const origin = await originWithPicture()
  for (const path of ['/', '/health', '/samples/harbour.jpg']) origin.serve(path, `own ${path}`)
  const site = await startForThisTest({ vars: { ORIGIN_URL: origin.url, SR_PLAYGROUND: 'true' } })
  const text = async (path: string) => (await site.get(path)).text()
  for (const path of ['/', '/health', '/samples/harbour.jpg']) {
    expect(await text(path)).toBe(`own ${path}`)
  }
  expect(JSON.parse(await text('/_sr/health'))).toMatchObject({
    status: 'ok',
    engines: 'fused-relaxed',
  })
  expect(await text('/_sr/')).toContain('edge-srcnn')
  expect(origin.asked.every(({ url }) => !url.startsWith('/_sr/'))).toBe(true)
})

test.each(['/_sr/', '/images/sr/'])('a redirect of the own pages below %s stays below it', async (prefix) => {
  const origin = await originWithPicture()
  const vars = { ORIGIN_URL: origin.url, SR_PLAYGROUND: 'true', SR_PREFIX: prefix }
  const site = await startForThisTest({ vars })
  const answerOf = async (path: string) => {
    const { status, headers } = await site.get(path)
    return [status, headers.get('location')]
  }
  expect(await answerOf(`${prefix}index.html`)).toEqual([307, prefix])
  expect(await answerOf(`${prefix}index`)).toEqual([307, prefix])
  expect(await answerOf(`${prefix}index.html?a=1`)).toEqual([307, `${prefix}?a=1`])
  for (const path of [
    '/evil.example/index.html',
    '/evil.example/%2e%2e/index.html',
    '%2f/evil.example/index.html',
    './/index',
    '%5cevil.example/index.html',
    'samples/../index.html',
  ]) {
    const [, location] = await answerOf(prefix + path)
    if (location !== null) expect(`${location}`).toMatch(new RegExp(`^${prefix}(?![/\\\\])`))
  }
  expect((await site.get(prefix)).status).toBe(200)
})

test('SR_PREFIX sets the path of the worker’s own pages', async () => {
  const site = await startForThisTest({ vars: { ORIGIN: 'none', SR_PREFIX: '/images/sr/' } })
  const response = await site.get('/images/sr/health')
  expect(await response.json()).toMatchObject({ status: 'ok' })
})

test('the demo redirects from / to its samples, and enlarges them without an origin', async () => {
  const site = await startForThisTest({
    vars: { ORIGIN: 'none', SR_PLAYGROUND: 'true' },
    outbound: () => new Response('no network', { status: 599 }),
  })
  const home = await site.get('/')
  expect([home.status, home.headers.get('location')]).toEqual([302, '/_sr/'])
  const page = await (await site.get('/_sr/')).text()
  const samples = new Set(page.match(/samples\/[\w.-]+/g))
  expect(samples.size).toBeGreaterThan(3)
  for (const sample of samples) {
    const small = await site.get(`/_sr/${sample}`)
    const { width, height } = await sharp(await small.arrayBuffer()).metadata()
    expect(await seen(site, `http://site.test/_sr/${sample}?sr=2`)).toBe(`${2 * width}x${2 * height}`)
  }
  expect(await seen(site, 'http://site.test/elsewhere.png?sr=2')).toBe('404 skipped; reason=ORIGIN_STATUS')
})
