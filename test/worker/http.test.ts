// HTTP as a visitor and a cache see it (RFC 9110, 9111, 5861): ranges, HEAD, dates, other sites' scripts, an
// origin that fails, a picture that only its owner may see.
import type { Miniflare } from 'miniflare'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FakeOrigin, startOrigin } from '../support/origin/origin.ts'
import { startWorker } from '../support/worker/worker.ts'

let origin: FakeOrigin
let worker: Miniflare
let picture: Buffer

beforeAll(async () => {
  origin = await startOrigin()
  const vars = { ORIGIN_URL: origin.url, SR_ALLOW_ORIGIN: 'https://shop.example' }
  worker = await startWorker({ vars, buckets: ['RESULTS_BUCKET'] })
  picture = await sharp({ create: { width: 20, height: 14, channels: 3, background: '#37a' } })
    .jpeg({ quality: 95 })
    .toBuffer()
})
afterAll(async () => {
  await worker.dispose()
  await origin.close()
})

/** Each test has pictures of its own: the same bytes at another path would be found under their digest. */
let made = 0
async function anotherPicture(): Promise<Buffer> {
  made++
  const background = { r: 10 * made, g: 90, b: 200 - made }
  return sharp({ create: { width: 20, height: 14, channels: 3, background } })
    .jpeg({ quality: 95 })
    .toBuffer()
}

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  worker.dispatchFetch(`http://site.test${path}`, { method, headers, redirect: 'manual' })

/** Keeping goes on behind an answer. */
async function untilKept(path: string) {
  for (let i = 0; i < 200; i++) {
    const response = await get(path)
    const bytes = Buffer.from(await response.arrayBuffer())
    if (/hit|304|same-picture/.test(response.headers.get('cache-status') ?? '')) return { response, bytes }
  }
  throw new Error(`${path} is not kept`)
}

describe('a range of a result', () => {
  let bytes: Buffer
  let etag: string
  beforeAll(async () => {
    origin.serve('/range.jpg', await anotherPicture(), { 'cache-control': 'max-age=600' })
    const kept = await untilKept('/range.jpg?sr=2')
    bytes = kept.bytes
    etag = kept.response.headers.get('etag')!
    expect(kept.response.headers.get('accept-ranges')).toBe('bytes')
  })

  test.each<[string, number, number]>([
    ['bytes=0-9', 0, 9],
    ['bytes=5-', 5, -1],
    ['bytes=-7', -7, -1],
    ['bytes=0-99999999', 0, -1],
    ['bytes=-99999999', 0, -1],
  ])('%s is a 206', async (range, from, to) => {
    const [first, last] = [from, to].map((at) => (at < 0 ? bytes.length + at : at))
    const response = await get('/range.jpg?sr=2', { range })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(`bytes ${first}-${last}/${bytes.length}`)
    expect(response.headers.get('content-length')).toBe(`${last - first + 1}`)
    const part = Buffer.from(await response.arrayBuffer())
    expect(part.equals(bytes.subarray(first, last + 1))).toBe(true)
  })

  test.each(['bytes=99999999-', 'bytes=-0'])('%s is a 416', async (range) => {
    const response = await get('/range.jpg?sr=2', { range })
    expect([response.status, response.headers.get('content-range'), await response.text()]).toEqual([
      416,
      `bytes */${bytes.length}`,
      '',
    ])
  })

  test.each(['bytes=0-1,5-9', 'bytes=9-5', 'lines=0-1', 'bytes=', 'bytes=a-b'])('%s is ignored', async (range) => {
    const response = await get('/range.jpg?sr=2', { range })
    expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, bytes.length])
  })

  test('is given only of the very bytes that If-Range names', async () => {
    const statusOf = async (field: string) => {
      const response = await get('/range.jpg?sr=2', { range: 'bytes=0-1', 'if-range': field })
      await response.arrayBuffer()
      return response.status
    }
    expect(await statusOf(etag)).toBe(206)
    for (const field of [`W/${etag}`, '"other"', new Date().toUTCString()]) expect(await statusOf(field)).toBe(200)
  })
})

