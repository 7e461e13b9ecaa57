// Runs the two apps of the README, one in Node and one in workerd, as new projects that use only what npm installs.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Miniflare } from 'miniflare'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasRelaxedSimd } from '../../worker/platform/nodeFiles.ts'
import { bytesOnDisk, createNewApp, install, type NewApp, readmeExample } from '../support/package/newApp.ts'
import { MANIFEST } from '../support/package/pack.ts'
import { modulesOf, ROOT } from '../support/worker/worker.ts'

const SAMPLES = join(ROOT, 'worker/assets/samples')
const PICTURES = ['bird.jpg', 'icon.png', 'fabric.webp']
const COMPATIBILITY_DATE = '2026-04-01'
const WRANGLER = `name = "app"\nmain = "index.ts"\ncompatibility_date = "${COMPATIBILITY_DATE}"\n`

/** A new app with the packages `edge-srcnn` and Hono. */
let app: NewApp
let installedBytes: number
let server: ChildProcess
let origin: string
let worker: Miniflare

beforeAll(async () => {
  app = createNewApp(['hono'], {
    'index.js': readmeExample('js'),
    'index.ts': readmeExample('ts'),
    'wrangler.toml': WRANGLER,
  })
  installedBytes = bytesOnDisk(join(app.folder, 'node_modules'))
  worker = await startWorkerApp()
  install(app.folder, '@hono/node-server')
  await startNodeApp()
})
afterAll(async () => {
  server?.kill()
  await worker?.dispose()
  app?.remove()
})

async function startWorkerApp(): Promise<Miniflare> {
  const bundle = join(app.folder, 'out')
  execFileSync(join(ROOT, 'node_modules/.bin/wrangler'), ['deploy', '--dry-run', '--outdir', bundle], {
    cwd: app.folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
  })
  const miniflare = new Miniflare({
    compatibilityDate: COMPATIBILITY_DATE,
    modules: modulesOf(bundle),
    r2Buckets: ['UPLOADS'],
    cf: false,
  })
  const bucket = await miniflare.getR2Bucket('UPLOADS')
  for (const name of PICTURES) await bucket.put(name, new Uint8Array(readFileSync(join(SAMPLES, name))))
  return miniflare
}

async function startNodeApp(): Promise<void> {
  mkdirSync(join(app.folder, 'uploads'))
  for (const name of PICTURES) cpSync(join(SAMPLES, name), join(app.folder, 'uploads', name))
  server = spawn(process.execPath, ['index.js'], {
    cwd: app.folder,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface(server.stdout!), 'line')) as [string]
  origin = new URL(line).origin
}

const fromNode = (path: string) => fetch(`${origin}${path}`)
const fromWorker = (path: string) => worker.dispatchFetch(`http://app.test${path}`)

test('an app with the package and Hono takes less than 12 MB on disk', () => {
  expect(installedBytes).toBeLessThan(12_000_000)
})

test.each(PICTURES)('%s is enlarged to the same bytes in Node and in workerd', async (name) => {
  const answers = [await fromNode(`/uploads/${name}?sr=2`), await fromWorker(`/uploads/${name}?sr=2`)]
  const [there, here] = await Promise.all(answers.map(async (answer) => Buffer.from(await answer.arrayBuffer())))
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  const small = await sharp(join(SAMPLES, name)).metadata()
  const { width, height } = await sharp(there).metadata()
  expect([width, height]).toEqual([2 * small.width, 2 * small.height])
  // workerd runs the relaxed kernels. The plain kernels round differently, so without relaxed SIMD the bytes may
  // differ.
  const arithmetic = hasRelaxedSimd() ? 'relaxed' : 'plain'
  expect(answers[0].headers.get('x-sr')).toContain(`engine=fused-${arithmetic}`)
  if (arithmetic === 'relaxed') expect(there.equals(here)).toBe(true)
})

test('Node stores no result if no store is configured, and Cache-Status says so', async () => {
  for (let i = 0; i < 2; i++) {
    const answer = await fromNode('/uploads/bird.jpg?sr=2')
    await answer.arrayBuffer()
    expect(answer.headers.get('cache-status')).toBe('edge-srcnn; fwd=miss')
  }
})

test('all weights are available in Node', async () => {
  const answer = await fromNode('/uploads/icon.png?sr=2&sr-model=quality')
  await answer.arrayBuffer()
  expect(answer.headers.get('x-sr')).toContain('model="quality@')
})

test("the package's command makes the same file as the app serves", async () => {
  const command = join(app.folder, 'node_modules/.bin/edge-srcnn')
  const options = { cwd: app.folder, encoding: 'utf8' } as const
  expect(execFileSync(command, ['--version'], options)).toContain(`edge-srcnn ${MANIFEST.version}`)
  execFileSync(command, ['upscale', 'uploads', '-s', '2', '-o', 'large', '--jobs', '2', '--quality', '80'], {
    ...options,
    stdio: 'ignore',
  })
  const made = readFileSync(join(app.folder, 'large/bird-x2.jpg'))
  const served = await fromNode('/uploads/bird.jpg?sr=2')
  expect(made.equals(Buffer.from(await served.arrayBuffer()))).toBe(true)
})

test('in the edge runtime, the import says which runtime to use', () => {
  const args = ['--conditions=edge-light', '--input-type=module', '--eval', "import 'edge-srcnn'"]
  const { stderr } = spawnSync(process.execPath, args, { cwd: app.folder, encoding: 'utf8' })
  expect(stderr).toContain("use the runtime nodejs, which is Next.js' default")
})

test('without the parameter sr, both apps serve the original', async () => {
  const original = readFileSync(join(SAMPLES, 'bird.jpg'))
  for (const answer of [await fromNode('/uploads/bird.jpg'), await fromWorker('/uploads/bird.jpg')]) {
    expect(Buffer.from(await answer.arrayBuffer()).equals(original)).toBe(true)
  }
})

test('an app with edge-srcnn/node can store results in any object that has the methods of a bucket', () => {
  writeFileSync(join(app.folder, 'kept.js'), KEPT)
  const printed = execFileSync(process.execPath, ['kept.js'], { cwd: app.folder, encoding: 'utf8' })
  expect(printed.trim().split('\n')).toEqual(['edge-srcnn; fwd=miss; stored', 'edge-srcnn; hit; detail=r2'])
})

const KEPT = `
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Hono } from 'hono'
import { createSuperResolution, loadPlatform } from 'edge-srcnn/node'

const files = new Map()
const results = {
  async get(key) {
    const bytes = files.get(key)
    const sha256 = bytes && createHash('sha256').update(bytes).digest('hex')
    if (!bytes) return null
    const checksums = { toJSON: () => ({ sha256 }) }
    return { etag: '', checksums, body: bytes, arrayBuffer: async () => bytes.slice().buffer }
  },
  async put(key, bytes) { files.set(key, bytes) },
}
const app = new Hono()
app.use('*', createSuperResolution(await loadPlatform())({ results }))
app.get('*', async (c) => c.body(await readFile('uploads/icon.png')))
for (let i = 0; i < 2; i++) {
  const answer = await app.request('/icon.png?sr=2')
  await answer.arrayBuffer()
  await new Promise((resolve) => setTimeout(resolve, 100))
  console.log(answer.headers.get('cache-status'))
}
`
