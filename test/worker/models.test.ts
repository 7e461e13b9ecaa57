// Weights from a bucket replace the bundled ones, without a redeploy, and new weights change the key.
import type { Miniflare } from 'miniflare'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { DEFAULT_MODEL } from '../../worker/model/manifest.ts'
import { encodeNetwork } from '../../worker/model/networkFile.ts'
import { lifting, shipModels } from '../support/engine/models.ts'
import { type FakeOrigin, startOrigin } from '../support/origin/origin.ts'
import { startWorker } from '../support/worker/worker.ts'

let origin: FakeOrigin
let worker: Miniflare

beforeAll(async () => {
  origin = await startOrigin()
  const picture = await sharp({ create: { width: 16, height: 12, channels: 3, background: '#808080' } })
    .png()
    .toBuffer()
  origin.serve('/grey.png', picture, { 'cache-control': 'max-age=60' })
})
afterAll(() => origin.close())

beforeEach(async () => {
  worker = await startWorker({ vars: { ORIGIN_URL: origin.url }, buckets: ['MODELS_BUCKET'] })
  return () => worker.dispose()
})

const ship = (name: string, file: Uint8Array, sha256?: string) => shipModels(worker, [{ name, file, sha256 }])

async function serve(query = 'sr=2') {
  const response = await worker.dispatchFetch(`http://site.test/grey.png?${query}`)
  const body = await response.arrayBuffer()
  const sr = response.headers.get('x-sr') ?? ''
  const etag = response.headers.get('etag')
  return {
    sr,
    etag,
    level: sr.startsWith('done') ? (await sharp(body).raw().toBuffer())[0] : undefined,
  }
}

test('a bucket without a manifest leaves the bundled weights in place', async () => {
  expect((await serve()).sr).toContain(`model="${DEFAULT_MODEL}@`)
})

test('weights in the bucket are used, by default and by name, and bundled ones where it has none', async () => {
  await ship(DEFAULT_MODEL, encodeNetwork(lifting(0.1)))
  const { sr, level } = await serve()
  const lift = Math.round((0.1 * 255 * 255) / 219) // luma spans 219 levels
  expect(level).toBe(128 + lift)
  expect(sr).toContain(`${DEFAULT_MODEL}@`)
  expect((await serve('sr=3')).level).toBeCloseTo(128, -0.5)
})

test('new weights give a new ETag and new pixels within a minute', async () => {
  await ship(DEFAULT_MODEL, encodeNetwork(lifting(0.1)))
  const before = await serve()
  await ship(DEFAULT_MODEL, encodeNetwork(lifting(0.2)))
  let after = await serve()
  for (const deadline = Date.now() + 60_000; after.etag === before.etag && Date.now() < deadline;) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    after = await serve()
  }
  expect(after.etag).not.toBe(before.etag)
  expect(after.level).toBeGreaterThan(before.level! + 20)
}, 90_000)

test('a name that only the bucket has can be asked for', async () => {
  await ship('faces', encodeNetwork(lifting(0.1)))
  expect((await serve('sr=2&sr-model=faces')).sr).toContain('model="faces@')
  expect((await serve('sr=2')).sr).toContain(`model="${DEFAULT_MODEL}@`)
})

test.each<[string, () => Promise<void>]>([
  ['altered', () => ship(DEFAULT_MODEL, encodeNetwork(lifting(0.1)), '0'.repeat(64))],
  ['no network', () => ship(DEFAULT_MODEL, new Uint8Array(500))],
])('weights that are %s are not used: the visitor gets the original', async (_, prepare) => {
  await prepare()
  const response = await worker.dispatchFetch('http://site.test/grey.png?sr=2')
  expect(response.status).toBe(200)
  expect(response.headers.get('x-sr')).toBe('skipped; reason=MODEL')
  expect(response.headers.get('cache-control')).toBe('public, max-age=60')
  await response.arrayBuffer()
})

test('a broken manifest leaves the bundled weights in place', async () => {
  const bucket = await worker.getR2Bucket('MODELS_BUCKET')
  await bucket.put('manifest.json', '{ "version": 1, "models": [{ "name": "x"')
  expect((await serve()).sr).toContain(`model="${DEFAULT_MODEL}@`)
})

test('every bundled model can be served', async () => {
  const health = await worker.dispatchFetch('http://site.test/_sr/health')
  const { models } = (await health.json()) as { models: { name: string; scale: number }[] }
  expect(models.length).toBeGreaterThan(0)
  for (const { name, scale } of models) {
    const { sr } = await serve(`sr=${scale}&sr-model=${name}`)
    expect(sr, `${name} at x${scale}: is it in models/, and was that copied to the assets?`).toMatch(/^done/)
  }
})

test('health says ok, and 503 with the reason where the weights are not whole', async () => {
  const healthOf = async () => {
    const response = await worker.dispatchFetch('http://site.test/_sr/health')
    return {
      status: response.status,
      body: (await response.json()) as { status: string; checks: Record<string, string> },
    }
  }
  expect(await healthOf()).toMatchObject({
    status: 200,
    body: { status: 'ok', checks: { MODELS_BUCKET: 'ok', [`${DEFAULT_MODEL} x2`]: 'ok' } },
  })
  await worker.dispose()
  worker = await startWorker({ vars: { ORIGIN_URL: origin.url }, buckets: ['MODELS_BUCKET'] })
  await ship(DEFAULT_MODEL, encodeNetwork(lifting(0.1)), '0'.repeat(64))
  const failing = await healthOf()
  expect([failing.status, failing.body.status]).toEqual([503, 'failing'])
  expect(failing.body.checks[`${DEFAULT_MODEL} x2`]).toContain('expected sha256 0000')
  expect(failing.body.checks[`${DEFAULT_MODEL} x3`]).toBe('ok')
})
