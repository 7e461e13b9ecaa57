// Purging through the deployed bundle: what is kept of a picture, or of a model, is gone from R2 and from this edge
// cache. The zone's purge API is a fake: there is no zone here.
import type { Miniflare } from 'miniflare'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorker } from '../support/worker/worker.ts'

const SECRET = '00112233445566778899aabbccddeeff'
const BINDINGS = { ORIGIN_URL: 'http://origin.test', SR_PURGE_SECRET: SECRET }
const ZONE = { SR_PURGE_ZONE: 'zone-1', SR_PURGE_TOKEN: 'token-1' }

let picture: Buffer
let asked: string[] = []
let purged: { url: string; token: string | null; tags: string[] }[] = []
let apiStatus = 200

async function outbound(request: Request): Promise<Response> {
  const url = new URL(request.url)
  if (url.hostname === 'api.cloudflare.com') {
    const { tags } = (await request.json()) as { tags: string[] }
    purged.push({ url: request.url, token: request.headers.get('authorization'), tags })
    return Response.json({ success: apiStatus === 200 }, { status: apiStatus })
  }
  asked.push(url.pathname)
  return new Response(new Uint8Array(picture), { headers: { 'cache-control': 'max-age=3600' } })
}

const start = (vars: Record<string, string>, buckets: string[] = []) =>
  startWorker({ vars: { ...BINDINGS, ...vars }, buckets, outbound })

async function ask(worker: Miniflare, path: string) {
  const response = await worker.dispatchFetch(`http://site.test${path}`)
  await response.arrayBuffer()
  return response.headers.get('cache-status') ?? ''
}

async function askUntilHit(worker: Miniflare, path: string) {
  for (let i = 0; i < 100; i++) if ((await ask(worker, path)).includes('hit')) return
  throw new Error(`${path} is not kept`)
}

async function purge(worker: Miniflare, body: unknown, token = SECRET) {
  const init = { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: JSON.stringify(body) }
  const response = await worker.dispatchFetch('http://site.test/_sr/purge', init)
  const answer = (await response.json()) as { deleted: number; elsewhere: string; cursor?: string }
  return { status: response.status, kept: response.headers.get('cache-control'), ...answer }
}

async function namesIn(worker: Miniflare) {
  const bucket = await worker.getR2Bucket('RESULTS_BUCKET')
  return (await bucket.list()).objects.map(({ key }) => key)
}

beforeAll(async () => {
  picture = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#456' } })
    .png()
    .toBuffer()
})

