// Whatever an origin does, a visitor gets the picture, larger or as it was, or the origin's own error, in time,
// and nothing bad is kept: once the origin is well again so is the answer. Where a result is known from
// before, it is served while the origin fails.
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { Miniflare } from 'miniflare'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorker } from '../support/worker.ts'

const ORIGIN_TIMEOUT_MS = 700
const SOURCE_TIMEOUT_MS = 900
/** Two askings, ours and the visitor's own, and what the issue of it all allows beside. */
const DEADLINE_MS = 2 * (ORIGIN_TIMEOUT_MS + SOURCE_TIMEOUT_MS) + 5000

/** What an origin sends on a fresh connection once it was asked. */
type Fault = (socket: Socket, picture: Buffer) => void

const head = (lines: readonly string[], status = '200 OK') => `HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n` // prettier-ignore
const whole = (body: Buffer | string, lines: readonly string[] = [], status = '200 OK'): Fault => (socket) => {
  const bytes = Buffer.from(body)
  socket.end(Buffer.concat([Buffer.from(head([`content-length: ${bytes.length}`, 'connection: close', ...lines], status)), bytes]))
} // prettier-ignore
const status = (text: string, lines: readonly string[] = []) => whole('', lines, text)

const dripping = (socket: Socket, bytes: Buffer, everyMs: number) => {
  let at = 0
  const timer = setInterval(() => {
    if (socket.destroyed || at === bytes.length) clearInterval(timer)
    else socket.write(bytes.subarray(at, ++at))
  }, everyMs)
}

const FAULTS: Readonly<Record<string, Fault>> = {
  // The connection
  'closed before an answer': (socket) => void socket.end(),
  'reset before an answer': (socket) => void socket.resetAndDestroy(),
  'reset inside the headers': (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-le', () => socket.resetAndDestroy()),
  'reset inside the body': (socket, picture) => void socket.write(Buffer.concat([Buffer.from(head([`content-length: ${picture.length}`])), picture.subarray(0, 99)]), () => socket.resetAndDestroy()),
  'closed early': (socket, picture) => void socket.end(Buffer.concat([Buffer.from(head([`content-length: ${picture.length}`])), picture.subarray(0, 99)])),
  'no HTTP': (socket) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
  // Its speed
  'no answer at all': () => {},
  'headers byte by byte': (socket) => dripping(socket, Buffer.from(head(['x: y'])), 200),
  'body byte by byte': (socket, picture) => {
    socket.write(head([`content-length: ${picture.length}`]))
    dripping(socket, picture, 200)
  },
  'stalled at 99 %': (socket, picture) => void socket.write(Buffer.concat([Buffer.from(head([`content-length: ${picture.length}`])), picture.subarray(0, -5)])),
  // Its framing
  'content-length too long': (socket, picture) => void socket.end(Buffer.concat([Buffer.from(head([`content-length: ${picture.length + 50}`, 'connection: close'])), picture])),
  'content-length too short': (socket, picture) => void socket.end(Buffer.concat([Buffer.from(head(['content-length: 50', 'connection: close'])), picture])),
  'two content-lengths': (socket, picture) => void socket.end(Buffer.concat([Buffer.from(head(['content-length: 5', `content-length: ${picture.length}`, 'connection: close'])), picture])),
  'a negative content-length': (socket, picture) => void socket.end(Buffer.concat([Buffer.from(head(['content-length: -1', 'connection: close'])), picture])),
  'chunks of garbage': (socket) => void socket.end(`${head(['transfer-encoding: chunked'])}zz\r\nxxxx\r\n`),
  'chunks without an end': (socket, picture) => void socket.end(Buffer.concat([Buffer.from(`${head(['transfer-encoding: chunked'])}${picture.length.toString(16)}\r\n`), picture, Buffer.from('\r\n')])),
  'a header of 200 kB': (socket) => void socket.end(head([`x: ${'y'.repeat(200_000)}`, 'content-length: 0'])),
  // Its encoding and size
  'a gzip bomb': whole(gzipSync(Buffer.alloc(200e6)), ['content-encoding: gzip', 'content-type: image/png']),
  'plain, said to be gzip': (socket, picture) => whole(picture, ['content-encoding: gzip'])(socket, picture),
  'an unknown encoding': (socket, picture) => whole(picture, ['content-encoding: zopfli'])(socket, picture),
  'a gigabyte announced': (socket) => void socket.write(head(['content-length: 1000000000']), () => socket.destroy()),
  // Its status
  '204': status('204 No Content'),
  '206 unasked': (socket, picture) => whole(picture.subarray(0, 50), [`content-range: bytes 0-49/${picture.length}`], '206 Partial Content')(socket, picture),
  '304 unasked': status('304 Not Modified'),
  '404': whole('no such picture', [], '404 Not Found'),
  '416': status('416 Range Not Satisfiable'),
  '429': whole('slow down', ['retry-after: 9'], '429 Too Many Requests'),
  '500': whole('broken', [], '500 Internal Server Error'),
  '503': whole('down', ['retry-after: 9'], '503 Service Unavailable'),
  '999': whole('odd', [], '999 Odd'),
  // Its redirects
  'a redirect to itself': status('302 Found', ['location: /picture.jpg']),
  'a redirect elsewhere': status('301 Moved Permanently', ['location: https://elsewhere.example/']),
  'a redirect nowhere': status('302 Found'),
  'a redirect to nonsense': status('307 Temporary Redirect', ['location: http://[::bad']),
  // Its content
  'a page': whole('<!doctype html><p>hello', ['content-type: text/html']),
  'a page said to be a picture': whole('<!doctype html><p>hello', ['content-type: image/jpeg']),
  'nothing': whole('', ['content-type: image/jpeg']),
  'half a picture': (socket, picture) => whole(picture.subarray(0, picture.length >> 1), ['content-type: image/jpeg'])(socket, picture),
  'a picture of zeros': (socket, picture) => whole(Buffer.concat([picture.subarray(0, 300), Buffer.alloc(2000)]), ['content-type: image/jpeg'])(socket, picture),
} // prettier-ignore
/** These give a picture all the same. */
const HARMLESS = [
  'chunks without an end',
  'content-length too short',
  'an unknown encoding',
  'half a picture',
  'a picture of zeros',
]

let server: Server
let worker: Miniflare
let answer: Fault
let picture: Buffer
const sockets = new Set<Socket>()

beforeAll(async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  picture = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#000', noise } }).jpeg({ quality: 95 }).toBuffer() // prettier-ignore
  server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    socket.on('data', () => answer(socket, picture))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const vars = { ORIGIN_URL: `http://127.0.0.1:${port}`, SR_ORIGIN_TIMEOUT_MS: `${ORIGIN_TIMEOUT_MS}`, SR_SOURCE_TIMEOUT_MS: `${SOURCE_TIMEOUT_MS}` } // prettier-ignore
  worker = await startWorker({ vars, buckets: ['RESULTS_BUCKET'] })
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  server.close()
  await worker.dispose()
})