describe('HEAD', () => {
  test('on a miss makes nothing, and has no ETag and no length', async () => {
    origin.serve('/head.jpg', await anotherPicture(), { 'cache-control': 'max-age=600' })
    for (let i = 0; i < 3; i++) {
      const response = await get('/head.jpg?sr=2', {}, 'HEAD')
      expect(response.status).toBe(200)
      expect(response.headers.get('cache-status')).toBe('edge-srcnn; fwd=miss')
      expect(response.headers.get('content-type')).toBe('image/jpeg')
      expect(response.headers.get('cache-control')).toBe('public, max-age=600')
      expect(response.headers.get('x-sr')).toMatch(/^done; scale=2/)
      expect([response.headers.get('etag'), response.headers.get('content-length')]).toEqual([null, null])
    }
  })
})

test('If-Modified-Since is answered by the date of the source, where there is no If-None-Match', async () => {
  const modified = 'Thu, 01 Jan 2026 00:00:00 GMT'
  origin.serve('/dated.jpg', await anotherPicture(), { 'cache-control': 'max-age=600', 'last-modified': modified })
  await untilKept('/dated.jpg?sr=2')
  const statusOf = async (headers: Record<string, string>) => {
    const response = await get('/dated.jpg?sr=2', headers)
    await response.arrayBuffer()
    return response.status
  }
  expect(await statusOf({ 'if-modified-since': modified })).toBe(304)
  expect(await statusOf({ 'if-modified-since': 'Thu, 01 Jan 2025 00:00:00 GMT' })).toBe(200)
  expect(await statusOf({ 'if-modified-since': 'yesterday' })).toBe(200)
  expect(await statusOf({ 'if-modified-since': modified, 'if-none-match': '"x"' })).toBe(200)
})

describe('scripts of other sites', () => {
  test('may read what the option allows them to, errors and preflights as well', async () => {
    origin.serve('/cors.jpg', await anotherPicture(), { 'access-control-allow-origin': '*' })
    for (const query of ['sr=2', 'sr=9']) {
      const { headers, body } = await get(`/cors.jpg?${query}`)
      expect(headers.get('access-control-allow-origin')).toBe('https://shop.example')
      expect(headers.get('access-control-expose-headers')).toContain('X-SR')
      expect(headers.get('timing-allow-origin')).toBe('https://shop.example')
      expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin')
      await body?.cancel()
    }
    const asked = origin.asked.length
    const preflight = await get('/cors.jpg?sr=2', { 'access-control-request-method': 'GET' }, 'OPTIONS')
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://shop.example')
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, HEAD')
    expect(origin.asked.length).toBe(asked)
  })

  test('without the option have what the origin gives everybody, and preflights are its own', async () => {
    const plain = await startWorker({ vars: { ORIGIN_URL: origin.url } })
    const headers = { 'timing-allow-origin': 'https://a.example', 'cross-origin-resource-policy': 'same-site' }
    const inheritedOf = async (allowed: string) => {
      origin.serve('/own-cors.jpg', picture, {
        ...headers,
        'cache-control': 'no-store',
        'access-control-allow-origin': allowed,
      })
      const response = await plain.dispatchFetch('http://site.test/own-cors.jpg?sr=2')
      await response.arrayBuffer()
      return ['access-control-allow-origin', ...Object.keys(headers)].map((name) => response.headers.get(name))
    }
    expect(await inheritedOf('*')).toEqual(['*', ...Object.values(headers)])
    expect(await inheritedOf('https://one.example')).toEqual([null, ...Object.values(headers)])
    origin.handle('/preflight.jpg', (request, response) =>
      response.writeHead(request.method === 'OPTIONS' ? 207 : 500).end(),
    )
    const preflight = await plain.dispatchFetch('http://site.test/preflight.jpg?sr=2', { method: 'OPTIONS' })
    expect(preflight.status).toBe(207)
    await plain.dispose()
  })
})

