// An operator takes a picture back: the origin no longer serves it, and a purge ends what the worker stored. Runs the
// deployed worker with the limits of Workers and R2 (test/support/limitedWorker), which miniflare does not have.
import { createHash } from 'node:crypto'
import { Response } from 'miniflare'
import { beforeEach, describe, expect, test } from 'vitest'
import { sourceName } from '../../worker/cache/key.ts'
import { flatPicture } from '../support/pictures/flat.ts'
import { clockAhead, SETTABLE_CLOCK } from '../support/worker/clock.ts'
import { limitedWorker } from '../support/worker/limited.ts'
import { namesInBucket } from '../support/worker/namesInBucket.ts'
import { askUntil, startSite } from '../support/worker/site.ts'

const SECRET = '00112233445566778899aabbccddeeff'
const EDGE_TTL_SECONDS = 300
const SIZES = [1, 2, 3, 4, 5, 6, 7, 8]
/** Queries for every width, every height, and every width beside every height: 80 variants. */
const SIZE_QUERIES = [undefined, ...SIZES].flatMap((width) =>
  [undefined, ...SIZES].map((height) =>
    [width && `sr-width=${width}`, height && `sr-height=${height}`].filter(Boolean).join('&'),
  ),
)
SIZE_QUERIES.shift() // the one without a size
const YEAR = { 'cache-control': 'max-age=31536000', 'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT' }

const limited = await limitedWorker(SETTABLE_CLOCK)
const site = startSite({
  ...limited,
  vars: { SR_PURGE_SECRET: SECRET, SR_SIZES: SIZES.join(' '), SR_EDGE_TTL_SECONDS: `${EDGE_TTL_SECONDS}` },
  buckets: ['RESULTS_BUCKET'],
})
const { origin, ask, get, untilHit } = site

interface Page {
  readonly status: number
  readonly deleted: number
  readonly elsewhere: string
  readonly cursor?: string
}

/** Purges a page. `calls` is the number of calls after which the worker's calls fail. */
async function purgePage(body: object, calls?: number, askWorker = get): Promise<Page> {
  const headers = { authorization: `Bearer ${SECRET}`, ...(calls === undefined ? {} : { 'x-calls': `${calls}` }) }
  const response = await askWorker('/_sr/purge', { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: response.status, ...((await response.json()) as Omit<Page, 'status'>) }
}

/** Purges a URL to the end. Returns the pages. */
async function purge(path: string, askWorker = get): Promise<Page[]> {
  const pages: Page[] = []
  for (let cursor: string | undefined; ;) {
    const page = await purgePage({ url: `http://site.test${path}`, cursor }, undefined, askWorker)
    expect(page.status, JSON.stringify(page)).toBe(200)
    pages.push(page)
    if (page.cursor === undefined) return pages
    expect(page.cursor).not.toBe(cursor)
    ;({ cursor } = page)
  }
}

/** Does `work` for all items, a few at a time, and returns the results in the order of the items. */
async function forAll<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const rest = items.entries()
  const workThrough = async () => {
    for (const [i, item] of rest) results[i] = await work(item)
  }
  await Promise.all(Array.from({ length: 16 }, workThrough))
  return results
}

const askAll = (paths: readonly string[]) => forAll(paths, (path) => ask(path))

/** Requests all paths, and waits until R2 has `count` entries. */
async function storeAll(paths: readonly string[], count = paths.length): Promise<void> {
  for (const { sr } of await askAll(paths)) expect(sr).toMatch(/^done/)
  const entries = async () => (await namesInBucket(site.worker)).filter((name) => name.startsWith('entries/'))
  await askUntil(entries, ({ length }) => length >= count, `${count} entries in R2`)
}

/** Lets the origin answer 404 for a path. */
function takeDown(...paths: readonly string[]): void {
  for (const path of paths) origin.handle(path, (_, response) => response.writeHead(404).end('gone'))
}

let secondsAhead = 0
/** Sets the worker's clock ahead, so that all copies in its edge cache are too old. */
async function passEdgeTtl(): Promise<void> {
  secondsAhead += EDGE_TTL_SECONDS + 1
  origin.serve('/clock', 'ahead', clockAhead(secondsAhead))
  await ask('/clock')
}

let picture: Buffer
let pictures = 0
beforeEach(async () => {
  const bucket = await site.worker.getR2Bucket('RESULTS_BUCKET')
  for (let names: string[]; (names = await namesInBucket(site.worker)).length > 0;)
    await bucket.delete(names.slice(0, 1000))
  await passEdgeTtl()
  picture = flatPicture(`picture ${pictures++}`)
})

