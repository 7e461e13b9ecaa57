// Purging through the deployed worker, with the limits of Workers and R2 where there is a bucket: the results of a
// picture or of a model are deleted from R2 and from the edge cache of this data centre. The purge API of the Cloudflare
// zone is a fake, because the tests have no zone.
import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { PIPELINE_VERSION } from '../../worker/picture/makeFile.ts'
import { limitedWorker } from '../support/worker/limited.ts'
import { namesInBucket } from '../support/worker/namesInBucket.ts'
import { askUntil, type RunningWorker, startForThisTest, startSite } from '../support/worker/site.ts'

const SECRET = '00112233445566778899aabbccddeeff'
const BINDINGS = { ORIGIN_URL: 'http://origin.test', SR_PURGE_SECRET: SECRET }
const ZONE = { SR_PURGE_ZONE: 'zone-1', SR_PURGE_TOKEN: 'token-1' }

const limited = await limitedWorker()

/** Pictures of the origin: all paths that begin with `/dog` have one, and all others have another one. */
let [picture, dog]: Buffer[] = []
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
  return new Response(new Uint8Array(url.pathname.startsWith('/dog') ? dog : picture), {
    headers: { 'cache-control': 'max-age=3600' },
  })
}

const start = (vars: Record<string, string>) => startForThisTest({ vars: { ...BINDINGS, ...vars }, outbound })

async function purge({ get }: RunningWorker, body: unknown, token = SECRET) {
  const init = { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: JSON.stringify(body) }
  const response = await get('/_sr/purge', init)
  const answer = (await response.json()) as { deleted: number; elsewhere: string; cursor?: string }
  return { status: response.status, kept: response.headers.get('cache-control'), ...answer }
}

beforeAll(async () => {
  const draw = (background: string) =>
    sharp({ create: { width: 8, height: 8, channels: 3, background } })
      .png()
      .toBuffer()
  picture = await draw('#456')
  dog = await draw('#654')
})

describe('with results in R2', () => {
  const site = startSite({ ...limited, vars: BINDINGS, buckets: ['RESULTS_BUCKET'], outbound })
  const { ask, untilHit } = site

  test('all variants of a picture are deleted from R2 and the edge cache, and no other picture', async () => {
    const cats = ['/cat.png?sr=2', '/cat.png?sr=3&sr-format=jpeg&sr-quality=60', '/cat.png?a=1&sr=2']
    const dogs = ['/dog.png?sr=2', '/dog.png?sr=3&sr-model=bicubic']
    for (const path of [...cats, ...dogs]) await untilHit(path)
    const before = (await namesInBucket(site.worker)).length
    const { status, kept, deleted, elsewhere, cursor } = await purge(site, { url: 'http://SITE.test/cat.png?sr=4' })
    expect([status, kept, cursor]).toEqual([200, 'no-store', undefined])
    expect(deleted).toBe(8) // three entries, three answers and two results
    expect(elsewhere).toBe('gone within 300 s')
    expect((await namesInBucket(site.worker)).length).toBe(before - 5)
    asked = []
    for (const path of cats.slice(0, 2)) expect((await ask(path)).cacheStatus).toMatch(/fwd=miss; stored$/)
    for (const path of dogs) await untilHit(path)
    expect(asked).toEqual(['/cat.png', '/cat.png'])
  })

  test('results of an earlier pipeline version are not served, and are purged like all others', async () => {
    const path = '/elk.png?sr=2'
    const others = await namesInBucket(site.worker)
    await untilHit(path)
    const bucket = await site.worker.getR2Bucket('RESULTS_BUCKET')
    const isOfVersion = (version: number) => (key: string) => key.includes(`-v${version}`)
    const added = (await namesInBucket(site.worker)).filter((key) => !others.includes(key))
    const own = added.filter(isOfVersion(PIPELINE_VERSION))
    expect(own.length).toBeGreaterThan(0)
    const storeEarlier = async () => {
      for (const key of own) {
        const earlier = key.replace(`-v${PIPELINE_VERSION}`, `-v${PIPELINE_VERSION - 1}`)
        await bucket.put(earlier, new Uint8Array([1, 2, 3]))
      }
    }
    await storeEarlier()
    expect((await purge(site, { url: 'http://site.test/elk.png' })).status).toBe(200)
    expect((await namesInBucket(site.worker)).filter(isOfVersion(PIPELINE_VERSION - 1))).toEqual([])
    await storeEarlier()
    expect((await ask(path)).cacheStatus).toMatch(/fwd=miss; stored$/)
  })

  test('the purge of an http URL also deletes variants that were requested by https', async () => {
    const url = 'https://site.test/fox.png?sr=2'
    await untilHit(url)
    expect((await purge(site, { url: 'http://site.test/fox.png' })).deleted).toBe(3)
    expect((await ask(url)).cacheStatus).toMatch(/fwd=miss; stored$/)
  })

  test('the results of a model are deleted, one page of an R2 list per request', async () => {
    const bucket = await site.worker.getR2Bucket('RESULTS_BUCKET')
    await untilHit('/bird.png?sr=2&sr-model=srcnn')
    await untilHit('/bird.png?sr-width=320&sr-model=srcnn')
    await untilHit('/bird.png?sr=2&sr-model=bicubic')
    const variant = (await namesInBucket(site.worker)).find((name) => name.includes('-srcnn@'))!.split('/')[2]
    const left = (await namesInBucket(site.worker)).filter((name) => !name.includes('srcnn@'))
    for (let i = 0; i < 500; i++) await bucket.put(`results/${i}/${variant}`, 'x')
    let [page, deleted, pages] = [await purge(site, { model: 'srcnn' }), 0, 1]
    for (; page.cursor !== undefined; pages++) {
      deleted += page.deleted
      page = await purge(site, { model: 'srcnn', cursor: page.cursor })
    }
    expect(pages).toBeGreaterThan(1)
    expect(deleted + page.deleted).toBe(504)
    expect(await namesInBucket(site.worker)).toEqual(left)
    expect((await ask('/bird.png?sr=2&sr-model=srcnn')).cacheStatus).toMatch(/fwd=miss; stored$/)
    await untilHit('/bird.png?sr=2&sr-model=bicubic')
  })

  test.each([
    ['a wrong token', { url: 'http://site.test/cat.png' }, 'x'.repeat(32), 401],
    ['no token', { url: 'http://site.test/cat.png' }, '', 401],
    ['no URL', {}, SECRET, 400],
    ['no absolute URL', { url: 'cat.png' }, SECRET, 400],
    ['a URL and a model at once', { url: 'http://site.test/cat.png', model: 'fast' }, SECRET, 400],
    ['a model that is not a text', { model: 3 }, SECRET, 400],
    ['no JSON object', null, SECRET, 400],
  ])('a purge with %s is refused, and nothing is deleted', async (_, body, token, status) => {
    const before = await namesInBucket(site.worker)
    expect(await purge(site, body, token)).toMatchObject({ status, kept: 'no-store' })
    expect(await namesInBucket(site.worker)).toEqual(before)
  })
})

