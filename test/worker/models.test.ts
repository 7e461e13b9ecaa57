// Weights in a bucket replace the bundled ones without a new deploy, and new weights change the cache key.
import sharp from 'sharp'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { DEFAULT_MODEL } from '../../worker/model/manifest.ts'
import { encodeNetwork } from '../../worker/model/networkFile.ts'
import { lifting, shipModels } from '../support/engine/models.ts'
import { fastClock } from '../support/worker/clock.ts'
import { askUntil, type RunningWorker, startSite } from '../support/worker/site.ts'

const withBucket = { buckets: ['MODELS_BUCKET'] }
const { origin, startAnother } = startSite()
/** Every test gets a new worker, because an isolate remembers the weights that it has read. */
let running: RunningWorker

beforeAll(async () => {
  const picture = await sharp({ create: { width: 16, height: 12, channels: 3, background: '#808080' } })
    .png()
    .toBuffer()
  origin.serve('/grey.png', picture, { 'cache-control': 'max-age=60' })
})
beforeEach(async () => void (running = await startAnother(withBucket)))

const ship = (name: string, file: Uint8Array, sha256?: string) => shipModels(running.worker, [{ name, file, sha256 }])

async function serve(query = 'sr=2') {
  const { sr, headers, bytes } = await running.ask(`/grey.png?${query}`)
  return {
    sr,
    etag: headers.get('etag'),
    level: sr.startsWith('done') ? (await sharp(bytes).raw().toBuffer())[0] : undefined,
  }
}

test('a bucket without a manifest leaves the bundled weights in place', async () => {
  expect((await serve()).sr).toContain(`model="${DEFAULT_MODEL}@`)
})

test('weights in the bucket replace the bundled weights, which are still used at scales that the bucket lacks', async () => {
  await ship(DEFAULT_MODEL, encodeNetwork(lifting(0.1)))
  const { sr, level } = await serve()
  const lift = Math.round((0.1 * 255 * 255) / 219) // luma spans 219 levels
  expect(level).toBe(128 + lift)
  expect(sr).toContain(`${DEFAULT_MODEL}@`)
  expect((await serve('sr=3')).level).toBeCloseTo(128, -0.5)
})

test('new weights give a new ETag and new pixels within a minute', async () => {
  // The worker reads the manifest again after half a minute, which takes 1.5 s with this clock.
  running = await startAnother({ ...withBucket, prelude: fastClock(20) })
  await ship(DEFAULT_MODEL, encodeNetwork(lifting(0.1)))
  const before = await serve()
  await ship(DEFAULT_MODEL, encodeNetwork(lifting(0.2)))
  const after = await askUntil(
    serve,
    ({ etag }) => etag !== before.etag,
    'an answer made with the new weights',
    60_000 / 20,
  )
  expect(after.level).toBeGreaterThan(before.level! + 20)
})

test('a model that only the bucket has can be asked for by name', async () => {
  await ship('faces', encodeNetwork(lifting(0.1)))
  expect((await serve('sr=2&sr-model=faces')).sr).toContain('model="faces@')
  expect((await serve('sr=2')).sr).toContain(`model="${DEFAULT_MODEL}@`)
})

test.each<[string, () => Promise<void>]>([
  ['altered', () => ship(DEFAULT_MODEL, encodeNetwork(lifting(0.1)), '0'.repeat(64))],
  ['not a network', () => ship(DEFAULT_MODEL, new Uint8Array(500))],
])('weights that are %s are not used: the visitor gets the original picture', async (_, prepare) => {
  await prepare()
  const response = await running.ask('/grey.png?sr=2')
  expect(response.status).toBe(200)
  expect(response.sr).toBe('skipped; reason=MODEL')
  expect(response.headers.get('cache-control')).toBe('public, max-age=60')
})

test('a broken manifest leaves the bundled weights in place', async () => {
  const bucket = await running.worker.getR2Bucket('MODELS_BUCKET')
  await bucket.put('manifest.json', '{ "version": 1, "models": [{ "name": "x"')
  expect((await serve()).sr).toContain(`model="${DEFAULT_MODEL}@`)
})

test('every bundled model can be served', async () => {
  const health = await running.get('/_sr/health')
  const { models } = (await health.json()) as { models: { name: string; scale: number }[] }
  expect(models.length).toBeGreaterThan(0)
  for (const { name, scale } of models) {
    const { sr } = await serve(`sr=${scale}&sr-model=${name}`)
    expect(sr, `${name} at x${scale}: is it in models/, and was that copied to the assets?`).toMatch(/^done/)
  }
})

test('the health page answers ok, or 503 with the reason if a file of weights is damaged', async () => {
  const healthOf = async () => {
    const response = await running.get('/_sr/health')
    return {
      status: response.status,
      body: (await response.json()) as { status: string; checks: Record<string, string> },
    }
  }
  expect(await healthOf()).toMatchObject({
    status: 200,
    body: { status: 'ok', checks: { MODELS_BUCKET: 'ok', [`${DEFAULT_MODEL} x2`]: 'ok' } },
  })
  running = await startAnother(withBucket)
  await ship(DEFAULT_MODEL, encodeNetwork(lifting(0.1)), '0'.repeat(64))
  const failing = await healthOf()
  expect([failing.status, failing.body.status]).toEqual([503, 'failing'])
  expect(failing.body.checks[`${DEFAULT_MODEL} x2`]).toContain('expected sha256 0000')
  expect(failing.body.checks[`${DEFAULT_MODEL} x3`]).toBe('ok')
})

test('the health page remembers its checks for ten seconds, so that strangers cannot make it load weights again and again', async () => {
  running = await startAnother({ ...withBucket, prelude: fastClock(20) })
  const statusOf = async () => (await running.get('/_sr/health')).status
  expect(await statusOf()).toBe(200)
  await ship(DEFAULT_MODEL, encodeNetwork(lifting(0.1)), '0'.repeat(64))
  expect(await Promise.all(Array.from({ length: 20 }, statusOf))).toEqual(Array.from({ length: 20 }, () => 200))
  // The worker reads the manifest again after half a minute, which takes 1.5 s with this clock.
  expect(await askUntil(statusOf, (status) => status !== 200, 'a failing check', 60_000 / 20)).toBe(503)
})