describe('while the origin fails', () => {
  /** Serves a picture that is stale at once, then fails in its way. */
  const failing = async (name: string, cacheControl: string, fail: () => void) => {
    origin.serve(`/${name}.jpg`, await anotherPicture(), { 'cache-control': cacheControl, etag: '"1"' })
    const { bytes } = await untilKept(`/${name}.jpg?sr=2`)
    fail()
    const response = await get(`/${name}.jpg?sr=2`)
    const body = Buffer.from(await response.arrayBuffer())
    return { response, isOld: body.equals(bytes) }
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
  ])('(%s) what it gave before is served', async (_, fail, fwd) => {
    const name = `failing-${made}`
    const { response, isOld } = await failing(name, 'max-age=0', fail(name))
    expect(isOld).toBe(true)
    expect(response.headers.get('cache-status')).toBe(`edge-srcnn; fwd=stale${fwd}; detail=stale-if-error`)
    expect(response.headers.get('cache-control')).toBe('public, max-age=60')
  })

  test.each([
    'max-age=0, must-revalidate',
    'max-age=0, proxy-revalidate',
    's-maxage=0',
    'no-cache',
    'max-age=0, stale-if-error=0',
  ])('its error is passed on where it said %s', async (cacheControl) => {
    const name = `strict-${made}`
    const { response } = await failing(name, cacheControl, status(name, 503))
    expect(response.status).toBe(503)
    expect(response.headers.get('x-sr')).toBe('skipped; reason=ORIGIN_STATUS')
  })

  test('a picture that is gone is gone', async () => {
    const { response } = await failing('gone', 'max-age=0', status('gone', 404))
    expect(response.status).toBe(404)
  })
})

describe('a picture that needs a cookie', () => {
  test.each([
    ['where strangers get 401', 401, 'CREDENTIALS'],
    ['where strangers are led to a page', 302, 'CREDENTIALS'],
    ['where strangers get a page with 200', 200, 'NOT_AN_IMAGE'],
  ])('%s is seen by its owner and by nobody else, cold or warm', async (_, status, reason) => {
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
    const ask = async (headers: Record<string, string>) => {
      const response = await get(`${path}?sr=2`, headers)
      const body = Buffer.from(await response.arrayBuffer())
      return { status: response.status, isOwn: body.equals(own), sr: response.headers.get('x-sr') }
    }
    for (let i = 0; i < 3; i++) {
      expect(await ask({ cookie: 'session=owner' })).toEqual({
        status: 200,
        isOwn: true,
        sr: `skipped; reason=${reason}`,
      })
      for (const cookie of ['', 'session=thief']) {
        expect(await ask({ cookie })).toMatchObject({ status, isOwn: false })
      }
    }
  })
})

test('what has been through super resolution is not sent through it again', async () => {
  origin.serve('/done.jpg', picture, { 'x-sr': 'done; scale=2' })
  const response = await get('/done.jpg?sr=2')
  expect(response.headers.get('x-sr')).toBe('skipped; reason=PROCESSED')
  expect(Buffer.from(await response.arrayBuffer()).equals(picture)).toBe(true)
})

test('switched off, everything is as without us, whatever the URL asks for', async () => {
  const off = await startWorker({ vars: { ORIGIN_URL: origin.url, SR_ENABLED: 'false' } })
  origin.handle(
    '/off.jpg',
    ({ headers, url }, response) => void response.writeHead(200, { 'x-own': `${headers.cookie} ${url}` }).end(picture),
  )
  for (const query of ['sr=3&w=1', 'w=1&sr=99&sr-nonsense']) {
    const response = await off.dispatchFetch(`http://site.test/off.jpg?${query}`, { headers: { cookie: 'a=b' } })
    expect(response.headers.get('x-own')).toBe('a=b /off.jpg?w=1')
    expect(response.headers.get('x-sr')).toBe('skipped; reason=DISABLED')
    expect(Buffer.from(await response.arrayBuffer()).equals(picture)).toBe(true)
  }
  await off.dispose()
})