const well: Fault = (socket) => whole(picture, ['content-type: image/jpeg', 'cache-control: max-age=0', 'etag: "1"'])(socket, picture) // prettier-ignore

async function ask(path: string) {
  const start = performance.now()
  const leaving = new AbortController()
  const timer = setTimeout(() => leaving.abort(), DEADLINE_MS)
  const response = await worker.dispatchFetch(`http://site.test${path}`, { redirect: 'manual', signal: leaving.signal }) // prettier-ignore
  clearTimeout(timer)
  // A body that the origin never ends is the visitor's to leave, as on the plain site.
  const left = setTimeout(() => leaving.abort(), 500)
  const body = await response.arrayBuffer().then(
    (bytes) => Buffer.from(bytes),
    () => undefined,
  )
  clearTimeout(left)
  const { status: code, headers } = response
  const ms = performance.now() - start
  return { code, body, ms, sr: headers.get('x-sr'), kept: headers.get('cache-control'), cacheStatus: headers.get('cache-status') ?? '' } // prettier-ignore
}

describe.each(Object.entries(FAULTS))('an origin with: %s', (name, fault) => {
  const path = `/picture.jpg?fault=${encodeURIComponent(name)}&sr=2`

  test('gives the original or an error, in time, and nothing of it is kept', async () => {
    answer = fault
    const { code, sr, kept, ms } = await ask(path)
    expect(ms).toBeLessThan(DEADLINE_MS)
    if (sr?.startsWith('done')) expect(HARMLESS).toContain(name)
    // Ours to say are these three, and nobody keeps them.
    if (sr === null) {
      expect([502, 504, 508]).toContain(code)
      expect(kept).toBe('no-store')
    }
    answer = well
    const after = await ask(path)
    expect([after.code, after.sr]).toEqual([200, expect.stringMatching(/^done/)])
    expect((await sharp(after.body).metadata()).width).toBe(80)
  })

  test('or what was known from before', async () => {
    answer = well
    let before = await ask(path)
    for (let i = 0; i < 100 && !/same-picture|304/.test(before.cacheStatus); i++) before = await ask(path) // prettier-ignore
    answer = fault
    const during = await ask(path)
    expect(during.ms).toBeLessThan(DEADLINE_MS)
    if (during.cacheStatus.includes('stale-if-error'))
      expect(during.body?.equals(before.body!)).toBe(true) // prettier-ignore
    else if (during.sr?.startsWith('done')) expect(['304 unasked', ...HARMLESS]).toContain(name)
    // Without an answer, or with one of 5xx, there is something better than an error.
    expect(during.code === 502 || during.code === 504 || during.code === 500 || during.code === 503).toBe(false) // prettier-ignore
  })
})
