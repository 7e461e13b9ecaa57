// Signed URLs through the deployed bundle: asked before cache and origin, and no part of a key.
import type { Miniflare } from 'miniflare'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signUrl } from '../../worker/signature.ts'
import { type FakeOrigin, startOrigin } from '../support/origin/origin.ts'
import { startWorker } from '../support/worker/worker.ts'

const SECRET = '00112233445566778899aabbccddeeff'
const OTHER = 'ffeeddccbbaa99887766554433221100'
const URL_TO_SIGN = 'http://site.test/cat.png?sr=2'

let origin: FakeOrigin
let worker: Miniflare
beforeAll(async () => {
  origin = await startOrigin()
  const picture = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#456' } })
    .png()
    .toBuffer()
  origin.serve('/cat.png', picture, { 'cache-control': 'max-age=7200' })
  worker = await startWorker({ vars: { ORIGIN_URL: origin.url, SR_SIGNING_KEYS: `old:${OTHER} new:${SECRET}` } })
})
afterAll(async () => {
  await worker.dispose()
  await origin.close()
})

async function ask(url: string) {
  const response = await worker.dispatchFetch(url)
  const { status, headers } = response
  return { status, headers, text: await response.text() }
}

test('an unsigned URL is refused before anything is asked, and the refusal is kept by nobody', async () => {
  const asked = origin.asked.length
  for (const url of [URL_TO_SIGN, `${URL_TO_SIGN}&sr-key=new&sr-exp=9999999999&sr-sig=${'A'.repeat(43)}`]) {
    const { status, headers, text } = await ask(url)
    expect([status, headers.get('cache-control')]).toEqual([403, 'no-store'])
    expect(text).toContain('SIGNATURE_')
  }
  expect(origin.asked.length).toBe(asked)
})

test('a signed one is served, by either key, from one entry, for as long as it is good at most', async () => {
  const sign = (key: string, secret: string, expires: number) => signUrl(URL_TO_SIGN, { key, secret, expires })
  const first = await ask(await sign('new', SECRET, 600))
  expect([first.status, first.headers.get('x-sr')]).toEqual([200, expect.stringMatching(/^done/)])
  const seconds = Number(/^public, max-age=(\d+)$/.exec(first.headers.get('cache-control')!)![1])
  expect(seconds).toBeLessThanOrEqual(600)
  expect(seconds).toBeGreaterThan(590)
  const url = await sign('old', OTHER, 9000)
  let other = await ask(url)
  for (let i = 0; i < 100 && !other.headers.get('cache-status')?.includes('hit'); i++) other = await ask(url)
  expect(other.headers.get('cache-status')).toContain('hit')
  expect(other.headers.get('etag')).toBe(first.headers.get('etag'))
  expect(Number(/max-age=(\d+)/.exec(other.headers.get('cache-control')!)![1])).toBeGreaterThan(600)
})

test('what has no sr needs no signature', async () => {
  expect((await ask('http://site.test/cat.png')).status).toBe(200)
})
