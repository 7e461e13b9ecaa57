// Compares the command line with the deployed worker: both must make the same bytes. Also tests the commands that send
// requests to a worker.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { purge } from '../../worker/cli/purge/purgePage.ts'
import { bmp24 } from '../support/pictures/bmp.ts'
import { runCli } from '../support/process/cli.ts'
import { askUntil, startSite } from '../support/worker/site.ts'

const SIGNING = '00112233445566778899aabbccddeeff'
const PURGING = 'ffeeddccbbaa99887766554433221100'

/** Files that neither the command line nor the worker enlarges. */
const SKIPPED = ['moving.gif', 'page.png']

const site = startSite({
  vars: { SR_PURGE_SECRET: PURGING },
  buckets: ['RESULTS_BUCKET'],
})
const { origin, get, ask } = site
let folder: string
/** Address of the worker, without a slash at the end. */
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-'))
  await mkdir(join(folder, 'in'))
  for (const [name, bytes] of Object.entries(await draw())) {
    await writeFile(join(folder, 'in', name), bytes)
    origin.serve(`/${name}`, bytes, { 'cache-control': 'max-age=3600' })
  }
  url = String(await site.worker.ready).replace(/\/$/, '')
})
afterAll(() => rm(folder, { recursive: true }))

/** Returns files by name: a picture of every kind that is enlarged, and two files that are not enlarged. */
async function draw(): Promise<Record<string, Uint8Array>> {
  const width = 61
  const height = 45
  const data = new Uint8ClampedArray(width * height * 4)
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)]
    const isInside = Math.hypot(x - 30, y - 20) < 14
    data.set([isInside ? 230 : 4 * x, 5 * y, (x ^ y) * 4, isInside ? 255 : Math.min(255, 6 * x)], 4 * i)
  }
  const clear = () => sharp(data, { raw: { width, height, channels: 4 } })
  const opaque = () => clear().removeAlpha()
  const frame = (background: string) =>
    sharp({ create: { width: 8, height: 8, channels: 3, background } })
      .png()
      .toBuffer()
  return {
    'clean.jpg': await opaque().jpeg({ quality: 92 }).toBuffer(),
    'harsh.jpeg': await opaque().jpeg({ quality: 50 }).toBuffer(),
    'turned.jpg': await opaque().jpeg({ quality: 90 }).withMetadata({ orientation: 6 }).toBuffer(),
    'grey.jpg': await opaque().greyscale().jpeg({ quality: 90 }).toBuffer(),
    'profile.jpg': await opaque().jpeg({ quality: 90 }).withIccProfile('p3').toBuffer(),
    'opaque.png': await opaque().png().toBuffer(),
    'clear.png': await clear().png().toBuffer(),
    'palette.png': await opaque().png({ palette: true, colours: 32 }).toBuffer(),
    'lossy.webp': await opaque().webp({ quality: 85 }).toBuffer(),
    'glass.webp': await clear().webp({ lossless: true }).toBuffer(),
    'still.gif': await opaque().gif().toBuffer(),
    'plain.bmp': bmp24({ width, height, data }),
    'moving.gif': await sharp([await frame('#123'), await frame('#987')], { join: { animated: true } })
      .gif()
      .toBuffer(),
    'page.png': new TextEncoder().encode('<!doctype html><title>no picture</title>'),
  }
}

/** Returns the worker's result for a file, or undefined if it serves the original. */
async function served(name: string, query: string): Promise<Uint8Array | undefined> {
  const { status, sr, bytes } = await ask(`/${name}?${query}`)
  expect(status).toBe(200)
  // The comparison needs this build of the kernels, because the plain build makes other bytes.
  if (sr.startsWith('done') && !/bicubic|scale=1/.test(sr)) expect(sr).toContain('engine=fused-relaxed')
  return sr.startsWith('done') ? bytes : undefined
}

test('Node runs the same build of the kernels as workerd', async () => {
  const { stdout } = await runCli(['--version'])
  const health = await get('/_sr/health')
  const { pipeline, engines } = (await health.json()) as { pipeline: number; engines: string }
  expect(engines).toContain('fused-relaxed')
  expect(stdout).toBe(`edge-srcnn 0.1.0, pipeline ${pipeline}, kernels fused-relaxed, node ${process.version}\n`)
})

interface Line {
  readonly input: string
  readonly outcome: string
  readonly output: string
  readonly reason?: string
}

