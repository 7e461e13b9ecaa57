// HTTP as visitors and caches see it (RFC 9110, 9111, 5861): ranges, HEAD, dates, scripts of other sites, an origin
// that fails, and a picture that only its owner may see.
import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { parseItem, parseList, serializeItem, serializeList } from 'structured-headers'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Description } from '../../worker/request/describe.ts'
import { askUntil, isKept, startSite } from '../support/worker/site.ts'

const { origin, get, ask, untilHit, untilKept, startAnother } = startSite({
  vars: { SR_ALLOW_ORIGIN: 'https://shop.example' },
  buckets: ['RESULTS_BUCKET'],
})
let picture: Buffer

beforeAll(async () => {
  picture = await sharp({ create: { width: 20, height: 14, channels: 3, background: '#37a' } })
    .jpeg({ quality: 95 })
    .toBuffer()
})

/**
 * Number of pictures drawn so far. Each test draws a new picture. If it used the bytes of an earlier one, the worker
 * would find the earlier result, even at another path.
 */
let made = 0
async function anotherPicture(): Promise<Buffer> {
  made++
  const background = { r: 10 * made, g: 90, b: 200 - made }
  return sharp({ create: { width: 20, height: 14, channels: 3, background } })
    .jpeg({ quality: 95 })
    .toBuffer()
}

describe('a range of a result', () => {
  let bytes: Buffer
  let etag: string
  beforeAll(async () => {
    origin.serve('/range.jpg', await anotherPicture(), { 'cache-control': 'max-age=600' })
    const kept = await untilKept('/range.jpg?sr=2')
    bytes = kept.bytes
    etag = kept.headers.get('etag')!
    expect(kept.headers.get('accept-ranges')).toBe('bytes')
  })

  test.each<[string, number, number]>([
    ['bytes=0-9', 0, 9],
    ['bytes=5-', 5, -1],
    ['bytes=-7', -7, -1],
    ['bytes=0-99999999', 0, -1],
    ['bytes=-99999999', 0, -1],
  ])('%s gets a 206', async (range, from, to) => {
    const [first, last] = [from, to].map((at) => (at < 0 ? bytes.length + at : at))
    const part = await ask('/range.jpg?sr=2', { headers: { range } })
    expect(part.status).toBe(206)
    expect(part.headers.get('content-range')).toBe(`bytes ${first}-${last}/${bytes.length}`)
    expect(part.headers.get('content-length')).toBe(`${last - first + 1}`)
    expect(part.bytes.equals(bytes.subarray(first, last + 1))).toBe(true)
  })

  test.each(['bytes=99999999-', 'bytes=-0'])('%s gets a 416', async (range) => {
    const { status, headers, bytes: body } = await ask('/range.jpg?sr=2', { headers: { range } })
    expect([status, headers.get('content-range'), body.length]).toEqual([416, `bytes */${bytes.length}`, 0])
  })

  test.each(['bytes=0-1,5-9', 'bytes=9-5', 'lines=0-1', 'bytes=', 'bytes=a-b'])('%s is ignored', async (range) => {
    const whole = await ask('/range.jpg?sr=2', { headers: { range } })
    expect([whole.status, whole.bytes.length]).toEqual([200, bytes.length])
  })

  test('is not sent if the request has an If-Range with anything but the ETag of the result', async () => {
    const statusOf = async (field: string) =>
      (await ask('/range.jpg?sr=2', { headers: { range: 'bytes=0-1', 'if-range': field } })).status
    expect(await statusOf(etag)).toBe(206)
    for (const field of [`W/${etag}`, '"other"', new Date().toUTCString()]) expect(await statusOf(field)).toBe(200)
  })
})

describe('HEAD', () => {
  test('on a miss computes nothing, and its answer has no ETag and no length', async () => {
    origin.serve('/head.jpg', await anotherPicture(), { 'cache-control': 'max-age=600' })
    for (let i = 0; i < 3; i++) {
      const response = await get('/head.jpg?sr=2', { method: 'HEAD' })
      expect(response.status).toBe(200)
      expect(response.headers.get('cache-status')).toBe('edge-srcnn; fwd=miss')
      expect(response.headers.get('content-type')).toBe('image/jpeg')
      expect(response.headers.get('cache-control')).toBe('public, max-age=600')
      expect(response.headers.get('x-sr')).toMatch(/^done; scale=2/)
      expect([response.headers.get('etag'), response.headers.get('content-length')]).toEqual([null, null])
    }
  })
})

