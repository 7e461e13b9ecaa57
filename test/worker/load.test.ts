// Many requests at once: a result is computed once, even if a visitor leaves meanwhile.
import { randomUUID } from 'node:crypto'
import { request, type ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { COUNT_LOOKUPS } from '../support/worker/counters.ts'
import { askUntil, startSite } from '../support/worker/site.ts'

const site = startSite({ prelude: COUNT_LOOKUPS })
const { origin, get, ask, startAnother } = site

const picture = (background: string) =>
  sharp({ create: { width: 24, height: 18, channels: 3, background } })
    .png()
    .toBuffer()

/** Returns the number of lookups in the edge cache so far. A request that misses the cache makes one lookup. */
async function lookups(): Promise<number> {
  await get('/lookups')
  return Number(origin.asked.at(-1)!.headers['x-lookups'])
}

/**
 * Waits until `count` more requests have missed the edge cache. From then on these requests wait for the origin or for
 * each other.
 */
async function untilLookups(before: number, count: number): Promise<void> {
  await askUntil(lookups, (now) => now - before >= count, `${count} lookups`)
}

const timesAsked = (path: string) => origin.asked.filter(({ url }) => url === path).length
/** Waits until the origin has got a request for `path`. */
const untilAsked = (path: string) =>
  askUntil(lookups, () => timesAsked(path) > 0, `that the origin was asked for ${path}`)

/**
 * Makes the origin hold its answers to requests for `path`. `release` sends the answers. After that, the origin answers
 * without waiting.
 */
function holdAnswers(path: string, answer: (response: ServerResponse) => void) {
  const held: ServerResponse[] = []
  let isReleased = false
  origin.handle(path, (_, response) => void (isReleased ? answer(response) : held.push(response)))
  return {
    release() {
      isReleased = true
      for (const response of held.splice(0)) answer(response)
    },
  }
}

test('of twenty requests for one picture only one asks the origin, and all get the result', async () => {
  const body = await picture('#246')
  const before = await lookups()
  const { release } = holdAnswers('/many.png', (response) => {
    response.writeHead(200, { 'cache-control': 'max-age=60' }).end(body)
  })
  const asking = Promise.all(Array.from({ length: 20 }, () => ask('/many.png?sr=2')))
  await untilLookups(before, 20)
  release()
  const answers = await asking
  expect(timesAsked('/many.png')).toBe(1)
  for (const { sr, bytes, headers } of answers) {
    expect(sr).toMatch(/^done/)
    expect(headers.get('etag')).toBe(answers[0].headers.get('etag'))
    expect(bytes.equals(answers[0].bytes)).toBe(true)
  }
  expect(answers.filter(({ cacheStatus }) => cacheStatus.endsWith('; collapsed'))).toHaveLength(19)
})

test('five simultaneous URLs of one picture cost one computation: the others find its result when their turn comes', async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  const body = await sharp({ create: { width: 120, height: 120, channels: 3, background: '#000', noise } })
    .png()
    .toBuffer()
  origin.serve('/same.png', body, { 'cache-control': 'max-age=60' })
  const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => ask(`/same.png?v=${i}&sr=4&sr-model=srcnn`)))
  for (const { sr, headers } of answers) {
    expect([sr, headers.get('etag')]).toEqual([expect.stringMatching(/^done/), answers[0].headers.get('etag')])
  }
  expect(answers.filter(({ cacheStatus }) => cacheStatus.endsWith('same-picture'))).toHaveLength(4)
})

test('a result that may not be kept is computed for each visitor', async () => {
  const body = await picture('#642')
  const before = await lookups()
  const { release } = holdAnswers('/private.png', (response) => {
    response.writeHead(200, { 'cache-control': 'private' }).end(body)
  })
  const asking = Promise.all(Array.from({ length: 4 }, () => ask('/private.png?sr=2')))
  await untilLookups(before, 4)
  release()
  const answers = await asking
  expect(timesAsked('/private.png')).toBe(4)
  for (const { sr, cacheStatus } of answers) {
    expect(sr).toMatch(/^done/)
    expect(cacheStatus).toBe('edge-srcnn; fwd=miss')
  }
})