describe('for a folder of pictures, the command line writes the same bytes that the worker serves:', () => {
  test.each([
    ['-s 2', 'sr=2'],
    ['-s 3', 'sr=3'],
    ['-s 4 --format jpeg --quality 75', 'sr=4&sr-format=jpeg&sr-quality=75'],
    ['-s 2 --format webp --model quality', 'sr=2&sr-format=webp&sr-model=quality'],
    ['-s 3 --format png --model bicubic', 'sr=3&sr-format=png&sr-model=bicubic'],
    ['--width 320', 'sr-width=320'],
    ['--width 640 --height 320 --format jpeg', 'sr-width=640&sr-height=320&sr-format=jpeg'],
  ])('%s makes what ?%s serves', async (line, query) => {
    const args = ['upscale', 'in', '-o', `out ${query}`, '--json', ...line.split(' ')]
    const { code, stdout, stderr } = await runCli(args, { cwd: folder })
    expect(code, stderr).toBe(0)
    const lines = stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as Line)
    expect(lines.length).toBe(14)
    let compared = 0
    for (const { input, outcome, output, reason } of lines) {
      const name = input.replace('in/', '')
      const expected = await served(name, query)
      expect(outcome === 'done', `${name}: ${outcome} ${reason}`).toBe(expected !== undefined)
      if (!expected) continue
      const made = await readFile(join(folder, output))
      expect(Buffer.compare(made, expected), `${name}?${query}`).toBe(0)
      compared++
    }
    expect(compared).toBe(14 - SKIPPED.length)
  })
})

test('a picture beyond the limits of the worker is enlarged on the command line', async () => {
  const large = await sharp({ create: { width: 2100, height: 1000, channels: 3, background: '#456' } })
    .png()
    .toBuffer()
  origin.serve('/large.png', large)
  await writeFile(join(folder, 'large.png'), large)
  expect(await served('large.png', 'sr=2')).toBeUndefined()
  const { code } = await runCli(['upscale', 'large.png', '-s', '2', '--model', 'bicubic'], { cwd: folder })
  expect(code).toBe(0)
  const { width } = await sharp(join(folder, 'large-x2.png')).metadata()
  expect(width).toBe(4200)
})

test('a URL that was signed on the command line is served', async () => {
  const signing = await site.startAnother({ vars: { SR_SIGNING_KEYS: `a:${SIGNING}` } })
  const address = `${String(await signing.worker.ready).replace(/\/$/, '')}/clean.jpg?sr=2`
  const env = { SR_SECRET: SIGNING }
  const { stdout } = await runCli(['sign', address, '--key', 'a', '--expires', '600'], { env })
  const [plain, signed] = await Promise.all([fetch(address), fetch(stdout.trim())])
  expect([plain.status, signed.status]).toEqual([403, 200])
  expect(signed.headers.get('x-sr')).toMatch(/^done/)

  const warm = (...more: string[]) => runCli(['warm', '-', '--sr', '3', ...more], { env, stdin: address })
  expect((await warm()).stdout).toMatch(/failed, 403 expected a signed URL/)
  const warmed = await warm('--key', 'a')
  expect(warmed.stdout).toMatch(/clean\.jpg\?sr=3: made/)
  expect(warmed.code).toBe(0)
})

test('warm makes the results for a sitemap once, and makes them again after a purge', async () => {
  const images = ['clean.jpg', 'opaque.png', 'moving.gif', 'missing.jpg'].map(
    (name) => `<image:image><image:loc>${url}/${name}?v=1&amp;sr=2</image:loc></image:image>`,
  )
  origin.serve(
    '/pages.xml',
    `<?xml version="1.0" encoding="UTF-8"?>
    <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
      xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
      <url><loc>${url}/page</loc>${images.join('')}</url>
    </urlset>`,
  )
  origin.serve(
    '/sitemap.xml',
    `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
      <sitemap><loc>${origin.url}/pages.xml</loc></sitemap>
    </sitemapindex>`,
  )
  const warm = () =>
    runCli(['warm', `${origin.url}/sitemap.xml`, '--sr', '3', '--width', '320,640', '--format', 'auto'])
  const first = await warm()
  expect(first.stderr).toMatch(/^0 there already, 6 made, 6 left out: ANIMATED 3, ORIGIN_STATUS 3, 0 failed/m)
  expect(first.stdout).toContain(`${url}/clean.jpg?v=1&sr-width=640&sr-format=auto: made`)
  const agents = new Set(
    origin.asked.filter(({ url: path }) => path.endsWith('.xml')).map(({ headers }) => headers['user-agent']),
  )
  expect([...agents]).toEqual(['edge-srcnn/0.1.0 (warm)'])

  // Warms until all results are kept, because the worker stores a result only after it has answered.
  const again = await askUntil(warm, ({ stderr }) => stderr.startsWith('6 there'), 'that all six are kept')
  expect(again.stderr).toMatch(/^6 there already, 0 made/)

  const env = { SR_PURGE_SECRET: PURGING, SR_WORKER: `${url}/_sr/` }
  const purged = await runCli(['purge', `${url}/clean.jpg?v=1`], { env })
  expect(purged.stdout).toMatch(/clean\.jpg\?v=1: [1-9]\d* deleted; elsewhere: gone within 300 s\n$/)
  expect((await warm()).stderr).toMatch(/^3 there already, 3 made/)
})

