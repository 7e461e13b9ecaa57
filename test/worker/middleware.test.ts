// The middleware in a Hono app (test/support/mountedApp), in workerd.
import sharp from 'sharp'
import { beforeAll, expect, test } from 'vitest'
import { askUntil, startSite } from '../support/worker/site.ts'
import { OTHER_BUNDLE } from '../support/worker/worker.ts'

const site = startSite({ bundle: OTHER_BUNDLE, buckets: ['PICTURES', 'RESULTS'] })
const { get, ask } = site
let picture: Buffer

beforeAll(async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  picture = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#000', noise } })
    .jpeg()
    .toBuffer()
  const bucket = await site.worker.getR2Bucket('PICTURES')
  await bucket.put('a.jpg', new Uint8Array(picture))
})

async function sizeOf(bytes: Buffer): Promise<string> {
  const { width, height } = await sharp(bytes).metadata()
  return `${width}x${height}`
}

test('the picture of a route comes back larger, without the headers of the route', async () => {
  const { status, headers, sr, bytes } = await ask('/uploads/a.jpg?sr=3', { headers: { cookie: 'a=b' } })
  expect(status).toBe(200)
  expect(headers.get('x-route')).toBeNull()
  expect(sr).toMatch(/^done; scale=3; /)
  expect(await sizeOf(bytes)).toBe('120x90')
})

test('the script holds the most common weights, and a request for other weights gets an error that lists the available ones', async () => {
  const serve = (folder: string, model: string) => ask(`/${folder}/a.jpg?sr=2&sr-model=${model}`)
  for (const model of ['fast', 'srcnn', 'fast-jpeg', 'srcnn-jpeg']) {
    expect((await serve('uploads', model)).sr).toContain(`model="${model}@`)
  }
  expect((await serve('listed', 'fast')).status).toBe(400)
  const other = await serve('uploads', 'quality')
  expect(other.status).toBe(400)
  expect(other.bytes.toString()).toContain(
    'sr-model must be one of auto, bicubic, fast, fast-jpeg, srcnn, srcnn-jpeg at x2',
  )
})

test('if a route serves a picture only to its owner, the owner’s browser is redirected to the original', async () => {
  const askWith = (cookie: string) => get('/owned/a.jpg?sr=2&w=1', { headers: { cookie } })
  const stranger = await askWith('')
  expect([stranger.status, await stranger.text()]).toEqual([401, 'log in'])
  const owner = await askWith('session=owner')
  expect(owner.status).toBe(307)
  expect(owner.headers.get('location')).toBe('http://site.test/owned/a.jpg?w=1')
  expect(owner.headers.get('cache-control')).toBe('private, no-store')
  expect(owner.headers.get('x-sr')).toBe('skipped; reason=ORIGIN_STATUS')
})

test('if a route forbids changes only in a 304, the browser is redirected to the original', async () => {
  const askOnce = async () => {
    const answer = await ask('/fixed/a.jpg?sr=2')
    expect(answer.status).not.toBe(304)
    return answer
  }
  const { sr, headers } = await askUntil(askOnce, ({ status }) => status === 307, 'a redirect')
  expect(sr).toBe('skipped; reason=NO_TRANSFORM')
  expect(headers.get('location')).toBe('http://site.test/fixed/a.jpg')
})

test('a request without sr is answered by the route', async () => {
  const response = await get('/uploads/a.jpg?w=1', { headers: { range: 'bytes=0-9' } })
  expect(response.headers.get('x-route')).toBe('GET /uploads/a.jpg?w=1 range=bytes=0-9')
  expect(Buffer.from(await response.arrayBuffer()).equals(picture)).toBe(true)
})

test('the error of a route is passed on', async () => {
  const response = await get('/uploads/none.jpg?sr=3&w=1', { headers: { range: 'bytes=0-9' } })
  expect(response.status).toBe(404)
  expect(response.headers.get('x-sr')).toBe('skipped; reason=ORIGIN_STATUS')
  await response.text()
})

test('options of a mounted middleware hold for that mount only', async () => {
  const small = await get('/uploads/a.jpg?sr=2')
  const large = await get('/renamed/a.jpg?upscale=2')
  const sizes = await Promise.all([small, large].map(async (r) => (await r.arrayBuffer()).byteLength))
  expect(sizes[0]).toBeLessThan(sizes[1])
  const untouched = await get('/renamed/a.jpg?sr=2')
  expect(untouched.headers.get('x-sr')).toBeNull()
  await untouched.arrayBuffer()
})

test('a function that returns options runs once per environment, and the bucket that it returns keeps the results', async () => {
  const askOnce = async () => {
    const answer = await ask('/kept/a.jpg?sr=2')
    expect(await sizeOf(answer.bytes)).toBe('80x60')
    return answer
  }
  await askUntil(askOnce, ({ cacheStatus }) => cacheStatus === 'edge-srcnn; hit; detail=r2', 'a hit in R2')
  expect(await (await get('/resolutions')).text()).toBe('1')
  const { objects } = await (await site.worker.getR2Bucket('RESULTS')).list()
  expect(objects.map(({ key }) => key.split('/')[0])).toEqual(['entries', 'results'])
})

test('a failing cache never fails the request', async () => {
  for (let i = 0; i < 2; i++) {
    const { status, sr, bytes } = await ask('/broken-cache/a.jpg?sr=2')
    expect(status).toBe(200)
    expect(sr).toMatch(/^done/)
    expect(await sizeOf(bytes)).toBe('80x60')
  }
})

test('the answer to HEAD has the headers of GET and no body', async () => {
  const whole = await get('/uploads/a.jpg?sr=2')
  await whole.arrayBuffer()
  const head = await get('/uploads/a.jpg?sr=2', { method: 'HEAD' })
  expect(head.status).toBe(200)
  for (const name of ['content-type', 'content-length', 'etag', 'x-sr']) {
    expect(head.headers.get(name), name).toBe(whole.headers.get(name))
  }
  expect(await head.text()).toBe('')
})

test('if a route throws, the visitor gets the error of the app, with the reason in X-SR', async () => {
  const response = await get('/throws/a.jpg?sr=2')
  expect(response.status).toBe(500)
  expect(response.headers.get('x-sr')).toBe('skipped; reason=ORIGIN_STATUS')
  await response.text()
})

test('invalid options lead to an error of the app, not to a broken picture', async () => {
  const response = await get('/wrong/a.jpg?sr=2')
  expect(response.status).toBe(500)
  await response.text()
})