test('If-Modified-Since is compared with the date of the source, unless the request has an If-None-Match', async () => {
  const modified = 'Thu, 01 Jan 2026 00:00:00 GMT'
  origin.serve('/dated.jpg', await anotherPicture(), { 'cache-control': 'max-age=600', 'last-modified': modified })
  await untilKept('/dated.jpg?sr=2')
  const statusOf = async (headers: Record<string, string>) => (await ask('/dated.jpg?sr=2', { headers })).status
  expect(await statusOf({ 'if-modified-since': modified })).toBe(304)
  expect(await statusOf({ 'if-modified-since': 'Thu, 01 Jan 2025 00:00:00 GMT' })).toBe(200)
  expect(await statusOf({ 'if-modified-since': 'yesterday' })).toBe(200)
  expect(await statusOf({ 'if-modified-since': modified, 'if-none-match': '"x"' })).toBe(200)
})

describe('scripts of other sites', () => {
  test('may read all answers, even errors and preflights, if SR_ALLOW_ORIGIN names their site', async () => {
    origin.serve('/cors.jpg', await anotherPicture(), { 'access-control-allow-origin': '*' })
    for (const query of ['sr=2', 'sr=9']) {
      const { headers } = await ask(`/cors.jpg?${query}`)
      expect(headers.get('access-control-allow-origin')).toBe('https://shop.example')
      expect(headers.get('access-control-expose-headers')).toContain('X-SR')
      expect(headers.get('timing-allow-origin')).toBe('https://shop.example')
      expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin')
    }
    const asked = origin.asked.length
    const preflight = await get('/cors.jpg?sr=2', {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'GET' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://shop.example')
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, HEAD')
    expect(origin.asked.length).toBe(asked)
  })

  test('may read only what the origin allows everybody to read, and preflights go to the origin, if SR_ALLOW_ORIGIN is not set', async () => {
    const plain = await startAnother()
    const headers = { 'timing-allow-origin': 'https://a.example', 'cross-origin-resource-policy': 'same-site' }
    const inheritedOf = async (allowed: string) => {
      origin.serve('/own-cors.jpg', picture, {
        ...headers,
        'cache-control': 'no-store',
        'access-control-allow-origin': allowed,
      })
      const { headers: given } = await plain.ask('/own-cors.jpg?sr=2')
      return ['access-control-allow-origin', ...Object.keys(headers)].map((name) => given.get(name))
    }
    expect(await inheritedOf('*')).toEqual(['*', ...Object.values(headers)])
    expect(await inheritedOf('https://one.example')).toEqual([null, ...Object.values(headers)])
    origin.handle('/preflight.jpg', (request, response) =>
      response.writeHead(request.method === 'OPTIONS' ? 207 : 500).end(),
    )
    const preflight = await plain.get('/preflight.jpg?sr=2', { method: 'OPTIONS' })
    expect(preflight.status).toBe(207)
  })
})

describe('what the origin says of a picture that holds for the result, too,', () => {
  /** Returns the header as it is on the wire, where each byte of UTF-8 is a character. */
  const utf8 = (text: string) => Buffer.from(text).toString('latin1')
  const SAID = {
    'x-robots-tag': 'noindex, unavailable_after: 1 Jan 2030 00:00:00 GMT',
    link: utf8('</a.css>; rel=preload, <https://shop.example/käse>; rel="canonical"; title="a, b"'),
    'content-language': 'de-CH',
    'tdm-reservation': '1',
    'content-disposition': utf8('inline; filename="Käse.jpg"'),
    'cross-origin-resource-policy': 'same-site',
  }
  const inheritedBy = ({ headers }: { headers: { get(name: string): string | null } }) =>
    Object.fromEntries(Object.keys(SAID).map((name) => [name, headers.get(name)]))

  test.each<[string, string]>([
    ['sr=2', utf8('inline; filename="Käse.jpg"')],
    ['sr=2&sr-format=webp', 'inline'],
  ])('is in every answer with the result, from wherever it comes (%s)', async (query, disposition) => {
    const plain = await startAnother({ buckets: ['RESULTS_BUCKET'] })
    const path = `/said-${made}.jpg`
    const url = `${path}?${query}`
    origin.serve(path, await anotherPicture(), { ...SAID, 'cache-control': 'max-age=0', etag: '"1"' })
    const expected = {
      ...SAID,
      link: utf8('<https://shop.example/käse>; rel="canonical"'),
      'content-disposition': disposition,
    }
    expect(inheritedBy(await plain.ask(url, { method: 'HEAD' }))).toEqual(expected)
    const first = await plain.ask(url)
    expect(first.cacheStatus).toBe('edge-srcnn; fwd=miss; stored')
    expect(inheritedBy(first)).toEqual(expected)
    // A 304 of the origin, which repeats some of the headers, and states a new one.
    origin.handle(path, (_, response) => {
      response.writeHead(304, { 'cache-control': 'max-age=600', 'x-robots-tag': 'none', etag: '"1"' }).end()
    })
    const revalidated = await askUntil(() => plain.ask(url), isKept, 'a kept result')
    const renewed = { ...expected, 'x-robots-tag': 'none' }
    expect(inheritedBy(revalidated)).toEqual(renewed)
    const hit = await plain.untilHit(url)
    expect(inheritedBy(hit)).toEqual(renewed)
    const etag = hit.headers.get('etag')!
    for (const [headers, status] of [
      [{ range: 'bytes=0-9' }, 206],
      [{ 'if-none-match': etag }, 304],
    ] as const) {
      const answer = await plain.ask(url, { headers })
      expect([answer.status, inheritedBy(answer)]).toEqual([status, renewed])
    }
    expect(inheritedBy(await plain.ask(url, { method: 'HEAD' }))).toEqual(renewed)
    // From R2, in another data centre
    const bucket = await plain.worker.getR2Bucket('RESULTS_BUCKET')
    const far = await startAnother({ buckets: ['RESULTS_BUCKET'] })
    const copy = await far.worker.getR2Bucket('RESULTS_BUCKET')
    for (const { key } of (await bucket.list()).objects) {
      const bytes = await (await bucket.get(key))!.arrayBuffer()
      await copy.put(key, bytes, { sha256: createHash('sha256').update(Buffer.from(bytes)).digest('hex') })
    }
    const fromR2 = await far.ask(url)
    expect(fromR2.cacheStatus).toBe('edge-srcnn; hit; detail=r2')
    expect(inheritedBy(fromR2)).toEqual(renewed)
  })
})

test('Cross-Origin-Resource-Policy and CORS of a picture for one visitor stay as the origin says, whatever SR_ALLOW_ORIGIN says', async () => {
  const own = { 'cross-origin-resource-policy': 'same-origin', 'timing-allow-origin': 'https://a.example' }
  const policyOf = async (path: string, headers: Record<string, string>) => {
    const { sr, headers: given } = await ask(`${path}?sr=2`, { headers })
    const names = ['cross-origin-resource-policy', 'timing-allow-origin', 'access-control-allow-origin']
    return [sr, ...names.map((name) => given.get(name))]
  }
  origin.serve('/private.jpg', picture, { ...own, 'cache-control': 'private' })
  origin.handle('/login.jpg', ({ headers }, response) => {
    if (headers.cookie) response.writeHead(200, own).end(picture)
    else response.writeHead(200, { 'content-type': 'text/html' }).end('<p>log in</p>')
  })
  const theirs = ['same-origin', 'https://a.example', null]
  const credentials = 'skipped; reason=CREDENTIALS'
  expect(await policyOf('/private.jpg', { cookie: 'a=b' })).toEqual([credentials, ...theirs])
  expect(await policyOf('/private.jpg', { authorization: 'Bearer x' })).toEqual([credentials, ...theirs])
  expect(await policyOf('/login.jpg', { cookie: 'a=b' })).toEqual(['skipped; reason=NOT_AN_IMAGE', ...theirs])
  const everybodys = ['cross-origin', 'https://shop.example', 'https://shop.example']
  expect((await policyOf('/private.jpg', {})).slice(1)).toEqual(everybodys)
  expect((await policyOf('/login.jpg', {})).slice(1)).toEqual(everybodys)
})

describe('sr-format=json says whose scripts may read the answers, and why,', () => {
  test.each<[Record<string, string>, string | undefined, RegExp]>([
    [{ 'access-control-allow-origin': '*' }, '*', /^the origin says so$/],
    [{ vary: 'Origin' }, undefined, /Vary: Origin.*set allowOrigin \(SR_ALLOW_ORIGIN\)/],
    [{ vary: 'accept-encoding, ORIGIN' }, undefined, /Vary: Origin/],
    [{ 'access-control-allow-origin': 'https://one.example' }, undefined, /only "https:\/\/one.example".*allowOrigin/],
    [{}, undefined, /a request without Origin.*allowOrigin/],
  ])('if the origin sends %j', async (headers, allowed, because) => {
    const plain = await startAnother()
    origin.serve('/whose.jpg', picture, headers)
    for (const asked of [{ origin: 'https://shop.example' }, undefined]) {
      const { bytes } = await plain.ask('/whose.jpg?sr=2&sr-format=json', { headers: asked })
      const { outcome, crossOrigin } = JSON.parse(bytes.toString()) as Description
      expect([outcome, crossOrigin?.allowed]).toEqual(['done', allowed])
      expect(crossOrigin?.because).toMatch(because)
    }
  })

  test('if SR_ALLOW_ORIGIN is set, and for a picture that is served unchanged', async () => {
    origin.serve('/whose.txt', 'no picture')
    for (const [path, outcome] of [
      ['/whose.jpg', 'done'],
      ['/whose.txt', 'skipped'],
    ]) {
      origin.serve('/whose.jpg', picture)
      const description = JSON.parse((await ask(`${path}?sr=2&sr-format=json`)).bytes.toString()) as Description
      expect([description.outcome, description.crossOrigin]).toEqual([
        outcome,
        { allowed: 'https://shop.example', because: 'the option allowOrigin says so' },
      ])
    }
  })

  test('and an origin that answers only requests with Origin, as S3 does, needs SR_ALLOW_ORIGIN', async () => {
    const plain = await startAnother()
    origin.handle('/s3.jpg', ({ headers }, response) => {
      const cors = headers.origin ? { 'access-control-allow-origin': '*', vary: 'Origin' } : {}
      response.writeHead(200, { ...cors, 'cache-control': 'max-age=600' }).end(picture)
    })
    const allowedBy = async (worker: Pick<typeof plain, 'ask'>) =>
      (await worker.ask('/s3.jpg?sr=2', { headers: { origin: 'https://shop.example' } })).headers.get(
        'access-control-allow-origin',
      )
    expect(await allowedBy(plain)).toBeNull()
    expect(await allowedBy({ ask })).toBe('https://shop.example')
  })
})

test('Cache-Status and X-SR are structured fields, as structured-headers reads and writes them', async () => {
  origin.serve('/fields.jpg', await anotherPicture(), { 'cache-control': 'max-age=0', etag: '"1"' })
  origin.serve('/fields-2.jpg', 'no picture')
  origin.serve('/fields-3.jpg', await anotherPicture(), { 'cache-control': 'max-age=600' })
  const answers = [
    await ask('/fields.jpg?sr=2'),
    await untilKept('/fields.jpg?sr=2'),
    await ask('/fields.jpg?sr-width=30', { method: 'HEAD' }),
    await ask('/fields.jpg?sr-width=320&sr-format=webp'),
    await untilHit('/fields-3.jpg?sr=2'),
    await ask('/fields-2.jpg?sr=2'),
  ]
  origin.handle('/fields.jpg', (_, response) => void response.writeHead(503).end())
  answers.push(await ask('/fields.jpg?sr=2'))
  const kinds = new Set<string>()
  for (const { cacheStatus, sr } of answers) {
    if (cacheStatus) expect(serializeList(parseList(cacheStatus)).replaceAll(';', '; ')).toBe(cacheStatus)
    if (sr) expect(serializeItem(parseItem(sr)).replaceAll(';', '; ')).toBe(sr)
    kinds.add(cacheStatus)
  }
  expect(kinds.size).toBeGreaterThan(4)
})

describe('while the origin fails', () => {
  /** Requests a picture with `cacheControl` until it is kept, then calls `fail` and requests it once more. */
  const failing = async (name: string, cacheControl: string, fail: () => void) => {
    origin.serve(`/${name}.jpg`, await anotherPicture(), { 'cache-control': cacheControl, etag: '"1"' })
    const { bytes } = await untilKept(`/${name}.jpg?sr=2`)
    fail()
    const answer = await ask(`/${name}.jpg?sr=2`)
    return { ...answer, isOld: answer.bytes.equals(bytes) }
  }
  const status = (name: string, code: number) => () =>
    origin.handle(`/${name}.jpg`, (_, response) => void response.writeHead(code).end('broken'))

  test.each<[string, (name: string) => () => void, string]>([
    ['503', (name) => status(name, 503), '; fwd-status=503'],
    ['reset', (name) => () => origin.handle(`/${name}.jpg`, (request) => void request.socket.destroy()), ''],
    [
      'broken off',
      (name) => () =>
        origin.handle(`/${name}.jpg`, (_, response) => {
          response.writeHead(200, { 'content-length': '9999' })
          response.write('half', () => response.destroy())
        }),
      '',
    ],
  ])('the earlier result is served (kind of failure: %s)', async (_, fail, fwd) => {
    const name = `failing-${made}`
    const { isOld, cacheStatus, headers } = await failing(name, 'max-age=0', fail(name))
    expect(isOld).toBe(true)
    expect(cacheStatus).toBe(`edge-srcnn; fwd=stale${fwd}; detail=stale-if-error`)
    expect(headers.get('cache-control')).toBe('public, max-age=60')
  })

  test.each([
    'max-age=0, must-revalidate',
    'max-age=0, proxy-revalidate',
    's-maxage=0',
    'no-cache',
    'max-age=0, stale-if-error=0',
  ])('its error is passed on if the picture came with Cache-Control: %s', async (cacheControl) => {
    const name = `strict-${made}`
    const answer = await failing(name, cacheControl, status(name, 503))
    expect(answer.status).toBe(503)
    expect(answer.sr).toBe('skipped; reason=ORIGIN_STATUS')
  })

  test('a 404 is passed on instead of the earlier result', async () => {
    const answer = await failing('gone', 'max-age=0', status('gone', 404))
    expect(answer.status).toBe(404)
  })
})

describe('a picture that needs a cookie', () => {
  test.each([
    ['if strangers get 401', 401, 'CREDENTIALS'],
    ['if strangers are redirected to a page', 302, 'CREDENTIALS'],
    ['if strangers get a page with 200', 200, 'NOT_AN_IMAGE'],
  ])('is seen by its owner and by nobody else, with a cold or a warm cache, %s', async (_, status, reason) => {
    const path = `/owned-${status}.jpg`
    const own = await anotherPicture()
    origin.handle(path, ({ headers }, response) => {
      if (headers.cookie === 'session=owner')
        response.writeHead(200, { 'cache-control': 'max-age=600', 'content-type': 'image/jpeg' }).end(own)
      else
        response
          .writeHead(status, { location: '/login', 'content-type': 'text/html', 'cache-control': 'max-age=600' })
          .end('<p>log in</p>')
    })
    const seenWith = async (cookie: string) => {
      const { status: code, bytes, sr } = await ask(`${path}?sr=2`, { headers: { cookie } })
      return { status: code, isOwn: bytes.equals(own), sr }
    }
    for (let i = 0; i < 3; i++) {
      expect(await seenWith('session=owner')).toEqual({
        status: 200,
        isOwn: true,
        sr: `skipped; reason=${reason}`,
      })
      for (const cookie of ['', 'session=thief']) {
        expect(await seenWith(cookie)).toMatchObject({ status, isOwn: false })
      }
    }
  })
})

test('a source that is already a result of super resolution is not enlarged again', async () => {
  origin.serve('/done.jpg', picture, { 'x-sr': 'done; scale=2' })
  const { sr, bytes } = await ask('/done.jpg?sr=2')
  expect(sr).toBe('skipped; reason=PROCESSED')
  expect(bytes.equals(picture)).toBe(true)
})

test('SR_ENABLED=false passes every request through, whatever its URL asks for', async () => {
  const off = await startAnother({ vars: { SR_ENABLED: 'false' } })
  origin.handle(
    '/off.jpg',
    ({ headers, url }, response) => void response.writeHead(200, { 'x-own': `${headers.cookie} ${url}` }).end(picture),
  )
  for (const query of ['sr=3&w=1', 'w=1&sr=99&sr-nonsense']) {
    const { headers, sr, bytes } = await off.ask(`/off.jpg?${query}`, { headers: { cookie: 'a=b' } })
    expect(headers.get('x-own')).toBe('a=b /off.jpg?w=1')
    expect(sr).toBe('skipped; reason=DISABLED')
    expect(bytes.equals(picture)).toBe(true)
  }
})
