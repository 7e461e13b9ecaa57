// Tests how the command `warm` classifies answers, and when it repeats a request.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AskOutcome, ask } from '../../../worker/cli/warm/ask.ts'
import { type Warmed, warmAll } from '../../../worker/cli/warm/warmAll.ts'
import { type FakeOrigin, startOrigin } from '../../support/servers/origin.ts'

let server: FakeOrigin
beforeAll(async () => void (server = await startOrigin()))
afterAll(() => server.close())

test.each<[string, number, Record<string, string>, object]>([
  [
    'a result from the cache counts as a hit',
    200,
    { 'x-sr': 'done; scale=3', 'cache-status': 'edge-srcnn; hit; detail=edge' },
    { outcome: 'hit' },
  ],
  [
    'a new result counts as made',
    200,
    { 'x-sr': 'done; scale=3', 'cache-status': 'edge-srcnn; fwd=miss; stored' },
    { outcome: 'made' },
  ],
  [
    'a picture that cannot be enlarged counts as skipped',
    200,
    { 'x-sr': 'skipped; reason=ANIMATED' },
    { outcome: 'skipped', reason: 'ANIMATED' },
  ],
  [
    'a picture that the origin does not have counts as skipped',
    404,
    { 'x-sr': 'skipped; reason=ORIGIN_STATUS' },
    { outcome: 'skipped', reason: 'ORIGIN_STATUS' },
  ],
  [
    'a decoder error counts as a failure',
    200,
    { 'x-sr': 'skipped; reason=DECODE' },
    { outcome: 'failed', message: 'DECODE' },
  ],
  [
    'an answer with the reason BUSY counts as busy',
    200,
    { 'x-sr': 'skipped; reason=BUSY' },
    { outcome: 'busy', message: 'BUSY', afterMs: undefined },
  ],
  [
    'an answer with the reason RATE counts as busy',
    200,
    { 'x-sr': 'skipped; reason=RATE' },
    { outcome: 'busy', message: 'RATE', afterMs: undefined },
  ],
  [
    'the status 429 counts as busy for the time in Retry-After',
    429,
    { 'retry-after': '7' },
    { outcome: 'busy', message: '429', afterMs: 7000 },
  ],
  [
    'the status 503 counts as busy, and with a Retry-After in the past the next try is due at once',
    503,
    { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' },
    { outcome: 'busy', afterMs: 0 },
  ],
  [
    'an answer without X-SR counts as a failure',
    200,
    {},
    { outcome: 'failed', message: 'the answer has no X-SR, so it does not come from a worker' },
  ],
])('%s', async (_, status, headers, expected) => {
  server.handle('/cat.jpg', (__, response) => response.writeHead(status, headers).end('picture'))
  expect(await ask(`${server.url}/cat.jpg?sr=3`, { userAgent: 'edge-srcnn/1 (warm)' })).toMatchObject(expected)
  expect(server.asked.at(-1)!.headers['user-agent']).toBe('edge-srcnn/1 (warm)')
})

test('a host that does not answer counts as a failure', async () => {
  const answer = await ask('http://127.0.0.1:1/cat.jpg', { userAgent: '' })
  expect(answer).toMatchObject({ outcome: 'failed', message: expect.stringMatching(/fetch failed|ECONNREFUSED/) })
})

test('a picture is read to its end, but neither kept nor read without end', async () => {
  const chunk = Buffer.alloc(2 ** 20)
  let isCut = false
  server.handle('/large.png', (_, response) => {
    response.writeHead(200, { 'x-sr': 'done; scale=3' })
    let left = 220
    const write = () => {
      while (left > 0 && !response.destroyed) if ((left--, !response.write(chunk))) return
      response.end()
    }
    response.on('drain', write).on('close', () => (isCut = left > 0))
    write()
  })
  const before = process.memoryUsage().rss
  const answer = await ask(`${server.url}/large.png?sr=3`, { userAgent: '' })
  expect(answer).toEqual({ outcome: 'failed', message: 'the answer has more than 200000000 bytes' })
  expect(process.memoryUsage().rss - before).toBeLessThan(150e6)
  await expect.poll(() => isCut).toBe(true)
})

test('the message of an error is shortened, and the page of an error is not read to its end', async () => {
  server.handle('/long', (_, response) =>
    response.writeHead(400).end(JSON.stringify({ error: { message: 'a'.repeat(5000) } })),
  )
  server.handle('/page', (_, response) => response.writeHead(404).end('a'.repeat(100_000)))
  expect(await ask(`${server.url}/long`, { userAgent: '' })).toEqual({
    outcome: 'failed',
    message: `400 ${'a'.repeat(500)}`,
  })
  expect(await ask(`${server.url}/page`, { userAgent: '' })).toEqual({ outcome: 'failed', message: '404' })
})

test('a redirect without end counts as a failure', async () => {
  server.handle('/loop', (_, response) => response.writeHead(302, { location: '/loop' }).end())
  expect(await ask(`${server.url}/loop`, { userAgent: '' })).toEqual({
    outcome: 'failed',
    message: 'expected at most 5 redirects, got more',
  })
})

const BUSY: AskOutcome = { outcome: 'busy', message: 'BUSY', afterMs: undefined }
const MADE: AskOutcome = { outcome: 'made' }

/** Runs warmAll without real waits: each wait ends at the next turn of the event loop. */
async function warm(urls: readonly string[], answers: (url: string, tries: number) => AskOutcome, concurrency = 1) {
  const waits: number[] = []
  const told: Warmed[] = []
  const tries = new Map<string, number>()
  let running = 0
  let most = 0
  const asking = async (url: string) => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    tries.set(url, (tries.get(url) ?? 0) + 1)
    return answers(url, tries.get(url)!)
  }
  const wait = async (ms: number) => {
    waits.push(ms)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { signal } = new AbortController()
  await warmAll(urls, { concurrency, delayMs: 0, signal, ask: asking, wait }, (one) => told.push(one))
  return { waits, told, most, tries }
}

test('a busy worker is asked again after growing pauses, and the URL fails after 7 tries', async () => {
  const { waits, told } = await warm(['a', 'b'], (url, tries) => (url === 'a' || tries < 3 ? BUSY : MADE))
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16000, 32000, 1000, 2000])
  expect(told).toEqual([
    expect.objectContaining({ outcome: 'failed', message: 'BUSY, after 7 tries' }),
    expect.objectContaining({ url: 'b', outcome: 'made' }),
  ])
})

test('Retry-After is honoured, but a Retry-After of an hour makes the URL fail', async () => {
  const after = (afterMs: number): AskOutcome => ({ outcome: 'busy', message: '429', afterMs })
  expect((await warm(['a'], (_, tries) => (tries === 1 ? after(7000) : MADE))).waits).toEqual([7000])
  const { waits, told } = await warm(['a'], () => after(3_600_000))
  expect([waits, told[0]]).toEqual([[], expect.objectContaining({ outcome: 'failed', message: '429, after 1 tries' })])
})

test('the number of simultaneous requests never exceeds the concurrency, and a busy answer pauses all requests', async () => {
  const urls = Array.from({ length: 20 }, (_, i) => `${i}`)
  const { most, told, tries, waits } = await warm(
    urls,
    (url, count) => (count === 1 && Number(url) < 3 ? BUSY : MADE),
    3,
  )
  expect(most).toBe(3)
  expect(waits).toEqual([1000])
  expect(told.length).toBe(20)
  expect([...tries.values()].reduce((sum, one) => sum + one)).toBe(23)
})
