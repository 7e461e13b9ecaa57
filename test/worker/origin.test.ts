// Where pictures come from: another host, a bucket, the zone itself; and our own pages beside them.
import type { Miniflare } from 'miniflare'
import sharp from 'sharp'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { type FakeOrigin, startOrigin } from '../support/origin/origin.ts'
import { startWorker, type WorkerOptions } from '../support/worker/worker.ts'

let picture: Buffer
const open: { dispose(): Promise<void> }[] = []

beforeAll(async () => {
  picture = await sharp({ create: { width: 30, height: 20, channels: 3, background: '#4a7' } })
    .png()
    .toBuffer()
})
afterEach(async () => {
  for (const item of open.splice(0)) await item.dispose()
})

async function start(options: WorkerOptions): Promise<Miniflare> {
  const worker = await startWorker(options)
  open.push(worker)
  return worker
}

async function originWithPicture(): Promise<FakeOrigin> {
  const origin = await startOrigin()
  open.push({ dispose: () => origin.close() })
  origin.serve('/cat.png', picture, { 'content-type': 'image/png' })
  return origin
}

/** Sizes of a picture answer, or the status of another. */
async function seen(worker: Miniflare, url: string): Promise<string> {
  const response = await worker.dispatchFetch(url, { redirect: 'manual' })
  const body = await response.arrayBuffer()
  if (!response.headers.get('x-sr')?.startsWith('done')) {
    return `${response.status} ${response.headers.get('x-sr') ?? 'no X-SR'}`
  }
  const { width, height } = await sharp(body).metadata()
  return `${width}x${height}`
}

test('a path of ORIGIN_URL is put before the visitor’s', async () => {
  const origin = await originWithPicture()
  origin.serve('/base/dir/cat.png', picture)
  const worker = await start({ vars: { ORIGIN_URL: `${origin.url}/base/` } })
  expect(await seen(worker, 'http://site.test/dir/cat.png?sr=2')).toBe('60x40')
})

test('no path of a visitor leads to another host', async () => {
  const origin = await originWithPicture()
  const other = await originWithPicture()
  const host = new URL(other.url).host
  const worker = await start({ vars: { ORIGIN_URL: origin.url } })
  for (const path of [
    `//${host}/cat.png`,
    `/\\${host}/cat.png`,
    `/${other.url}/cat.png`,
    `/@${host}/cat.png`,
    `/%2f%2f${host}/cat.png`,
    `/../..//${host}/cat.png`,
    `/.${host}/cat.png`,
  ]) {
    expect(await seen(worker, `http://site.test${path}?sr=2`), path).toBe('404 skipped; reason=ORIGIN_STATUS')
  }
  expect(other.asked).toEqual([])
  expect(origin.asked[0].url).toBe(`//${host}/cat.png`)
})

test('redirects are followed within the origin, three at most, and left to the visitor elsewhere', async () => {
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
  const worker = await start({ vars: { ORIGIN_URL: origin.url } })
  for (const path of ['/1', '/2', '/3']) {
    expect(await seen(worker, `http://site.test${path}?sr=2`)).toBe('60x40')
  }
  for (const path of ['/4', '/loop', '/away', '/user']) {
    expect(await seen(worker, `http://site.test${path}?sr=2`), path).toBe('302 skipped; reason=ORIGIN_STATUS')
  }
  expect(other.asked).toEqual([])
  // Without sr the first redirect is the visitor's to follow.
  expect(await seen(worker, 'http://site.test/1')).toBe('302 no X-SR')
})

test('without ORIGIN_URL the picture is fetched at the request’s own URL', async () => {
  const asked: string[] = []
  const worker = await start({
    outbound: (request) => {
      asked.push(request.url)
      return new Response(new Uint8Array(picture))
    },
  })
  expect(await seen(worker, 'https://shop.test/p/cat.png?w=9&sr=3')).toBe('90x60')
  expect(asked).toEqual(['https://shop.test/p/cat.png?w=9'])
})

test.each([undefined, 'domain', 'staging'])('the environment %s serves what its origin has', async (env) => {
  const worker = await start({
    env,
    vars: { ORIGIN_URL: 'https://shop.test' },
    outbound: () => new Response(new Uint8Array(picture)),
  })
  const response = await worker.dispatchFetch('http://site.test/cat.png?sr=2')
  expect(response.headers.get('x-sr')).toMatch(/^done/)
  await response.arrayBuffer()
})

test('a worker that is its own origin says: set ORIGIN_URL', async () => {
  const worker: Miniflare = await start({
    outbound: async (request) => {
      const again = await worker.dispatchFetch(request.url, { headers: Object.fromEntries(request.headers) })
      return new Response(await again.arrayBuffer(), { status: again.status })
    },
  })
  for (const query of ['?sr=2', '']) {
    const response = await worker.dispatchFetch(`http://site.test/cat.png${query}`)
    expect(response.status).toBe(508)
    expect(await response.text()).toContain('set ORIGIN_URL')
  }
})

