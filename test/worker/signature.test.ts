// Signed URLs through the deployed bundle: a signature is checked before the cache and the origin are asked, and is not
// part of a cache key.
import sharp from 'sharp'
import { beforeAll, expect, test } from 'vitest'
import { signUrl } from '../../worker/signature.ts'
import { startSite } from '../support/worker/site.ts'

const SECRET = '00112233445566778899aabbccddeeff'
const OTHER = 'ffeeddccbbaa99887766554433221100'
const URL_TO_SIGN = 'http://site.test/cat.png?sr=2'

const { origin, ask, untilHit } = startSite({ vars: { SR_SIGNING_KEYS: `old:${OTHER} new:${SECRET}` } })
beforeAll(async () => {
  const picture = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#456' } })
    .png()
    .toBuffer()
  origin.serve('/cat.png', picture, { 'cache-control': 'max-age=7200' })
})

test('a URL without a valid signature is refused before the cache and the origin are asked, and the refusal is not cached', async () => {
  const asked = origin.asked.length
  for (const url of [URL_TO_SIGN, `${URL_TO_SIGN}&sr-key=new&sr-exp=9999999999&sr-sig=${'A'.repeat(43)}`]) {
    const { status, headers, bytes } = await ask(url)
    expect([status, headers.get('cache-control')]).toEqual([403, 'no-store'])
    expect(bytes.toString()).toContain('SIGNATURE_')
  }
  expect(origin.asked.length).toBe(asked)
})

test('URLs signed with either key share one cache entry, and an answer is not fresh for longer than the signature is valid', async () => {
  const sign = (key: string, secret: string, expires: number) => signUrl(URL_TO_SIGN, { key, secret, expires })
  const first = await ask(await sign('new', SECRET, 600))
  expect([first.status, first.sr]).toEqual([200, expect.stringMatching(/^done/)])
  const seconds = Number(/^public, max-age=(\d+)$/.exec(first.headers.get('cache-control')!)![1])
  expect(seconds).toBeLessThanOrEqual(600)
  expect(seconds).toBeGreaterThan(590)
  const other = await untilHit(await sign('old', OTHER, 9000))
  expect(other.headers.get('etag')).toBe(first.headers.get('etag'))
  expect(Number(/max-age=(\d+)/.exec(other.headers.get('cache-control')!)![1])).toBeGreaterThan(600)
})

test('a URL without sr needs no signature', async () => {
  expect((await ask('http://site.test/cat.png')).status).toBe(200)
})