describe('within the limits of Workers and R2', () => {
  test('1,200 variants of a picture are purged in pages, and the picture is gone', async () => {
    origin.serve('/cat.bmp', picture, YEAR)
    const paths = Array.from({ length: 16 }, (_, i) => SIZE_QUERIES.map((query) => `/cat.bmp?x=${i}&${query}`)).flat()
    expect(paths.length).toBeGreaterThan(1200)
    await storeAll(paths)
    takeDown('/cat.bmp')
    const pages = await purge('/cat.bmp')
    expect(pages.length).toBeGreaterThan(1)
    for (const { deleted } of pages.slice(0, -1)) expect(deleted).toBeGreaterThan(0)
    expect(await namesInBucket(site.worker)).toEqual([])
    expect(new Set((await askAll(paths)).map(({ status }) => status))).toEqual(new Set([404]))
  }, 300_000)

  test('a picture with more results than a request can delete is purged in pages', async () => {
    origin.serve('/many.bmp', picture, YEAR)
    await storeAll(['/many.bmp?sr=2'])
    const prefix = (await namesInBucket(site.worker)).find((name) => name.startsWith('results/'))!.replace(/[^/]*$/, '')
    const bucket = await site.worker.getR2Bucket('RESULTS_BUCKET')
    const names = Array.from({ length: 800 }, (_, i) => `${prefix}${i}`)
    await forAll(names, (name) => bucket.put(name, 'x'))
    takeDown('/many.bmp')
    expect((await purge('/many.bmp')).length).toBeGreaterThan(1)
    expect(await namesInBucket(site.worker)).toEqual([])
  })

  test('if there is no R2 bucket, a long list of variants is purged in pages', async () => {
    const {
      get: getFrom,
      ask: askFor,
      untilHit: until,
      worker,
    } = await site.startAnother({
      ...limited,
      vars: { SR_PURGE_SECRET: SECRET },
    })
    origin.serve('/cat.bmp', picture, YEAR)
    const paths = ['/cat.bmp?sr=2', '/cat.bmp?sr=3']
    for (const path of paths) await until(path)
    // Puts 1,300 other variants before the two.
    const { default: edge } = await worker.getCaches()
    const list = `https://sr-cache.invalid/variants/${await sourceName('http://site.test/cat.bmp')}`
    const listed = async () => ((await (await edge.match(list))?.json()) ?? []) as string[]
    const variants = await askUntil(listed, ({ length }) => length === 2, 'both variants in the list')
    const json = JSON.stringify([...Array.from({ length: 1300 }, (_, i) => `x2-${i}`), ...variants])
    const headers = {
      'cache-control': 'max-age=300',
      'content-length': `${json.length}`,
      'x-stored-ms': `${Date.now()}`,
      'x-sha256': createHash('sha256').update(json).digest('hex'),
    }
    await edge.put(list, new Response(json, { headers }))
    takeDown('/cat.bmp')
    const pages = await purge('/cat.bmp', getFrom)
    expect(pages.length).toBeGreaterThan(1)
    expect(pages.at(-1)).toMatchObject({ deleted: 6 })
    expect([await askFor(paths[0]), await askFor(paths[1])].map(({ status }) => status)).toEqual([404, 404])
  })

  // Listing and reading the entries takes 9 calls, deleting the results some 10, and deleting the entries 9.
  test.each([0, 1, 5, 9, 11, 14, 20, 25])(
    'a purge that fails after %i calls is completed by the next one',
    async (calls) => {
      origin.serve('/cat.bmp', picture, YEAR)
      origin.serve('/copy.bmp', picture, YEAR)
      const paths = SIZES.map((width) => `/cat.bmp?sr-width=${width}`)
      await storeAll([...paths, '/copy.bmp?sr=2'])
      takeDown('/cat.bmp', '/copy.bmp')
      const failed = await purgePage({ url: 'http://site.test/cat.bmp' }, calls)
      expect(failed).toMatchObject({ status: 502, error: { code: 'PURGE_FAILED' } })
      await purge('/cat.bmp')
      expect((await namesInBucket(site.worker)).filter((name) => name.startsWith('results/'))).toEqual([])
      await passEdgeTtl()
      expect((await askAll([...paths, '/copy.bmp?sr=2'])).filter(({ status }) => status !== 404)).toEqual([])
    },
  )
})

