// Tests what is read of a URL, from a server on loopback, and the name that its picture gets.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { download, isHttp } from '../../../worker/cli/download.ts'
import { nameIn } from '../../../worker/cli/upscale/inputs.ts'
import { describeError } from '../../../worker/terminal/arguments.ts'

let server: Server
let origin: string

beforeAll(async () => {
  server = createServer(({ url }, response) => {
    if (url === '/moved') response.writeHead(302, { location: '/file' }).end()
    else if (url === '/missing') response.writeHead(404).end('no such file')
    else if (url === '/stated') response.writeHead(200, { 'content-length': '1001' }).write('x')
    else if (url === '/stream') for (let i = 0; i < 11; i++) response.write('x'.repeat(100))
    else if (url === '/slow') response.writeHead(200).write('x')
    else if (url === '/file') response.end('x'.repeat(1000))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const LIMITS = { userAgent: 'test', maxBytes: 1000, timeoutMs: 5000 }
const failureOf = (path: string, limits = {}) =>
  download(`${origin}${path}`, { ...LIMITS, ...limits }).then(String, describeError)

test('a file of the most bytes is read, also behind a redirect', async () => {
  for (const path of ['/file', '/moved']) expect((await download(origin + path, LIMITS)).length).toBe(1000)
})

test.each([
  ['/stated', 'has more than 1000 bytes'],
  ['/stream', 'has more than 1000 bytes'],
  ['/missing', 'answered 404'],
])('%s fails with a message that names it: %s', async (path, message) => {
  expect(await failureOf(path)).toBe(`${origin}${path} ${message}`)
})

test.each(['/slow', '/silent'])('%s fails when the time is over', async (path) => {
  expect(await failureOf(path, { timeoutMs: 200 })).toContain(`${origin}${path} takes longer than 0.2 s`)
})

test('a server that is not there is named with the reason, and without a stack', async () => {
  const failure = await download('http://127.0.0.1:2/cat.jpg', LIMITS).then(String, describeError)
  expect(failure).toMatch(/^http:\/\/127\.0\.0\.1:2\/cat\.jpg does not answer as expected: [^\n]*ECONNREFUSED/)
  expect(failure).not.toMatch(/^ +at /m)
})

test('a URL with a password is refused before anything is sent', async () => {
  await expect(download(origin.replace('//', '//a:b@'), LIMITS)).rejects.toThrow('without a name and a password')
})

test('a download ends when it is cancelled', async () => {
  await expect(download(`${origin}/slow`, { ...LIMITS, signal: AbortSignal.timeout(50) })).rejects.toThrow()
})

test.each([
  ['https://a.test/photos/cat.jpg?w=1#top', 'cat.jpg'],
  ['https://a.test/a%20b%C3%A9.png', 'a bé.png'],
  ['https://a.test/', 'picture'],
  ['https://a.test', 'picture'],
  ['https://a.test/%2e%2e%2f%2e%2e%2fetc', '_.._etc'],
  ['https://a.test/x/..%5c..%5cwin.ini', '_.._win.ini'],
  ['https://a.test/.hidden', 'hidden'],
  ['https://a.test/...', 'picture'],
  ['https://a.test/cat%00%1b%5d.jpg', 'cat__].jpg'],
  ['https://a.test/%ff.jpg', '%ff.jpg'],
  [`https://a.test/${'x'.repeat(300)}.jpg`, `${'x'.repeat(196)}.jpg`],
  [`https://a.test/${'%C3%A9'.repeat(300)}.jpg`, `${'é'.repeat(98)}.jpg`],
])('the picture of %s is named %s', (url, name) => {
  expect(nameIn(new URL(url))).toBe(name)
})

test.each(['http://a.test/x', 'HTTPS://a.test'])('%s is a URL', (word) => expect(isHttp(word)).toBe(true))
test.each(['photos/cat.jpg', 'ftp://a.test/x', 'file:///x', 'C:\\cat.jpg', 'http:'])('%s is no URL', (word) => {
  expect(isHttp(word)).toBe(false)
})
