// Tests `npm start` as a process: which address it prints, and that another program's answer is never taken for its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { freePort } from '../../support/servers/freePort.ts'

const ROOT = join(import.meta.dirname, '../../..')
/** A start takes seconds, and minutes on a busy machine that compiles the kernels first. */
const TIMEOUT_MS = 240_000
const SUCCESS = 'A picture, enlarged three times:'

const running: { children: ChildProcess[]; servers: Server[] } = { children: [], servers: [] }
afterEach(async () => {
  for (const child of running.children.splice(0)) {
    if (child.exitCode !== null) continue
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  for (const server of running.servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A server that answers everything with 200, as another edge-srcnn would answer its health check. */
async function otherProgram(port: number, body: string | Buffer = 'healthy'): Promise<number> {
  const server = createServer((_, response) => response.end(body)).listen(port, '127.0.0.1')
  running.servers.push(server)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Runs `npm start -- ...args` until it prints `text` or ends. */
function start(args: readonly string[]) {
  const script = ['--import', 'tsx', 'worker/build/start.ts', ...args]
  const child = spawn(process.execPath, script, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  running.children.push(child)
  let printed = ''
  const waiting: (() => void)[] = []
  const wake = () => waiting.splice(0).forEach((resume) => resume())
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
      wake()
    })
  }
  child.on('close', wake)
  return {
    child,
    async until(text: string): Promise<string> {
      while (!printed.includes(text) && child.exitCode === null) {
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
      return printed
    },
  }
}

test('a port that another program has is refused at once', async () => {
  const port = await otherProgram(0)
  for (const flags of [['--port', `${port}`], [`--port=${port}`]]) {
    const { child, until } = start(flags)
    expect(await until('nothing prints this')).toContain(`port ${port} is taken by another program`)
    expect(child.exitCode).toBe(1)
  }
})

test(
  'if another program takes the port during the build, no success is printed',
  async () => {
    const port = await freePort()
    const { child, until } = start(['--port', `${port}`])
    expect(await until('first build')).toMatch(/^Builds codecs, kernels and pages/)
    await otherProgram(port)
    const printed = await until(SUCCESS)
    expect(printed).not.toContain(SUCCESS)
    expect(printed).toContain('Address already in use')
    expect(child.exitCode).not.toBe(0)
  },
  TIMEOUT_MS,
)

test(
  'with --var ORIGIN_URL the worker enlarges the pictures of that site, and prints its own address',
  async () => {
    const picture = readFileSync(join(ROOT, 'worker/assets/samples/icon.png'))
    const origin = await otherProgram(0, picture)
    const port = await freePort()
    const { until } = start([`--port=${port}`, '--var', `ORIGIN_URL:http://127.0.0.1:${origin}`])
    const printed = await until('Your site')
    expect(printed).toContain(SUCCESS)
    const [address] = /http:\S+harbour.jpg\?sr=3/.exec(printed) ?? []
    expect(new URL(address ?? 'none:').port).toBe(`${port}`)
    const [sample, own] = await Promise.all([fetch(address!), fetch(new URL('/icon.png?sr=2', address))])
    expect([sample.headers.get('x-sr'), own.headers.get('x-sr')]).toEqual([
      expect.stringMatching(/^done; scale=3/),
      expect.stringMatching(/^done; scale=2/),
    ])
  },
  TIMEOUT_MS,
)
