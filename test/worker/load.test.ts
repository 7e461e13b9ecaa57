// Many requests at once: one picture is made once, whoever leaves meanwhile.
import { request } from 'node:http'
import type { Miniflare } from 'miniflare'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FakeOrigin, startOrigin } from '../support/origin/origin.ts'
import { startWorker } from '../support/worker/worker.ts'

let origin: FakeOrigin
let worker: Miniflare
beforeAll(async () => {
  origin = await startOrigin()
  worker = await startWorker({ vars: { ORIGIN_URL: origin.url } })
})
afterAll(async () => {
  await worker.dispose()
  await origin.close()
})

const picture = (background: string) =>
  sharp({ create: { width: 24, height: 18, channels: 3, background } })
    .png()
    .toBuffer()

async function ask(path: string) {
  const response = await worker.dispatchFetch(`http://site.test${path}`)
  const { headers } = response
  const bytes = Buffer.from(await response.arrayBuffer())
  return { sr: headers.get('x-sr'), status: headers.get('cache-status'), etag: headers.get('etag'), bytes }
}

test('of twenty requests for one picture one asks the origin, and all get the result', async () => {
  const body = await picture('#246')
  origin.handle('/many.png', (_, response) => {
    setTimeout(() => response.writeHead(200, { 'cache-control': 'max-age=60' }).end(body), 100)
  })
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/many.png?sr=2')))
  expect(origin.asked.filter(({ url }) => url === '/many.png')).toHaveLength(1)
  for (const { sr, bytes, etag } of answers) {
    expect(sr).toMatch(/^done/)
    expect(etag).toBe(answers[0].etag)
    expect(bytes.equals(answers[0].bytes)).toBe(true)
  }
  expect(answers.filter(({ status }) => status?.endsWith('; collapsed'))).toHaveLength(19)
})

test('of five URLs of one picture at once one is made, and the others find it when their turn comes', async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  const body = await sharp({ create: { width: 120, height: 120, channels: 3, background: '#000', noise } })
    .png()
    .toBuffer()
  origin.serve('/same.png', body, { 'cache-control': 'max-age=60' })
  const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => ask(`/same.png?v=${i}&sr=4&sr-model=srcnn`)))
  for (const { sr, etag } of answers) expect([sr, etag]).toEqual([expect.stringMatching(/^done/), answers[0].etag])
  expect(answers.filter(({ status }) => status?.endsWith('same-picture'))).toHaveLength(4)
})

test('what may not be kept is made for each visitor by itself', async () => {
  const body = await picture('#642')
  origin.handle('/private.png', (_, response) => {
    setTimeout(() => response.writeHead(200, { 'cache-control': 'private' }).end(body), 50)
  })
  const answers = await Promise.all(Array.from({ length: 4 }, () => ask('/private.png?sr=2')))
  expect(origin.asked.filter(({ url }) => url === '/private.png')).toHaveLength(4)
  for (const { sr, status } of answers) {
    expect(sr).toMatch(/^done/)
    expect(status).toBe('edge-srcnn; fwd=miss')
  }
})

test('a visitor who leaves does not take the picture from those who wait', async () => {
  const body = await picture('#264')
  let answer = () => {}
  origin.handle('/left.png', (_, response) => {
    answer = () => void response.writeHead(200, { 'cache-control': 'max-age=60' }).end(body)
  })
  const url = await worker.ready
  const leaving = request(new URL('/left.png?sr=2', url)).on('error', () => {})
  leaving.end()
  while (!origin.asked.some(({ url: path }) => path === '/left.png'))
    await new Promise((resolve) => setTimeout(resolve, 10))
  const second = fetch(new URL('/left.png?sr=2', url))
  await new Promise((resolve) => setTimeout(resolve, 100))
  leaving.socket!.resetAndDestroy() // workerd takes a mere end for a half-closed connection, and works on
  await new Promise((resolve) => setTimeout(resolve, 100))
  answer()
  const response = await second
  expect(response.headers.get('x-sr')).toMatch(/^done/)
  await response.arrayBuffer()
  expect(origin.asked.filter(({ url: path }) => path === '/left.png')).toHaveLength(1)
})

