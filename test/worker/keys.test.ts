// Everything that changes an answer is in its cache key, and nothing else can change the answer. Requests with odd
// headers and odd URLs, sent byte for byte over a socket, must get the answers that everybody gets.
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { flatPicture, isPictureOf } from '../support/pictures/flat.ts'
import { COUNT_RUNS } from '../support/worker/counters.ts'
import { askUntil, isHit } from '../support/worker/site.ts'
import { startWorker } from '../support/worker/worker.ts'

/** The requests that the origin got: path, query, and all headers that the worker does not set itself. */
const asked: string[] = []
let server: Server
let worker: Miniflare
/** A worker that never gets an odd request, so its answers are those that everybody should get. */
let oracle: Miniflare

/**
 * Starts an origin whose picture depends on the URL and on all headers that the worker does not set itself. If the
 * worker passed on a visitor's header, the pixels would differ.
 */
beforeAll(async () => {
  server = createServer(({ url = '', headers }, response) => {
    const picture = `${url} ${oddOf(headers)}`.trim()
    asked.push(picture)
    const isOne = url.startsWith('/one.bmp')
    response.writeHead(200, { 'cache-control': 'max-age=600', 'last-modified': MODIFIED, 'x-odd': 'y' })
    response.end(flatPicture(isOne ? 'one' : picture))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const vars = { ORIGIN_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  worker = await startWorker({ vars, buckets: ['RESULTS_BUCKET'], prelude: COUNT_RUNS })
  oracle = await startWorker({ vars })
})
afterAll(async () => {
  await worker.dispose()
  await oracle.dispose()
  server.closeAllConnections()
  server.close()
})

const MODIFIED = 'Thu, 01 Jan 2026 00:00:00 GMT'

/** How often a network has run, by the count in the latest request to the origin. */
let runs = 0

const OURS: IncomingHttpHeaders = {
  accept: 'image/jpeg, image/png, image/gif, image/bmp, image/*;q=0.5, */*;q=0.1',
  'user-agent': 'edge-srcnn',
  via: '1.1 edge-srcnn', // followed by a hash of the worker's host and ORIGIN_URL
  'cf-worker': 'worker.example.com', // miniflare sets this one
}

function oddOf(given: IncomingHttpHeaders): string {
  const { host: _, 'x-runs': count, ...others } = given
  const headers: IncomingHttpHeaders = { ...others, via: others.via?.replace(/-[0-9a-f]{16}$/, '') }
  if (count !== undefined) runs = Number(count)
  const odd = Object.entries(headers).filter(([name, value]) => OURS[name] !== value)
  const missing = Object.keys(OURS).filter((name) => headers[name] === undefined)
  return [...odd.map(([name, value]) => `${name}: ${value}`), ...missing].join(' ')
}

interface Answer {
  readonly status: number
  readonly bytes: Buffer
  readonly cacheStatus: string
  /** All headers except those that may differ between two answers: time, connection, caches. */
  readonly headers: Record<string, unknown>
  /** The requests that the origin got before the answer ended. */
  readonly asked: readonly string[]
}

type Given = Readonly<Record<string, string>>

/** Sends a request byte for byte on a new connection. A client such as fetch would correct odd requests. */
async function ask(path: string, headers: Given = {}, method = 'GET', to = worker): Promise<Answer> {
  const { hostname, port } = await to.ready
  const before = asked.length
  return new Promise((resolve, reject) => {
    const all = { host: 'site.test', ...headers }
    const sent = request({ hostname, port, path, method, headers: all, setHost: false, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('error', reject).on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => {
        const {
          date: _,
          connection: _way,
          'transfer-encoding': _length,
          'content-length': _too,
          'cache-status': cacheStatus = '',
          'cache-control': kept = '',
          ...rest
        } = response.headers
        const age = 600 - Number(/^public, max-age=(\d+)$/.exec(kept)?.[1])
        resolve({
          status: response.statusCode!,
          bytes: Buffer.concat(parts),
          cacheStatus: String(cacheStatus),
          headers: { ...rest, kept: age >= 0 && age < 60 ? 'for ten minutes' : kept },
          asked: asked.slice(before),
        })
      })
    })
    sent.on('error', reject).end()
  })
}

/** Repeats `ask` until the answer is a hit. */
const untilHit = (path: string, headers: Given = {}) => askUntil(() => ask(path, headers), isHit, `a hit: ${path}`)

/** Returns the parts of an answer that a visitor sees. */
const seen = ({ status, headers, bytes }: Answer) => ({ status, headers, bytes: bytes.toString('base64') })

let count = 0
/** Returns a path that was never requested, and the answer that everybody should get for it. */
async function fresh(query = 'sr=2&sr-model=bicubic', headers: Given = {}) {
  const path = `/${count++}.bmp?${query}`
  const plain = await ask(path, headers, 'GET', oracle)
  expect(plain.status).toBe(200)
  expect(plain.headers['x-sr']).toMatch(/^done/)
  return { path, plain: seen(plain) }
}

const LONG = 'x'.repeat(8000)

/** Headers that must not change any answer, whatever their values. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  // About the sender and the purpose
  accept: ['image/webp', 'text/html', '*/*;q=0', LONG, '\xff'],
  'accept-charset': ['utf-16'],
  'accept-encoding': ['', 'identity;q=0', 'zstd'],
  'accept-language': ['ar, *;q=0.1'],
  'access-control-request-headers': ['x-odd'],
  'access-control-request-method': ['DELETE'],
  cookie: ['session=x', ';;;', LONG],
  from: ['webmaster@evil.test'],
  origin: ['https://evil.test', 'null'],
  referer: ['https://evil.test/', 'about:blank'],
  'user-agent': ['', 'Googlebot/2.1', 'edge-srcnn', LONG],
  'x-requested-with': ['XMLHttpRequest'],
  // About the device
  dpr: ['3'],
  'device-memory': ['0.25'],
  downlink: ['0.01'],
  ect: ['slow-2g'],
  'save-data': ['on'],
  'sec-ch-dpr': ['3'],
  'sec-ch-ua': ['"x";v="1"'],
  'sec-fetch-dest': ['document'],
  'sec-fetch-mode': ['navigate'],
  'sec-purpose': ['prefetch'],
  'viewport-width': ['1'],
  width: ['1'],
  // About what the client already has
  'cache-control': ['no-cache', 'no-store', 'max-age=0', 'only-if-cached', 'no-transform'],
  pragma: ['no-cache'],
  'if-match': ['"x"'],
  'if-modified-since': ['Thu, 01 Jan 1970 00:00:00 GMT', 'yesterday'],
  'if-none-match': ['"x"', 'W/"x", "y"', ''],
  'if-range': ['"x"'],
  'if-unmodified-since': ['Thu, 01 Jan 1970 00:00:00 GMT'],
  range: ['bytes=', 'lines=0-1', 'bytes=0-1,5-6'],
  // About where the request came from or should go to (headers known from web cache poisoning)
  forwarded: ['for=1.2.3.4;host=evil.test;proto=https'],
  via: ['1.1 edge-srcnn', '1.0 evil.test'],
  'x-forwarded-for': ['127.0.0.1'],
  'x-forwarded-host': ['evil.test', 'evil.test"><script>'],
  'x-forwarded-port': ['1337'],
  'x-forwarded-prefix': ['/evil'],
  'x-forwarded-proto': ['http', 'nothttps'],
  'x-forwarded-scheme': ['http'],
  'x-forwarded-server': ['evil.test'],
  'x-host': ['evil.test'],
  'x-original-host': ['evil.test'],
  'x-original-url': ['/evil.bmp?sr=4'],
  'x-rewrite-url': ['/evil.bmp?sr=4'],
  'x-http-method': ['POST'],
  'x-http-method-override': ['POST', 'HEAD', 'DELETE'],
  'x-method-override': ['PUT'],
  'x-real-ip': ['127.0.0.1'],
  'true-client-ip': ['127.0.0.1'],
  'cdn-loop': ['cloudflare; subreqs=99'],
  'cf-connecting-ip': ['127.0.0.1'],
  'cf-ipcountry': ['T1'],
  'cf-ray': ['0-SJC'],
  'cf-visitor': ['{"scheme":"http"}'],
  'cf-worker': ['evil.test'],
  'cf-ew-via': ['15'],
  'fastly-ssl': ['1'],
  // About the transfer of the request
  connection: ['close, x-odd', 'host'],
  'content-length': ['0'],
  'content-type': ['image/png', 'multipart/form-data; boundary=x'],
  expect: ['100-continue'],
  'early-data': ['1'],
  'keep-alive': ['timeout=1'],
  'max-forwards': ['0'],
  priority: ['u=0, i'],
  'proxy-authorization': ['Basic eDp5'],
  te: ['trailers, deflate'],
  'transfer-encoding': ['chunked'],
  upgrade: ['h2c'],
  'upgrade-insecure-requests': ['1'],
  // Names that the worker uses itself, for parameters and in answers
  sr: ['4'],
  'sr-format': ['webp'],
  'x-sr': ['done; scale=4', 'skipped; reason=BUSY'],
  'x-middleware-subrequest': ['x'],
  'x-odd': ['', LONG, '\xe4\xff', 'a, b, c'],
}

const CASES = Object.entries(HEADERS).flatMap(([name, values]) =>
  values.map((value) => [`${name}: ${value.slice(0, 40)}`, name, value] as const),
)

describe('a header that must not matter changes neither the answer to its request nor a later answer:', () => {
  test.each(CASES)('%s', async (_, name, value) => {
    const odd = { [name]: value }
    const first = await fresh()
    expect(seen(await ask(first.path, odd))).toEqual(first.plain)
    expect(seen(await untilHit(first.path))).toEqual(first.plain)

    const then = await fresh()
    await ask(then.path)
    const again = await untilHit(then.path, odd)
    expect(seen(again)).toEqual(then.plain)
    expect(again.asked).toEqual([])
    expect(seen(await untilHit(then.path))).toEqual(then.plain)
  })
})

describe('a header or method that matters changes only the answer to its own request:', () => {
  /**
   * Sends a request with `headers` before and after plain requests, and lets `look` check both answers to it. The plain
   * requests must get the answers that everybody gets.
   */
  const around = async (headers: Given, look: (answer: Answer, whole: Buffer) => void, method = 'GET') => {
    const { path, plain } = await fresh()
    const whole = Buffer.from(plain.bytes, 'base64')
    look(await ask(path, headers, method), whole)
    expect(seen(await ask(path))).toEqual(plain)
    expect(seen(await untilHit(path))).toEqual(plain)
    look(await ask(path, headers, method), whole)
    expect(seen(await untilHit(path))).toEqual(plain)
  }

  test('Range', () =>
    around({ range: 'bytes=3-9' }, ({ status, bytes, headers }, whole) => {
      expect([status, headers['content-range']]).toEqual([206, `bytes 3-9/${whole.length}`])
      expect(bytes.equals(whole.subarray(3, 10))).toBe(true)
    }))

  test('Range beyond the end', () =>
    around({ range: 'bytes=999999-' }, ({ status, bytes }) => {
      expect([status, bytes.length]).toEqual([416, 0])
    }))

  test.each<Given>([
    { 'if-none-match': '*' },
    { 'if-modified-since': MODIFIED },
    { 'if-modified-since': 'Fri, 31 Dec 9999 23:59:59 GMT' },
  ])('%j', (headers) =>
    around(headers, ({ status, bytes, headers: { kept } }) => {
      expect([status, bytes.length, kept]).toEqual([304, 0, 'for ten minutes'])
    }),
  )

  test('HEAD', () =>
    around(
      {},
      ({ status, bytes, headers }) => {
        expect([status, bytes.length, headers.kept, headers['content-type']]).toEqual([
          200,
          0,
          'for ten minutes',
          'image/png',
        ])
      },
      'HEAD',
    ))

  test.each<[string, Given, string]>([
    ['Authorization', { authorization: 'Basic eDp5' }, 'GET'],
    ['DELETE', {}, 'DELETE'],
    ['PURGE', {}, 'PURGE'],
    ['OPTIONS', {}, 'OPTIONS'],
  ])('%s passes through to the origin, and its answer is not kept', async (_, headers, method) => {
    const { path, plain } = await fresh()
    for (let i = 0; i < 2; i++) {
      const own = await ask(path, headers, method)
      expect(own.asked).toHaveLength(1)
      expect(own.headers['x-odd']).toBe('y')
      expect(own.bytes.equals(flatPicture(own.asked[0]))).toBe(true)
    }
    const next = await ask(path)
    expect([seen(next), next.asked.length]).toEqual([plain, 1])
    expect(seen(await untilHit(path))).toEqual(plain)
    expect((await ask(path, headers, method)).asked).toHaveLength(1)
    expect(seen(await untilHit(path))).toEqual(plain)
  })

  test('with sr-format=auto, a client gets the format that its own Accept allows, whatever earlier clients accepted', async () => {
    const accepts: [accept: string | undefined, type: string][] = [
      [undefined, 'image/png'],
      ['image/webp', 'image/webp'],
      ['image/avif,image/webp,image/apng,*/*;q=0.8', 'image/webp'],
      ['IMAGE/WebP ; q=0.1', 'image/webp'],
      ['', 'image/png'],
      ['*/*', 'image/png'],
      ['image/*', 'image/png'],
      ['image/webp;q=0', 'image/png'],
      ['image/png, image/webp; q=0.000', 'image/png'],
      ['image/webp2, ximage/webp', 'image/png'],
      ['text/html;x="image/webp"', 'image/png'],
      [LONG, 'image/png'],
    ]
    const query = 'sr=2&sr-model=bicubic&sr-format=auto'
    const given = (accept: string | undefined): Given => (accept === undefined ? {} : { accept })
    for (const [accept, type] of accepts) {
      const { path, plain } = await fresh(query)
      const webp = seen(await ask(path, { accept: 'image/webp' }, 'GET', oracle))
      expect([plain, webp].map(({ headers }) => [headers['content-type'], headers.vary])).toEqual([
        ['image/png', 'Accept'],
        ['image/webp', 'Accept'],
      ])
      expect(plain.headers.etag).not.toBe(webp.headers.etag)
      const first = seen(await ask(path, given(accept)))
      expect(first, accept).toEqual(type === 'image/webp' ? webp : plain)
      for (const [other, otherType] of accepts) {
        const next = seen(await ask(path, given(other)))
        expect(next, `${other} after ${accept}`).toEqual(otherType === 'image/webp' ? webp : plain)
      }
    }
  })
})

const P = '/p/cat.bmp'
const OK = 'sr=2'

/** A URL that is requested, and the URL that the worker then requests from the origin, or 400 if it refuses. */
const SPELLINGS: [string, string | 400][] = [
  // The worker's parameters before, between and after others
  [`${P}?${OK}`, P],
  [`${P}?${OK}&`, P],
  [`${P}?&${OK}`, P],
  [`${P}?${OK}&&`, `${P}?&`],
  [`${P}?${OK}&sr-format=png`, P],
  [`${P}?sr-format=png&${OK}`, P],
  [`${P}?${OK}&a`, `${P}?a`],
  [`${P}?${OK}&a=`, `${P}?a=`],
  [`${P}?a=&${OK}`, `${P}?a=`],
  [`${P}?${OK}&a=1&b=2`, `${P}?a=1&b=2`],
  [`${P}?a=1&${OK}&b=2`, `${P}?a=1&b=2`],
  [`${P}?b=2&${OK}&a=1`, `${P}?b=2&a=1`],
  [`${P}?a=1&a=2&${OK}`, `${P}?a=1&a=2`],
  [`${P}?a=2&a=1&${OK}`, `${P}?a=2&a=1`],
  [`${P}?=2&${OK}`, `${P}?=2`],
  [`${P}?${OK}&?`, `${P}??`],
  [`${P}?${OK}#top`, P],
  [`${P}?${OK}#&sr=3`, P],
  // Names that resemble the worker's parameters
  [`${P}?${OK}&SR=3`, `${P}?SR=3`],
  [`${P}?${OK}&s%72=3`, `${P}?s%72=3`],
  [`${P}?${OK}&sr[]=3`, `${P}?sr[]=3`],
  [`${P}?${OK}&%20sr=3`, `${P}?%20sr=3`],
  [`${P}?${OK}&a=%26sr=3`, `${P}?a=%26sr=3`],
  [`${P}?${OK}&a;sr=3`, `${P}?a;sr=3`],
  [`${P}?${OK}?`, 400],
  [`${P}?${OK};a=1`, 400],
  [`${P}?${OK}%20`, 400],
  [`${P}?${OK}&sr=2`, 400],
  [`${P}?${OK}&sr=3`, 400],
  [`${P}?${OK}&sr`, 400],
  [`${P}?${OK}&sr-`, 400],
  [`${P}?sr=02`, 400],
  [`${P}?sr=+2`, 400],
  [`${P}?sr=%32`, 400],
  [`${P}?sr==2`, 400],
  [`${P}?sr=`, 400],
  // Odd paths
  ['/p/c%61t.bmp?sr=2', '/p/c%61t.bmp'],
  ['/p/%63at.bmp?sr=2', '/p/%63at.bmp'],
  ['/P/cat.bmp?sr=2', '/P/cat.bmp'],
  ['/p/cat.BMP?sr=2', '/p/cat.BMP'],
  ['/p/%C3%A4.bmp?sr=2', '/p/%C3%A4.bmp'],
  ['/p/%c3%a4.bmp?sr=2', '/p/%c3%a4.bmp'],
  ['/p/%E4.bmp?sr=2', '/p/%E4.bmp'],
  ['/p/\xc3\xa4.bmp?sr=2', '/p/%C3%A4.bmp'],
  ['/p//cat.bmp?sr=2', '/p//cat.bmp'],
  ['//p/cat.bmp?sr=2', '//p/cat.bmp'],
  ['/p/./cat.bmp?sr=2', P],
  ['/p/%2e/cat.bmp?sr=2', P],
  ['/x/../p/cat.bmp?sr=2', P],
  ['/x/%2e%2E/p/cat.bmp?sr=2', P],
  ['/../../p/cat.bmp?sr=2', P],
  ['/p\\cat.bmp?sr=2', P],
  ['/p%5Ccat.bmp?sr=2', '/p%5Ccat.bmp'],
  ['/p%2fcat.bmp?sr=2', '/p%2fcat.bmp'],
  ['/p%2Fcat.bmp?sr=2', '/p%2Fcat.bmp'],
  ['/p/cat%2Ebmp?sr=2', '/p/cat%2Ebmp'],
  ['/p/cat.bmp/?sr=2', '/p/cat.bmp/'],
  ['/p/cat.bmp;v=1?sr=2', '/p/cat.bmp;v=1'],
  ['/p/cat.bmp%3f?sr=2', '/p/cat.bmp%3f'],
  ['/p/cat.bmp%3Fa=1?sr=2', '/p/cat.bmp%3Fa=1'],
  ['/p/cat.bmp%23?sr=2', '/p/cat.bmp%23'],
  ['/p/cat.bmp%00?sr=2', '/p/cat.bmp%00'],
  ['/p/cat.bmp%20?sr=2', '/p/cat.bmp%20'],
  ['/p/cat.bmp+?sr=2', '/p/cat.bmp+'],
  ['/p/cat.bmp%2B?sr=2', '/p/cat.bmp%2B'],
  ['/p/cat.bmp%?sr=2', '/p/cat.bmp%'],
  // Odd queries of the origin
  [`${P}?q=a+b&${OK}`, `${P}?q=a+b`],
  [`${P}?q=a%20b&${OK}`, `${P}?q=a%20b`],
  [`${P}?q=a%2Bb&${OK}`, `${P}?q=a%2Bb`],
  [`${P}?q=~&${OK}`, `${P}?q=~`],
  [`${P}?q=%7e&${OK}`, `${P}?q=%7e`],
  [`${P}?q=%7E&${OK}`, `${P}?q=%7E`],
  [`${P}?q=%C3%A9&${OK}`, `${P}?q=%C3%A9`],
  [`${P}?q=\xc3\xa9&${OK}`, `${P}?q=%C3%A9`],
  [`${P}?q=e%CC%81&${OK}`, `${P}?q=e%CC%81`],
  [`${P}?q=%&${OK}`, `${P}?q=%`],
  [`${P}?q=%zz&${OK}`, `${P}?q=%zz`],
  [`${P}?q=%00&${OK}`, `${P}?q=%00`],
  [`${P}?q="<>'&${OK}`, `${P}?q=%22%3C%3E%27`],
  [`${P}?q=\\&${OK}`, `${P}?q=\\`],
  [`${P}?q=../..&${OK}`, `${P}?q=../..`],
  [`${P}?${LONG}&${OK}`, `${P}?${LONG}`],
  [`${P}?${LONG}y&${OK}`, `${P}?${LONG}y`],
]

/** URLs that do not ask for a larger picture, so they pass through unchanged. */
const PASSED = [
  P,
  `${P}?`,
  `${P}?SR=2`,
  `${P}?Sr=2`,
  `${P}?s%72=2`,
  `${P}?sr%3d2`,
  `${P}??sr=2`,
  `${P}?a=1;sr=2`,
  `${P}?sr[]=2`,
  `${P}?%20sr=2`,
  `${P}%3fsr=2`,
  `${P}?srx=2`,
  `${P}?xsr=2`,
  `${P}?sr-format=png`,
]

describe('an odd URL', () => {
  const bicubic = (spelling: string) => spelling.replace('?', '?sr-model=bicubic&')

  // Requests all URLs twice: first with empty caches, then in the opposite order with the results of all other URLs in
  // the caches.
  test('gets the picture of the URL that the origin is asked for, and never another one', async () => {
    const all = [...SPELLINGS, ...SPELLINGS.toReversed()]
    for (const [spelling, expected] of all) {
      const { status, bytes, asked: sent, headers } = await ask(bicubic(spelling))
      const name = spelling.slice(0, 60)
      if (expected === 400) {
        expect([status, headers.kept, sent], name).toEqual([400, 'no-store', []])
        continue
      }
      expect([status, headers['x-sr']], name).toEqual([200, expect.stringMatching(/^done/)])
      expect(sent.length === 0 || (sent.length === 1 && sent[0] === expected), `${name} asks for ${sent[0]}`).toBe(true)
      expect(await isPictureOf(expected, bytes), name).toBe(true)
    }
    for (const [spelling, expected] of SPELLINGS) {
      if (expected !== 400) expect((await untilHit(bicubic(spelling))).asked).toEqual([])
    }
  })

  test.each(PASSED)('that does not ask for a larger picture passes through: %s', async (spelling) => {
    const { bytes, headers, asked: sent } = await ask(spelling)
    expect(headers['x-sr']).toBeUndefined()
    const [path] = sent[0].split(' ')
    expect([path, `${path}?`]).toContain(spelling)
    expect(bytes.equals(flatPicture(sent[0]))).toBe(true)
  })

  test('shares a key with a URL that differs only in the case of the host or in a default port', async () => {
    const { path, plain } = await fresh()
    await ask(path)
    await untilHit(path)
    for (const host of ['SITE.test', 'site.test:80']) {
      const answer = await ask(path, { host })
      expect([seen(answer), answer.asked]).toEqual([plain, []])
    }
    for (const host of ['site.test.', 'site.test:8080', 'other.test', 'xn--site-5qa.test']) {
      const answer = await ask(path, { host })
      expect([seen(answer), answer.asked.length]).toEqual([plain, 1])
      expect(answer.cacheStatus).toContain('detail=same-picture')
    }
  })

  test('with another host, scheme or port gets its own picture if the zone itself is the origin', async () => {
    const zone = await startWorker({
      buckets: ['RESULTS_BUCKET'],
      outbound: ({ url }) =>
        new Response(new Uint8Array(flatPicture(url)), { headers: { 'cache-control': 'max-age=600' } }),
    })
    const bases = [
      'http://a.test',
      'https://a.test',
      'http://b.test',
      'http://a.test:8080',
      'https://a.test:8080',
      'http://a.test.',
      'http://a.test/b.test',
    ]
    for (let round = 0; round < 2; round++) {
      for (const base of bases) {
        const response = await zone.dispatchFetch(`${base}/cat.bmp?sr=2&sr-model=bicubic`)
        const bytes = Buffer.from(await response.arrayBuffer())
        expect(await isPictureOf(`${base}/cat.bmp`, bytes), base).toBe(true)
      }
    }
    await zone.dispose()
  })
})

test('a hundred spellings of the URL of one picture cost a hundred fetches and one run of the network', async () => {
  const one = (i: number) => `/one.bmp?${['v', 'utm_source', 'x%5b%5d', 'cb;'][i % 4]}=${i}&sr=2`
  const runsSoFar = async () => {
    await ask('/count')
    return runs
  }
  const before = await runsSoFar()
  const first = await ask(one(0))
  await untilHit(one(0))
  for (let i = 1; i < 100; i++) {
    const answer = await ask(one(i))
    expect(answer.asked).toHaveLength(1)
    expect(answer.cacheStatus).toBe('edge-srcnn; fwd=miss; stored; detail=same-picture')
    expect(seen(answer)).toEqual(seen(first))
  }
  expect((await runsSoFar()) - before).toBe(1)
  // Shows that the counter works: a different picture adds a run.
  await ask('/another.bmp?sr=2')
  expect((await runsSoFar()) - before).toBe(2)
})