test('purge --model deletes the results of a model, over several pages of an R2 list', async () => {
  const bucket = await site.worker.getR2Bucket('RESULTS_BUCKET')
  await served('grey.jpg', 'sr=2&sr-model=srcnn')
  const find = async () => (await bucket.list()).objects.map(({ key }) => key).find((key) => key.includes('-srcnn@'))
  const kept = await askUntil(find, (name) => name !== undefined, 'a name of a result by srcnn')
  const variant = kept!.split('/')[2]
  for (let i = 0; i < 300; i++) await bucket.put(`results/${i}/${variant}`, 'x')
  const args = ['purge', '--model', 'srcnn', '--worker', `${url}/_sr/`]
  const { code, stdout } = await runCli(args, { env: { SR_PURGE_SECRET: PURGING } })
  expect(code).toBe(0)
  expect(Number(/^srcnn: (\d+) deleted/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(302)
  expect(await find()).toBeUndefined()
  const refused = await runCli(args, { env: { SR_PURGE_SECRET: SIGNING } })
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringContaining('answered 401: expected the purge secret'),
  ])
})

test('purge sends its secret to the worker that is named, and never to the host of a URL', async () => {
  const asked = origin.asked.length
  const env = { SR_PURGE_SECRET: PURGING }
  const args = ['purge', `${origin.url}/clean.jpg`]
  const unnamed = await runCli(args, { env })
  expect([unnamed.code, unnamed.stderr]).toEqual([2, expect.stringContaining('or the variable SR_WORKER')])
  const named = await runCli([...args, '--worker', `${url}/_sr/`], { env: { ...env, SR_WORKER: `${origin.url}/_sr/` } })
  expect([named.code, named.stdout]).toEqual([0, expect.stringContaining('clean.jpg: 0 deleted')])
  expect(origin.asked.slice(asked)).toEqual([])
})

test('purge follows the cursors of a URL to the end, and a purge that failed can be repeated', async () => {
  const pages: { status: number; body: object }[] = [
    { status: 200, body: { deleted: 600, elsewhere: 'later', cursor: 'entries:0:600' } },
    { status: 502, body: { error: { code: 'PURGE_FAILED', message: 'no answer within 10000 ms' } } },
    { status: 200, body: { deleted: 500, elsewhere: 'later', cursor: 'entries:0:500' } },
    { status: 200, body: { deleted: 7, elsewhere: 'gone within 300 s' } },
  ]
  const bodies: string[] = []
  origin.handle('/_sr/purge', (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      const page = pages[bodies.length]
      bodies.push(body)
      response.writeHead(page.status).end(JSON.stringify(page.body))
    })
  })
  const picture = 'https://www.example.com/cat.jpg'
  const run = () => runCli(['purge', picture, '--worker', `${origin.url}/_sr/`], { env: { SR_PURGE_SECRET: PURGING } })
  const failed = await run()
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('no answer within 10000 ms')])
  const { code, stdout } = await run()
  expect([code, stdout]).toEqual([0, `${picture}: 507 deleted; elsewhere: gone within 300 s\n`])
  const first = { url: picture }
  expect(bodies.map((body) => JSON.parse(body) as unknown)).toEqual([
    first,
    { ...first, cursor: 'entries:0:600' },
    first,
    { ...first, cursor: 'entries:0:500' },
  ])

  // The line of progress shows what is deleted so far.
  const told: number[] = []
  const more = [3, 4, 5].map((deleted, i) => ({
    deleted,
    elsewhere: 'later',
    cursor: i < 2 ? `entries:0:${i}` : undefined,
  }))
  pages.push(...more.map((body) => ({ status: 200, body })))
  await purge(new URL(`${origin.url}/_sr/purge`), first, PURGING, (deleted) => told.push(deleted))
  expect(told).toEqual([3, 7])
})

test('no partial files are left beside the results', async () => {
  const names = await readdir(folder, { recursive: true })
  expect(names.filter((name) => name.includes('.part'))).toEqual([])
})
