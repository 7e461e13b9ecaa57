// Tests that the command line uses the proxy that the environment names. A proxy on loopback forwards requests for
// http, and opens tunnels for https. The hosts do not exist, so only the proxy can answer for them.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { runCli } from '../../support/process/cli.ts'

let folder: string
let proxy: Server
let address: string
const asked: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'proxy-'))
  const picture = await sharp({ create: { width: 8, height: 6, channels: 3, background: '#456' } })
    .jpeg()
    .toBuffer()
  proxy = createServer(({ url }, response) => {
    asked.push(`${url}`)
    response.setHeader('x-sr', 'done; scale=3; model=bicubic')
    response.end(picture)
  })
  proxy.on('connect', ({ url }, socket) => {
    asked.push(`tunnel to ${url}`)
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  proxy.listen(0, '127.0.0.1')
  await new Promise((resolve) => proxy.once('listening', resolve))
  address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
})
beforeEach(() => void asked.splice(0))
afterAll(async () => {
  proxy.closeAllConnections()
  proxy.close()
  await rm(folder, { recursive: true })
})

test('upscale reads a URL through the proxy', async () => {
  const { code } = await runCli(['upscale', 'http://nowhere.invalid/cat.jpg?a=b'], {
    cwd: folder,
    env: { HTTP_PROXY: address },
  })
  expect([code, asked]).toEqual([0, ['http://nowhere.invalid/cat.jpg?a=b']])
  expect(await readdir(folder)).toContain('cat-x3.jpg')
})

test('warm and purge ask through the proxy, http by requests and https by tunnels', async () => {
  await writeFile(path.join(folder, 'list.txt'), 'http://nowhere.invalid/cat.jpg\nhttps://nowhere.invalid/dog.jpg\n')
  const env = { http_proxy: address, https_proxy: address, SR_PURGE_SECRET: 'x'.repeat(32) }
  const warm = await runCli(['warm', 'list.txt'], { cwd: folder, env })
  expect([warm.code, warm.stdout]).toEqual([1, expect.stringContaining('cat.jpg?sr=3: made')])
  const purge = await runCli(['purge', 'https://nowhere.invalid/cat.jpg', '--worker', 'https://away.invalid/_sr/'], {
    env,
  })
  expect([purge.code, purge.stderr]).toEqual([
    1,
    expect.stringMatching(/^https:\/\/away\.invalid\S+ does not answer: /),
  ])
  expect(asked.toSorted()).toEqual([
    'http://nowhere.invalid/cat.jpg?sr=3',
    'tunnel to away.invalid:443',
    'tunnel to nowhere.invalid:443',
  ])
})

test('a host in NO_PROXY is asked directly', async () => {
  const url = `${address}/direct.jpg`
  const env = { HTTP_PROXY: 'http://127.0.0.1:2', NO_PROXY: 'a.invalid,127.0.0.1' }
  expect((await runCli(['upscale', url], { cwd: folder, env })).code).toBe(0)
  expect(asked).toEqual(['/direct.jpg'])
  const without = await runCli(['upscale', url, '--force'], { cwd: folder, env: { ...env, NO_PROXY: '' } })
  expect([without.code, without.stdout]).toEqual([1, expect.stringContaining('ECONNREFUSED')])
})
