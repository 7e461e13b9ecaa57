// The middleware in somebody else's Hono app (test/support/app), in workerd.
import type { Miniflare } from 'miniflare'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OTHER_BUNDLE, startWorker } from '../support/worker/worker.ts'

let worker: Miniflare
let picture: Buffer

beforeAll(async () => {
  worker = await startWorker({ bundle: OTHER_BUNDLE, buckets: ['PICTURES', 'RESULTS'] })
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  picture = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#000', noise } })
    .jpeg()
    .toBuffer()
  const bucket = await worker.getR2Bucket('PICTURES')
  await bucket.put('a.jpg', new Uint8Array(picture))
})
afterAll(() => worker.dispose())

const get = (path: string, init?: { method?: string; headers?: Record<string, string>; redirect?: 'manual' }) =>
  worker.dispatchFetch(`http://app.test${path}`, init)

async function sizeOf(response: { arrayBuffer(): Promise<ArrayBuffer> }): Promise<string> {
  const { width, height } = await sharp(await response.arrayBuffer()).metadata()
  return `${width}x${height}`
}

test('a route’s picture comes back larger, and the route’s headers do not mix with ours', async () => {
  const response = await get('/uploads/a.jpg?sr=3', { headers: { cookie: 'a=b' } })
  expect(response.status).toBe(200)
  expect(response.headers.get('x-route')).toBeNull()
  expect(response.headers.get('x-sr')).toMatch(/^done; scale=3; /)
  expect(await sizeOf(response)).toBe('120x90')
})

test('the script has the weights that most want, and says which', async () => {
  const serve = async (model: string) => get(`/uploads/a.jpg?sr=2&sr-model=${model}`)
  for (const model of ['fast', 'fast-jpeg', 'srcnn', 'srcnn-jpeg']) {
    const response = await serve(model)
    expect(response.headers.get('x-sr')).toContain(`model="${model}@`)
    await response.arrayBuffer()
  }
  const other = await serve('quality')
  expect(other.status).toBe(400)
  expect(await other.text()).toContain(
    'sr-model must be one of auto, bicubic, fast, fast-jpeg, srcnn, srcnn-jpeg at x2',
  )
})

test('a picture that its route gives its owner alone is asked for by the owner', async () => {
  const ask = (cookie: string) => get('/owned/a.jpg?sr=2&w=1', { headers: { cookie }, redirect: 'manual' })
  const stranger = await ask('')
  expect([stranger.status, await stranger.text()]).toEqual([401, 'log in'])
  const owner = await ask('session=owner')
  expect(owner.status).toBe(307)
  expect(owner.headers.get('location')).toBe('http://app.test/owned/a.jpg?w=1')
  expect(owner.headers.get('cache-control')).toBe('private, no-store')
  expect(owner.headers.get('x-sr')).toBe('skipped; reason=ORIGIN_STATUS')
})

test('of a route that forbids changes only when asked whether there is news, the browser fetches it itself', async () => {
  for (let i = 0; ; i++) {
    const response = await get('/fixed/a.jpg?sr=2', { redirect: 'manual' })
    await response.arrayBuffer()
    expect(response.status).not.toBe(304)
    if (response.status === 307) {
      expect(response.headers.get('x-sr')).toBe('skipped; reason=NO_TRANSFORM')
      expect(response.headers.get('location')).toBe('http://app.test/fixed/a.jpg')
      break
    }
    expect(i).toBeLessThan(100)
  }
})

test('without sr the route answers by itself', async () => {
  const response = await get('/uploads/a.jpg?w=1', { headers: { range: 'bytes=0-9' } })
  expect(response.headers.get('x-route')).toBe('GET /uploads/a.jpg?w=1 range=bytes=0-9')
  expect(Buffer.from(await response.arrayBuffer()).equals(picture)).toBe(true)
})

test('a route’s own error is passed on', async () => {
  const response = await get('/uploads/none.jpg?sr=3&w=1', { headers: { range: 'bytes=0-9' } })
  expect(response.status).toBe(404)
  expect(response.headers.get('x-sr')).toBe('skipped; reason=ORIGIN_STATUS')
  await response.text()
})

test('options of a mount hold for it alone', async () => {
  const small = await get('/uploads/a.jpg?sr=2')
  const large = await get('/renamed/a.jpg?upscale=2')
  const sizes = await Promise.all([small, large].map(async (r) => (await r.arrayBuffer()).byteLength))
  expect(sizes[0]).toBeLessThan(sizes[1])
  const untouched = await get('/renamed/a.jpg?sr=2')
  expect(untouched.headers.get('x-sr')).toBeNull()
  await untouched.arrayBuffer()
})

test('a function of options runs once for an environment, and its bucket keeps the results', async () => {
  for (let i = 0; ; i++) {
    const response = await get('/kept/a.jpg?sr=2')
    expect(await sizeOf(response)).toBe('80x60')
    if (response.headers.get('cache-status') === 'edge-srcnn; hit; detail=r2') break
    expect(i).toBeLessThan(100)
  }
  expect(await (await get('/resolutions')).text()).toBe('1')
  const { objects } = await (await worker.getR2Bucket('RESULTS')).list()
  expect(objects.map(({ key }) => key.split('/')[0])).toEqual(['entries', 'results'])
})

test('a cache that fails never fails the request', async () => {
  for (let i = 0; i < 2; i++) {
    const response = await get('/broken-cache/a.jpg?sr=2')
    expect(response.status).toBe(200)
    expect(response.headers.get('x-sr')).toMatch(/^done/)
    expect(await sizeOf(response)).toBe('80x60')
  }
})

test('HEAD has the headers of GET and no body', async () => {
  const whole = await get('/uploads/a.jpg?sr=2')
  await whole.arrayBuffer()
  const head = await get('/uploads/a.jpg?sr=2', { method: 'HEAD' })
  expect(head.status).toBe(200)
  for (const name of ['content-type', 'content-length', 'etag', 'x-sr']) {
    expect(head.headers.get(name), name).toBe(whole.headers.get(name))
  }
  expect(await head.text()).toBe('')
})

test('a route that throws is the app’s own error, with the reason beside it', async () => {
  const response = await get('/throws/a.jpg?sr=2')
  expect(response.status).toBe(500)
  expect(response.headers.get('x-sr')).toBe('skipped; reason=ORIGIN_STATUS')
  await response.text()
})

test('options that cannot work are an error of the app, not a broken picture', async () => {
  const response = await get('/wrong/a.jpg?sr=2')
  expect(response.status).toBe(500)
  await response.text()
})