test('a visitor who leaves does not stop the work for those who wait', async () => {
  const body = await picture('#264')
  const before = await lookups()
  const { release } = holdAnswers('/left.png', (response) => {
    response.writeHead(200, { 'cache-control': 'max-age=60' }).end(body)
  })
  const url = await site.worker.ready
  const leaving = request(new URL('/left.png?sr=2', url)).on('error', () => {})
  leaving.end()
  await untilAsked('/left.png')
  const second = fetch(new URL('/left.png?sr=2', url))
  await untilLookups(before, 2)
  leaving.socket!.resetAndDestroy() // after a normal end workerd would work on, as for a half-closed connection
  // This connection is opened after the reset. When workerd answers on it, workerd has seen the reset.
  await fetch(new URL('/after-the-reset', url)).then((response) => response.text())
  release()
  const response = await second
  expect(response.headers.get('x-sr')).toMatch(/^done/)
  await response.arrayBuffer()
  expect(timesAsked('/left.png')).toBe(1)
})

/** Serves `count` different pictures, which the origin sends at the same time: when all of them were asked for. */
async function askForPage(running: Pick<typeof site, 'ask'>, count: number, query: string) {
  const pictures = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      sharp({ create: { width: 200, height: 200, channels: 3, background: { r: i, g: 2 * i, b: 99 } } })
        .png()
        .toBuffer(),
    ),
  )
  const name = `/${randomUUID()}`
  const holders = pictures.map((one, i) =>
    holdAnswers(`${name}-${i}.png`, (response) => {
      response.writeHead(200, { 'cache-control': 'max-age=600' }).end(one)
    }),
  )
  const asking = Promise.all(pictures.map((_, i) => running.ask(`${name}-${i}.png?${query}`)))
  for (const i of pictures.keys()) await untilAsked(`${name}-${i}.png`)
  for (const { release } of holders) release()
  return { pictures, answers: await asking }
}

test('all pictures of a page are made, even if they come at the same time', async () => {
  const { answers } = await askForPage(site, 48, 'sr=2')
  expect(answers.map(({ sr }) => sr.split(';')[0])).toEqual(Array.from({ length: 48 }, () => 'done'))
})

test('pictures for which too much work is waiting come back unchanged at once, and are not stored', async () => {
  const impatient = await startAnother({ vars: { SR_MAX_WAIT_MS: '1000' } })
  const { pictures, answers } = await askForPage(impatient, 12, 'sr=4&sr-model=srcnn')
  const busy = answers.filter(({ sr }) => sr === 'skipped; reason=BUSY')
  const done = answers.filter(({ sr }) => sr.startsWith('done'))
  expect(busy.length + done.length).toBe(12)
  expect(done.length).toBeGreaterThan(1)
  expect(busy.length).toBeGreaterThan(1)
  for (const { headers, bytes } of busy) {
    expect(headers.get('cache-control')).toBe('no-store')
    expect(pictures.some((one) => one.equals(bytes))).toBe(true)
  }
})

test('after a wait that timed out, a visitor with a cookie gets their own picture if the origin says Vary: Cookie', async () => {
  const [ours, theirs] = await Promise.all(['#135', '#531'].map(picture))
  const impatient = await startAnother({ vars: { SR_MAX_WAIT_MS: '100' } })
  let answerFirst: (() => void) | undefined
  origin.handle('/avatar.png', ({ headers }, response) => {
    const answer = () => void response.writeHead(200, { vary: 'cookie' }).end(headers.cookie ? theirs : ours)
    if (answerFirst) answer()
    else answerFirst = answer
  })
  const first = impatient.ask('/avatar.png?sr=2')
  await untilAsked('/avatar.png')
  const second = await impatient.ask('/avatar.png?sr=2', { headers: { cookie: 'a=b' } })
  expect(second.sr).toBe('skipped; reason=CREDENTIALS')
  expect(second.bytes.equals(theirs)).toBe(true)
  answerFirst!()
  await first
})