test('on a custom domain, where no server answers, the error says: set ORIGIN_URL', async () => {
  const worker = await start({ outbound: () => new Response('error code: 522', { status: 522 }) })
  for (const query of ['?sr=2', '']) {
    const response = await worker.dispatchFetch(`http://site.test/cat.png${query}`)
    expect(response.status).toBe(502)
    expect(await response.text()).toContain('set ORIGIN_URL')
  }
})

test('a connection that breaks off before an answer is tried once more', async () => {
  const origin = await originWithPicture()
  let asked = 0
  origin.handle('/again.png', (_, response) => {
    if (++asked % 2 === 1) response.destroy()
    else response.writeHead(200).end(picture)
  })
  const worker = await start({ vars: { ORIGIN_URL: origin.url } })
  for (const query of ['?sr=2', '']) {
    const response = await worker.dispatchFetch(`http://site.test/again.png${query}`)
    expect(response.status).toBe(200)
    await response.arrayBuffer()
  }
  expect(asked).toBe(4)
})

test('an origin that does not answer is a 502 that is kept by nobody', async () => {
  const origin = await originWithPicture()
  const worker = await start({ vars: { ORIGIN_URL: origin.url } })
  await origin.close()
  const response = await worker.dispatchFetch('http://site.test/cat.png?sr=2')
  expect(response.status).toBe(502)
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await response.text()).toContain('ORIGIN_UNREACHABLE')
})

test('an origin that breaks off in the middle gives no broken picture', async () => {
  const origin = await originWithPicture()
  origin.handle('/cut.png', (_, response) => {
    response.writeHead(200, { 'content-length': `${picture.length}` })
    response.write(picture.subarray(0, picture.length / 2), () => response.destroy())
  })
  const worker = await start({ vars: { ORIGIN_URL: origin.url } })
  const response = await worker.dispatchFetch('http://site.test/cut.png?sr=2')
  expect(response.status).toBe(502)
  await response.text()
})

test('a bucket is an origin: pictures, 404, validators', async () => {
  const worker = await start({ buckets: ['ORIGIN_BUCKET'] })
  const bucket = await worker.getR2Bucket('ORIGIN_BUCKET')
  await bucket.put('dir/my cat.png', new Uint8Array(picture), {
    httpMetadata: { contentType: 'image/png' },
  })
  expect(await seen(worker, 'http://site.test/dir/my%20cat.png?sr=2')).toBe('60x40')
  expect(await seen(worker, 'http://site.test/dog.png?sr=2')).toBe('404 skipped; reason=ORIGIN_STATUS')
  const plain = await worker.dispatchFetch('http://site.test/dir/my%20cat.png')
  expect(plain.headers.get('content-type')).toBe('image/png')
  expect(Buffer.from(await plain.arrayBuffer()).equals(picture)).toBe(true)
  const etag = plain.headers.get('etag')!
  const known = await worker.dispatchFetch('http://site.test/dir/my%20cat.png', { headers: { 'if-none-match': etag } })
  expect(known.status).toBe(304)
})

test('an origin’s own /, /health and /samples are its own; ours lie under the prefix', async () => {
  const origin = await originWithPicture()
  for (const path of ['/', '/health', '/samples/harbour.jpg']) origin.serve(path, `own ${path}`)
  const worker = await start({ vars: { ORIGIN_URL: origin.url, SR_PLAYGROUND: 'true' } })
  const text = async (path: string) => (await worker.dispatchFetch(`http://site.test${path}`)).text()
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

test('the prefix can be moved', async () => {
  const worker = await start({ vars: { ORIGIN: 'none', SR_PREFIX: '/images/sr/' } })
  const response = await worker.dispatchFetch('http://site.test/images/sr/health')
  expect(await response.json()).toMatchObject({ status: 'ok' })
})

test('the demo leads from / to its samples, and makes them sharper without any origin', async () => {
  const worker = await start({
    vars: { ORIGIN: 'none', SR_PLAYGROUND: 'true' },
    outbound: () => new Response('no network', { status: 599 }),
  })
  const home = await worker.dispatchFetch('http://site.test/', { redirect: 'manual' })
  expect([home.status, home.headers.get('location')]).toEqual([302, '/_sr/'])
  const page = await (await worker.dispatchFetch('http://site.test/_sr/')).text()
  const samples = new Set(page.match(/samples\/[\w.-]+/g))
  expect(samples.size).toBeGreaterThan(3)
  for (const sample of samples) {
    const small = await worker.dispatchFetch(`http://site.test/_sr/${sample}`)
    const { width, height } = await sharp(await small.arrayBuffer()).metadata()
    expect(await seen(worker, `http://site.test/_sr/${sample}?sr=2`)).toBe(`${2 * width}x${2 * height}`)
  }
  expect(await seen(worker, 'http://site.test/elsewhere.png?sr=2')).toBe('404 skipped; reason=ORIGIN_STATUS')
})
