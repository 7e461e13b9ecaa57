// Runs the package in Bun and in Deno: the middleware behind each runtime's own server, and the command line. Both must
// make the bytes that Node makes with the engine that they name. The oracles are Node as it is, and Node that does without
// the processor's fused multiply-add, so that it runs the plain kernels.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createNewApp, type NewApp } from '../../support/package/newApp.ts'
import { ROOT } from '../../support/worker/worker.ts'

const BUN = 'bun@1.4.5'
const DENO = 'deno@2.9.6'
const SAMPLES = join(ROOT, 'worker/assets/samples')
const PICTURES = ['bird.jpg', 'icon.png', 'fabric.webp']

const SERVER = `
import { readFile } from 'node:fs/promises'
import { Hono } from 'hono'
import { serve } from '@hono/node-server'
import { superResolution } from 'edge-srcnn'

const app = new Hono()
app.use('*', superResolution())
app.get('/:name', async (c) => c.body(await readFile(c.req.param('name'))))
const [hostname, port] = ['127.0.0.1', 0]
if (globalThis.Bun) console.log(Bun.serve({ hostname, port, fetch: app.fetch }).port)
else if (globalThis.Deno) Deno.serve({ hostname, port, onListen: (at) => console.log(at.port) }, app.fetch)
else serve({ hostname, port, fetch: app.fetch }, (at) => console.log(at.port))
`

/** A program, and the arguments before the script's name. */
type Runtime = readonly [string, ...string[]]

let app: NewApp
const started: ChildProcess[] = []
/** Node as it is, and Node that runs the plain kernels. Only on x64 can it be told to. */
let relaxed: Site
let plain: Site

type RuntimeName = 'node' | 'plain node' | 'bun' | 'deno'

interface Site {
  readonly origin: string
}

/** `rights` are flags of Deno: without them it refuses what they name. */
function runtimeOf(name: RuntimeName, rights: readonly string[]): Runtime {
  if (name === 'node') return [process.execPath]
  if (name === 'plain node') return [process.execPath, '--no-enable-fma3']
  const deno = join(app.folder, 'node_modules/deno/bin.cjs')
  if (name === 'deno') return [process.execPath, deno, 'run', '--no-prompt', ...rights]
  return [join(app.folder, 'node_modules/.bin/bun')]
}

async function startSite(name: RuntimeName): Promise<Site> {
  const [program, ...args] = runtimeOf(name, ['--allow-net', '--allow-read'])
  // A group of its own, because Deno's program is a child of its starter.
  const child = spawn(program, [...args, 'serve.js'], { cwd: app.folder, detached: true, stdio: ['ignore', 'pipe', 2] })
  started.push(child)
  const [port] = (await once(createInterface(child.stdout!), 'line')) as [string]
  return { origin: `http://127.0.0.1:${port}` }
}

beforeAll(async () => {
  app = createNewApp(['hono', '@hono/node-server', BUN, DENO], { 'serve.js': SERVER })
  // Bun's program is put in its place by an install script, and scripts are switched off.
  execFileSync('npm', ['rebuild', 'bun', '--ignore-scripts=false'], { cwd: app.folder, stdio: 'ignore' })
  for (const name of PICTURES) cpSync(join(SAMPLES, name), join(app.folder, name))
  // This one has an ICC profile, which the codecs copy.
  await sharp(join(SAMPLES, 'icon.png')).resize(90, 70).withIccProfile('p3').png().toFile(join(app.folder, 'p3.png'))
  ;[relaxed, plain] = [await startSite('node'), await startSite('plain node')]
})
afterAll(() => {
  for (const { pid } of started) process.kill(-pid!)
  app?.remove()
})

async function ask({ origin }: Site, path: string) {
  const answer = await fetch(`${origin}/${path}`)
  const bytes = Buffer.from(await answer.arrayBuffer())
  const xSr = answer.headers.get('x-sr') ?? ''
  return { status: answer.status, etag: answer.headers.get('etag'), xSr, engine: engineIn(xSr), bytes }
}

const engineIn = (text: string) => /fused-\w+/.exec(text)?.[0]

const PATHS = [
  'bird.jpg?sr=2',
  'icon.png?sr=2',
  'icon.png?sr=3&sr-model=srcnn',
  'fabric.webp?sr=2',
  'p3.png?sr=4&sr-model=quality',
  'bird.jpg?sr-width=960&sr-format=webp',
]

test('the two builds of the kernels differ in these pictures, so that a wrong name of the engine shows', async () => {
  const [one, other] = [await ask(relaxed, 'icon.png?sr=2'), await ask(plain, 'icon.png?sr=2')]
  expect([one.engine, other.engine]).toEqual(['fused-relaxed', 'fused-plain'])
  expect(one.bytes.equals(other.bytes)).toBe(false)
  expect(one.etag).not.toBe(other.etag)
})

describe.each(['bun', 'deno'] as const)('%s', (name) => {
  test('serves the bytes, the ETag and the X-SR of Node with the engine that X-SR names', async () => {
    const site = await startSite(name)
    for (const path of PATHS) {
      const got = await ask(site, path)
      const want = await ask(got.engine === 'fused-plain' ? plain : relaxed, path)
      expect([path, got.status, got.xSr, got.etag]).toEqual([path, 200, want.xSr, want.etag])
      expect(got.engine, path).toBeDefined()
      expect(got.bytes.equals(want.bytes), path).toBe(true)
    }
  })

  test('runs the command line, which names its engine, makes the same files as Node and ends', async () => {
    const version = await runCli(name, ['--version'])
    const [, number] = { bun: BUN, deno: DENO }[name].split('@')
    expect(version).toMatch(new RegExp(`kernels fused-(relaxed|plain), ${name} ${number}\\n$`))
    const twin = engineIn(version) === 'fused-plain' ? 'plain node' : 'node'
    const inputs = [...PICTURES, 'p3.png']
    await runCli(name, ['upscale', ...inputs, '-s', '2', '-o', `made-by-${name}`, '--jobs', '2'])
    await runCli(twin, ['upscale', ...inputs, '-s', '2', '-o', `twin-of-${name}`])
    for (const file of ['bird-x2.jpg', 'icon-x2.png', 'fabric-x2.webp', 'p3-x2.png']) {
      const made = readFileSync(join(app.folder, `made-by-${name}`, file))
      expect(made.equals(readFileSync(join(app.folder, `twin-of-${name}`, file))), file).toBe(true)
    }
  })
})

/** Runs the package's command and returns what it prints. Fails if it does not end. */
async function runCli(name: RuntimeName, args: readonly string[]): Promise<string> {
  const [program, ...before] = runtimeOf(name, ['--allow-all'])
  const command = [...before, 'node_modules/edge-srcnn/lib/cli-main.js', ...args]
  return (await promisify(execFile)(program, command, { cwd: app.folder, timeout: 60_000, encoding: 'utf8' })).stdout
}