test('after a wait that timed out, a visitor gets the answer of the origin unchanged, even an error', async () => {
  const body = await picture('#462')
  const impatient = await startAnother({ vars: { SR_MAX_WAIT_MS: '100' } })
  let answerFirst: (() => void) | undefined
  origin.handle('/slow.png', (_, response) => {
    if (answerFirst) response.writeHead(404, { 'cache-control': 'max-age=7' }).end('gone')
    else answerFirst = () => void response.writeHead(200).end(body)
  })
  const first = impatient.ask('/slow.png?sr=2')
  await untilAsked('/slow.png')
  const { status, sr, headers, bytes } = await impatient.ask('/slow.png?sr=2')
  expect([status, sr, headers.get('cache-control')]).toEqual([404, 'skipped; reason=ORIGIN_STATUS', 'max-age=7'])
  expect(bytes.toString()).toBe('gone')
  answerFirst!()
  expect((await first).sr).toMatch(/^done/)
})

/** A visitor with this address, of a worker with this limit. Their pictures are small: two units of work each. */
function visitorOf(limited: Pick<typeof site, 'ask'>) {
  return (address: string, path: string, method = 'GET') =>
    limited.ask(path, { method, headers: { 'cf-connecting-ip': address } })
}

test('beyond the rate limit a visitor gets originals for new pictures, and other visitors get results', async () => {
  const limited = await startAnother({ missLimit: 4 })
  const from = visitorOf(limited)
  const bodies = await Promise.all(['#111', '#222', '#333'].map(picture))
  for (const [i, body] of bodies.entries()) origin.serve(`/${i}.png`, body, { 'cache-control': 'max-age=600' })
  await untilMinuteLasts(15_000)
  for (const path of ['/0.png', '/1.png']) expect((await from('192.0.2.1', `${path}?sr=2`)).sr).toMatch(/^done/)
  const third = await from('192.0.2.1', '/2.png?sr=2')
  expect([third.sr, third.headers.get('cache-control')]).toEqual(['skipped; reason=RATE', 'private, max-age=60'])
  expect(third.bytes.equals(bodies[2])).toBe(true)
  expect((await from('192.0.2.1', '/0.png?sr=2')).sr).toMatch(/^done/) // kept from before
  expect((await from('192.0.2.2', '/2.png?sr=2')).sr).toMatch(/^done/)

  const described = await from('192.0.2.1', '/2.png?sr=2&sr-format=json')
  expect(JSON.parse(described.bytes.toString())).toMatchObject({ outcome: 'skipped', reason: 'RATE' })
})

test('one /64 of IPv6 addresses is one visitor, and HEAD requests count', async () => {
  const limited = await startAnother({ missLimit: 4 })
  const from = visitorOf(limited)
  origin.serve('/head.png', await picture('#456'), { 'cache-control': 'max-age=600' })
  await untilMinuteLasts(15_000)
  const asked = await Promise.all(
    Array.from({ length: 6 }, (_, i) => from(`2001:db8:1:2::${i}`, `/head.png?sr=2&junk=${i}`, 'HEAD')),
  )
  const isRefused = ({ sr }: { sr: string }) => sr === 'skipped; reason=RATE'
  expect(asked.filter(isRefused)).toHaveLength(2)
  expect((await from('2001:db8:1:2:aaaa::', '/head.png?sr=3')).sr).toBe('skipped; reason=RATE')
  expect((await from('2001:db8:1:3::1', '/head.png?sr=3')).sr).toMatch(/^done/)
})

test('a dear picture takes more of the rate limit than a small one', async () => {
  const limited = await startAnother({ missLimit: 5 })
  const from = visitorOf(limited)
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  const large = sharp({ create: { width: 600, height: 600, channels: 3, background: '#000', noise } })
  origin.serve('/dear.png', await large.png().toBuffer(), { 'cache-control': 'max-age=600' })
  await untilMinuteLasts(15_000)
  expect((await from('192.0.2.1', '/dear.png?sr=2&sr-model=srcnn')).sr).toMatch(/^done/) // 0.4 s: three units
  expect((await from('192.0.2.1', '/dear.png?sr=3&sr-model=srcnn')).sr).toBe('skipped; reason=RATE')
})

/** Waits for the next minute if this one ends within `ms`, because the rate limit counts from the start of each. */
async function untilMinuteLasts(ms: number): Promise<void> {
  const left = 60_000 - (Date.now() % 60_000)
  if (left < ms) await setTimeout(left)
}