test('more distinct pictures than may wait come back as they were, for a minute at most', async () => {
  const large = async (n: number) =>
    sharp({ create: { width: 200, height: 200, channels: 3, background: { r: n, g: 2 * n, b: 99 } } })
      .png()
      .toBuffer()
  const pictures = await Promise.all(Array.from({ length: 12 }, (_, i) => large(i)))
  for (const [i, one] of pictures.entries()) origin.serve(`/busy-${i}.png`, one, { 'cache-control': 'max-age=600' })
  const answers = await Promise.all(
    pictures.map(async (_, i) => {
      const response = await worker.dispatchFetch(`http://site.test/busy-${i}.png?sr=4&sr-model=srcnn`)
      const bytes = Buffer.from(await response.arrayBuffer())
      return { sr: response.headers.get('x-sr')!, kept: response.headers.get('cache-control'), bytes }
    }),
  )
  const busy = answers.filter(({ sr }) => sr === 'skipped; reason=BUSY')
  const done = answers.filter(({ sr }) => sr.startsWith('done'))
  expect(busy.length + done.length).toBe(12)
  expect(done.length).toBeGreaterThanOrEqual(5) // one runs, four wait
  expect(busy.length).toBeGreaterThan(0)
  for (const { kept, bytes } of busy) {
    expect(kept).toBe('public, max-age=60')
    expect(pictures.some((one) => one.equals(bytes))).toBe(true)
  }
})

test('who waits in vain with a cookie gets what is theirs, where the origin says that there may be such', async () => {
  const [ours, theirs] = await Promise.all(['#135', '#531'].map(picture))
  let isFirst = true
  origin.handle('/avatar.png', ({ headers }, response) => {
    const answer = () => response.writeHead(200, { vary: 'cookie' }).end(headers.cookie ? theirs : ours)
    if (isFirst) setTimeout(answer, 3000)
    else answer()
    isFirst = false
  })
  const first = ask('/avatar.png?sr=2')
  while (!origin.asked.some(({ url }) => url === '/avatar.png')) await new Promise((resolve) => setTimeout(resolve, 10))
  const headers = { cookie: 'a=b' }
  const second = await worker.dispatchFetch('http://site.test/avatar.png?sr=2', { headers })
  expect(second.headers.get('x-sr')).toBe('skipped; reason=CREDENTIALS')
  expect(Buffer.from(await second.arrayBuffer()).equals(theirs)).toBe(true)
  await first
})

test('who waits in vain for a leader gets what the origin gives, an error as it is', async () => {
  const body = await picture('#462')
  const isAsked = () => origin.asked.some(({ url }) => url === '/slow.png')
  let isFirst = true
  origin.handle('/slow.png', (_, response) => {
    if (isFirst) setTimeout(() => response.writeHead(200).end(body), 3000)
    else response.writeHead(404, { 'cache-control': 'max-age=7' }).end('gone')
    isFirst = false
  })
  const first = ask('/slow.png?sr=2')
  while (!isAsked()) await new Promise((resolve) => setTimeout(resolve, 10))
  const second = await worker.dispatchFetch('http://site.test/slow.png?sr=2')
  expect([second.status, second.headers.get('x-sr'), second.headers.get('cache-control')]).toEqual([
    404,
    'skipped; reason=ORIGIN_STATUS',
    'max-age=7',
  ])
  expect(await second.text()).toBe('gone')
  expect((await first).sr).toMatch(/^done/)
})

test('beyond the rate limit a visitor gets originals for what is new, and others do not', async () => {
  const limited = await startWorker({ vars: { ORIGIN_URL: origin.url }, missLimit: 2 })
  const from = async (address: string, path: string) => {
    const headers = { 'cf-connecting-ip': address }
    const response = await limited.dispatchFetch(`http://site.test${path}?sr=2`, { headers })
    const bytes = Buffer.from(await response.arrayBuffer())
    return { sr: response.headers.get('x-sr')!, kept: response.headers.get('cache-control'), bytes }
  }
  const bodies = await Promise.all(['#111', '#222', '#333'].map(picture))
  for (const [i, body] of bodies.entries()) origin.serve(`/${i}.png`, body, { 'cache-control': 'max-age=600' })
  for (const path of ['/0.png', '/1.png']) expect((await from('192.0.2.1', path)).sr).toMatch(/^done/)
  const third = await from('192.0.2.1', '/2.png')
  expect([third.sr, third.kept]).toEqual(['skipped; reason=RATE', 'private, max-age=60'])
  expect(third.bytes.equals(bodies[2])).toBe(true)
  expect((await from('192.0.2.1', '/0.png')).sr).toMatch(/^done/) // known already
  expect((await from('192.0.2.2', '/2.png')).sr).toMatch(/^done/)

  const headers = { 'cf-connecting-ip': '192.0.2.1' }
  const described = await limited.dispatchFetch('http://site.test/2.png?sr=2&sr-format=json', { headers })
  expect(await described.json()).toMatchObject({ outcome: 'skipped', reason: 'RATE' })
  await limited.dispose()
})