describe('with results in R2', () => {
  let worker: Miniflare
  beforeAll(async () => void (worker = await start({}, ['RESULTS_BUCKET'])))
  afterAll(() => worker.dispose())

  test('all variants of a picture are gone, here and there, and nothing else', async () => {
    const paths = [
      '/cat.png?sr=2',
      '/cat.png?sr=3&sr-format=jpeg&sr-quality=60',
      '/cat.png?a=1&sr=2',
      '/dog.png?sr=3&sr-model=bicubic',
    ]
    for (const path of paths) await askUntilHit(worker, path)
    const before = (await namesIn(worker)).length
    const { status, kept, deleted, elsewhere } = await purge(worker, { url: 'http://SITE.test/cat.png?sr=4' })
    expect([status, kept, deleted]).toEqual([200, 'no-store', 6])
    expect(elsewhere).toBe('gone within 300 s')
    expect((await namesIn(worker)).length).toBe(before - 4)
    asked = []
    for (const path of paths.slice(0, 2)) expect(await ask(worker, path)).toMatch(/fwd=miss; stored$/)
    for (const path of paths.slice(2)) await askUntilHit(worker, path)
    expect(asked).toEqual(['/cat.png', '/cat.png'])
  })

  test('so are they where they were fetched by https', async () => {
    const seen = async () => {
      const response = await worker.dispatchFetch('https://site.test/fox.png?sr=2')
      await response.arrayBuffer()
      return response.headers.get('cache-status')
    }
    for (let i = 0; i < 100 && !(await seen())?.includes('hit'); i++);
    expect(await seen()).toContain('hit')
    expect((await purge(worker, { url: 'http://site.test/fox.png' })).deleted).toBe(3)
    expect(await seen()).toMatch(/fwd=miss; stored$/)
  })

  test('what a model made is gone, a page at a time', async () => {
    const bucket = await worker.getR2Bucket('RESULTS_BUCKET')
    await askUntilHit(worker, '/bird.png?sr=2&sr-model=srcnn')
    await askUntilHit(worker, '/bird.png?sr-width=320&sr-model=srcnn')
    await askUntilHit(worker, '/bird.png?sr=2&sr-model=bicubic')
    const variant = (await namesIn(worker)).find((name) => name.includes('-srcnn@'))!.split('/')[2]
    const left = (await namesIn(worker)).filter((name) => !name.includes('srcnn@'))
    for (let i = 0; i < 500; i++) await bucket.put(`results/${i}/${variant}`, 'x')
    let [page, deleted, pages] = [await purge(worker, { model: 'srcnn' }), 0, 1]
    for (; page.cursor !== undefined; pages++) {
      deleted += page.deleted
      page = await purge(worker, { model: 'srcnn', cursor: page.cursor })
    }
    expect(pages).toBeGreaterThan(1)
    expect(deleted + page.deleted).toBe(504)
    expect(await namesIn(worker)).toEqual(left)
    expect(await ask(worker, '/bird.png?sr=2&sr-model=srcnn')).toMatch(/fwd=miss; stored$/)
    await askUntilHit(worker, '/bird.png?sr=2&sr-model=bicubic')
  })

  test.each([
    ['a wrong token', { url: 'http://site.test/cat.png' }, 'x'.repeat(32), 401],
    ['no token', { url: 'http://site.test/cat.png' }, '', 401],
    ['no URL', {}, SECRET, 400],
    ['no absolute URL', { url: 'cat.png' }, SECRET, 400],
    ['two things at once', { url: 'http://site.test/cat.png', model: 'fast' }, SECRET, 400],
    ['no text', { model: 3 }, SECRET, 400],
    ['no JSON object', null, SECRET, 400],
  ])('%s is refused, and nothing is deleted', async (_, body, token, status) => {
    const before = await namesIn(worker)
    expect(await purge(worker, body, token)).toMatchObject({ status, kept: 'no-store' })
    expect(await namesIn(worker)).toEqual(before)
  })
})

test('without R2 the edge cache alone is asked', async () => {
  const worker = await start({})
  const paths = ['/cat.png?sr=2', '/cat.png?sr=3&sr-quality=60']
  for (const path of paths) await askUntilHit(worker, path)
  // A variant is noted behind its entry.
  let deleted = 0
  for (let i = 0; i < 100 && deleted < 6; i++) ({ deleted } = await purge(worker, { url: 'http://site.test/cat.png' }))
  expect(deleted).toBe(6)
  for (const path of paths) expect(await ask(worker, path)).toMatch(/fwd=miss; stored$/)
  await worker.dispose()
})

test('with a zone and a token, edge caches elsewhere are asked by tag', async () => {
  const worker = await start(ZONE)
  purged = []
  const { status, elsewhere } = await purge(worker, { url: 'http://site.test/cat.png?sr=2' })
  expect(status).toBe(200)
  expect(purged).toEqual([
    {
      url: 'https://api.cloudflare.com/client/v4/zones/zone-1/purge_cache',
      token: 'Bearer token-1',
      tags: Array(2).fill(expect.stringMatching(/^edge-srcnn-source-[0-9a-f]{32}$/)),
    },
  ])
  expect(elsewhere).toBe(`purged by tag: ${purged[0].tags.join(', ')}`)
  await purge(worker, { model: 'fast' })
  expect(purged[1].tags).toEqual(['edge-srcnn-model-fast'])

  apiStatus = 403
  const refused = await purge(worker, { model: 'fast' })
  expect(refused).toMatchObject({
    status: 502,
    error: { code: 'PURGE_FAILED', message: expect.stringContaining('403') },
  })
  await worker.dispose()
})

test('without a secret there is no such page', async () => {
  const worker = await start({ SR_PURGE_SECRET: '' })
  const response = await worker.dispatchFetch('http://site.test/_sr/purge', { method: 'POST' })
  expect(response.status).toBe(404)
  await response.text()
  await worker.dispose()
})