test('if there is no R2 bucket, results are deleted from the edge cache', async () => {
  const site = await start({})
  const paths = ['/cat.png?sr=2', '/cat.png?sr=3&sr-quality=60']
  for (const path of paths) await site.untilHit(path)
  // The purge is repeated until it deletes everything, because the worker writes the list of a picture's variants after
  // the variant itself.
  const purgeCat = () => purge(site, { url: 'http://site.test/cat.png' })
  const { deleted } = await askUntil(purgeCat, (answer) => answer.deleted >= 6, 'that at least six objects are deleted')
  expect(deleted).toBe(6)
  for (const path of paths) expect((await site.ask(path)).cacheStatus).toMatch(/fwd=miss; stored$/)
})

test('with a zone and a token, the edge caches of other data centres are purged by tag', async () => {
  const site = await start(ZONE)
  purged = []
  const { status, elsewhere } = await purge(site, { url: 'http://site.test/cat.png?sr=2' })
  expect(status).toBe(200)
  expect(purged).toEqual([
    {
      url: 'https://api.cloudflare.com/client/v4/zones/zone-1/purge_cache',
      token: 'Bearer token-1',
      tags: Array(2).fill(expect.stringMatching(/^edge-srcnn-source-[0-9a-f]{32}$/)),
    },
  ])
  expect(elsewhere).toBe(`purged by tag: ${purged[0].tags.join(', ')}`)
  await purge(site, { model: 'fast' })
  expect(purged[1].tags).toEqual(['edge-srcnn-model-fast'])

  apiStatus = 403
  const refused = await purge(site, { model: 'fast' })
  expect(refused).toMatchObject({
    status: 502,
    error: { code: 'PURGE_FAILED', message: expect.stringContaining('403') },
  })
})

test('with a zone, a picture is purged by its tag before its entries are deleted, so that a purge can be repeated', async () => {
  const site = await startForThisTest({ vars: { ...BINDINGS, ...ZONE }, buckets: ['RESULTS_BUCKET'], outbound })
  for (const path of ['/cat.png?sr=2', '/cat.png?a=1&sr=2', '/dog.png?sr=2']) await site.untilHit(path)
  const entries = async () => (await namesInBucket(site.worker)).filter((name) => name.startsWith('entries/'))
  await askUntil(entries, ({ length }) => length === 3, 'that R2 has all entries')
  const tagOf = (text: string) => expect.stringMatching(new RegExp(`^edge-srcnn-${text}-[0-9a-f]{32}$`)) as unknown
  const url = 'http://site.test/cat.png'

  apiStatus = 429
  expect(await purge(site, { url })).toMatchObject({ status: 502 })
  expect((await entries()).length).toBe(3)
  expect((await namesInBucket(site.worker)).length).toBe(4) // one result: that of the dog

  apiStatus = 200
  purged = []
  const { elsewhere } = await purge(site, { url })
  expect(purged.map(({ tags }) => tags)).toEqual([[tagOf('picture')], [tagOf('source'), tagOf('source')]])
  const digest = createHash('sha256').update(picture).digest('hex')
  expect(purged[0].tags).toEqual([`edge-srcnn-picture-${digest.slice(0, 32)}`])
  expect(elsewhere).toBe(`purged by tag: ${purged.flatMap(({ tags }) => tags).join(', ')}`)
  expect((await entries()).length).toBe(1)
})

test('without a secret the purge page does not exist', async () => {
  const { ask } = await start({ SR_PURGE_SECRET: '' })
  expect((await ask('/_sr/purge', { method: 'POST' })).status).toBe(404)
})