describe('a purge ends a picture under all URLs:', () => {
  test('under any query, even if the URL itself was never requested', async () => {
    origin.serve('/cat.bmp', picture, YEAR)
    const paths = ['/cat.bmp?x=1&sr=3&sr-quality=40', '/cat.bmp?x=1&sr=2', '/cat.bmp?&sr=2']
    await storeAll(paths)
    takeDown('/cat.bmp')
    const [{ deleted, elsewhere }] = await purge('/cat.bmp')
    expect(deleted).toBeGreaterThanOrEqual(8)
    expect(elsewhere).toBe(`gone within ${EDGE_TTL_SECONDS} s`)
    expect((await askAll(paths)).map(({ status }) => status)).toEqual([404, 404, 404])
    expect(await namesInBucket(site.worker)).toEqual([])
  })

  test('under another URL of the same picture, once the edge cache has dropped it', async () => {
    origin.serve('/cat.bmp', picture, YEAR)
    origin.serve('/c%61t.bmp', picture, YEAR)
    const queries = ['sr=2', 'sr=3', 'sr=4', 'sr-width=7', 'sr-width=8']
    const etags = new Map<string, string>()
    for (const query of queries) etags.set(query, (await untilHit(`/c%61t.bmp?${query}`)).headers.get('etag')!)
    await storeAll(['/cat.bmp?sr=2'], queries.length + 1)
    takeDown('/cat.bmp', '/c%61t.bmp')
    await purge('/cat.bmp')
    await passEdgeTtl()
    // Each request finds a fresh entry without a result.
    const conditional = { 'if-none-match': etags.get('sr=4')! }
    const answers = [
      await ask('/c%61t.bmp?sr=2'),
      await ask('/c%61t.bmp?sr=3', { method: 'HEAD' }),
      await ask('/c%61t.bmp?sr=4', { headers: conditional }),
      await ask('/c%61t.bmp?sr-width=7', { headers: { 'if-modified-since': YEAR['last-modified'] } }),
      await ask('/c%61t.bmp?sr-width=8', { headers: { range: 'bytes=0-9' } }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404])
    const described = await ask('/c%61t.bmp?sr=2&sr-format=json')
    expect(JSON.parse(described.bytes.toString())).toMatchObject({ outcome: 'skipped', reason: 'ORIGIN_STATUS' })
  })

  test('a fresh entry whose result is gone is filled again if the origin still has the picture', async () => {
    origin.serve('/cat.bmp', picture, YEAR)
    origin.serve('/copy.bmp', picture, YEAR)
    const { bytes } = await untilHit('/copy.bmp?sr=2')
    await untilHit('/cat.bmp?sr=2')
    await storeAll(['/copy.bmp?sr=2'], 2)
    await purge('/cat.bmp')
    await passEdgeTtl()
    const again = await ask('/copy.bmp?sr=2')
    expect([again.cacheStatus, again.bytes]).toEqual([expect.stringContaining('fwd=stale; stored'), bytes])
    await untilHit('/copy.bmp?sr=2')
  })

  test('also the pictures that the URL showed earlier, and those that it no longer enlarges', async () => {
    const later = flatPicture(`${pictures} later`)
    origin.serve('/cat.bmp', picture, { 'cache-control': 'max-age=1' })
    origin.serve('/copy.bmp', picture, YEAR)
    await storeAll(['/cat.bmp?sr=2', '/copy.bmp?sr=2'])
    origin.serve('/cat.bmp', later, { 'cache-control': 'max-age=1' })
    origin.serve('/copy2.bmp', later, YEAR)
    await passEdgeTtl()
    await storeAll(['/cat.bmp?sr=2', '/copy2.bmp?sr=2'], 4)
    origin.serve('/cat.bmp', 'GIF89a: not a picture any more', { 'content-type': 'image/gif', ...YEAR })
    await passEdgeTtl()
    await ask('/cat.bmp?sr=2')
    takeDown('/cat.bmp', '/copy.bmp', '/copy2.bmp')
    await purge('/cat.bmp')
    await passEdgeTtl()
    expect((await askAll(['/copy.bmp?sr=2', '/copy2.bmp?sr=2'])).map(({ status }) => status)).toEqual([404, 404])
  })

  test('also those that the first versions stored, under the SHA-256 of the whole URL', async () => {
    const bucket = await site.worker.getR2Bucket('RESULTS_BUCKET')
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
    const put = (name: string, text: string) => bucket.put(name, text, { sha256: sha256(text) })
    const digest = sha256('picture')
    const texts = { digest, result: 'x2', etag: '"a"', type: 'image/png', sr: 'done' }
    for (const url of ['http://site.test/cat.bmp', 'https://site.test/cat.bmp?x=1']) {
      await put(`results/${digest}/x2`, 'result')
      await put(`entries/${sha256(url)}/x2`, JSON.stringify({ ...texts, size: 6, ttlSeconds: 9, freshUntil: 9 }))
      await purge(url.replace(/^.*test/, ''))
      expect(await namesInBucket(site.worker)).toEqual([])
    }
  })

  test('but a purge of a URL with a query spares the other queries, which may be other pictures', async () => {
    origin.handle('/photo', (request, response) => response.writeHead(200, YEAR).end(flatPicture(request.url!)))
    const paths = ['/photo?id=1&sr=2', '/photo?id=2&sr=2', '/photo?sr=2']
    for (const path of paths) await untilHit(path)
    await storeAll(paths)
    await purge('/photo?id=1')
    const [purged, ...others] = await askAll(paths)
    expect(purged.cacheStatus).toMatch(/fwd=miss/)
    expect(others.map(({ cacheStatus }) => cacheStatus)).toEqual(Array(2).fill('edge-srcnn; hit; detail=edge'))
  })
})

test.each(['answers', 'entries:x:0', 'entries:1', 'eyJ9'])(
  'the cursor %j of no purge of a URL is refused',
  async (cursor) => {
    const page = await purgePage({ url: 'http://site.test/cat.bmp', cursor })
    expect(page).toMatchObject({ status: 400, error: { code: 'PURGE_REQUEST' } })
  },
)
