// Many addresses, few results: what gives the same bytes is stored once, has one ETag, and has one entry as far as that
// is known before the origin is asked. test/unit/request/variants.test.ts counts the keys of all addresses.
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { FORMATS, QUALITIES } from '../../worker/client/allowed.ts'
import { signUrl } from '../../worker/signature.ts'
import { drawPicture } from '../support/pictures/edges.ts'
import { namesInBucket } from '../support/worker/namesInBucket.ts'
import { type ReadResponse, startSite } from '../support/worker/site.ts'

const SECRET = '00112233445566778899aabbccddeeff'
const WEBP = { headers: { accept: 'image/webp,*/*' } }
const logged: string[] = []
const site = startSite({
  buckets: ['RESULTS_BUCKET'],
  vars: { SR_PURGE_SECRET: SECRET },
  log: (line) => void logged.push(line),
})
const { origin, ask, get, untilHit } = site
const kept = { 'cache-control': 'max-age=6000' }

beforeAll(async () => {
  const { width, height, data } = drawPicture(80, 60, 7)
  const picture = sharp(Buffer.from(data.buffer), { raw: { width, height, channels: 4 } }).removeAlpha()
  origin.serve('/clean.png', await picture.png().toBuffer(), kept)
  origin.serve('/clean.jpg', await picture.jpeg({ quality: 95 }).toBuffer(), kept)
  origin.serve('/coarse.jpg', await picture.jpeg({ quality: 60 }).toBuffer(), kept)
})

/** Deletes everything that is stored for a picture, and returns how many entries and results that was. */
async function purge(path: string) {
  const before = [await namesInBucket(site.worker, 'entries/'), await namesInBucket(site.worker, 'results/')]
  const response = await get('/_sr/purge', {
    method: 'POST',
    headers: { authorization: `Bearer ${SECRET}` },
    body: JSON.stringify({ url: `http://site.test${path}` }),
  })
  expect(response.status).toBe(200)
  await response.arrayBuffer()
  const after = [await namesInBucket(site.worker, 'entries/'), await namesInBucket(site.worker, 'results/')]
  const [entries, results] = before.map((names, i) => names.length - after[i].length)
  return { entries, results }
}

const etagOf = ({ headers }: ReadResponse) => headers.get('etag')

describe('if a picture is asked for at all addresses of two sizes that come to the same plan,', () => {
  const MODELS = [
    'auto',
    'bicubic',
    'fast',
    'fast-jpeg',
    'quality',
    'quality-jpeg',
    'srcnn',
    'srcnn-free',
    'srcnn-jpeg',
  ]

  test('R2 has an object for each different result, and an entry for each key', async () => {
    const bytes = new Set<string>()
    const etags = new Set<string | null>()
    const askFor = async (query: string) => {
      const answer = await ask(`/coarse.jpg?${query}`, WEBP)
      expect([answer.status, answer.sr], query).toEqual([200, expect.stringMatching(/^done; scale=4/)])
      bytes.add(answer.bytes.toString('base64'))
      etags.add(etagOf(answer))
    }
    for (const size of ['sr=4', 'sr-width=320'])
      for (const format of FORMATS)
        for (const quality of QUALITIES) {
          const query = `${size}&sr-format=${format}&sr-quality=${quality}`
          await Promise.all(MODELS.map((model) => askFor(`${query}&sr-model=${model}`)))
        }
    // Bicubic and 7 networks, each as PNG, and as JPEG and WebP in 2 qualities
    expect([bytes.size, etags.size]).toEqual([8 * 5, 8 * 5])
    // 2 sizes; `source`, `auto`, JPEG and WebP in 2 qualities, and PNG; `auto`, `bicubic` and 7 networks
    expect(await purge('/coarse.jpg')).toEqual({ entries: 2 * 9 * 9, results: 8 * 5 })
  }, 300_000)
})

test.each([
  ['the default quality, which needs no name', '/clean.jpg', 'sr=2', 'sr=2&sr-quality=85'],
  ['a quality of a PNG', '/clean.jpg', 'sr=2&sr-format=png', 'sr=2&sr-format=png&sr-quality=75'],
  ['a former quality and the one that is made instead', '/clean.jpg', 'sr=2&sr-quality=75', 'sr=2&sr-quality=60'],
])('%s: both addresses have one entry', async (_, path, query, other) => {
  const first = await untilHit(`${path}?${query}`)
  const second = await ask(`${path}?${other}`)
  expect(second.cacheStatus).toMatch(/hit/)
  expect([etagOf(second), second.sr]).toEqual([etagOf(first), first.sr])
  expect(await purge(path)).toEqual({ entries: 1, results: 1 })
})

test.each([
  ["the picture's own format and its name", '/clean.jpg', 'sr=2', 'sr=2&sr-format=jpeg'],
  ['the format that a browser gets and its name', '/clean.jpg', 'sr=2&sr-format=auto', 'sr=2&sr-format=webp'],
  ["the operator's model and its name", '/clean.jpg', 'sr=2', 'sr=2&sr-model=fast'],
  ['the weights for JPEGs and their name', '/coarse.jpg', 'sr=2', 'sr=2&sr-model=fast-jpeg'],
  ['a scale and a width that come to the same', '/clean.jpg', 'sr=4', 'sr-width=320'],
  ['two widths beyond the largest result', '/clean.jpg', 'sr-width=640', 'sr-width=960&sr-height=2560'],
  ['a quality of what becomes a PNG', '/clean.png', 'sr=2', 'sr=2&sr-quality=75'],
])('%s: both addresses have one result, with one ETag', async (_, path, query, other) => {
  const first = await untilHit(`${path}?${query}`, WEBP)
  const second = await ask(`${path}?${other}`, WEBP)
  expect(second.cacheStatus).toContain('detail=same-picture')
  expect(etagOf(second)).toBe(etagOf(first))
  expect(second.bytes.equals(first.bytes)).toBe(true)
  await untilHit(`${path}?${other}`, WEBP)
  expect(await purge(path)).toEqual({ entries: 2, results: 1 })
})

test('a former quality is answered, X-SR and the description name the quality that is made, and the log says so once', async () => {
  const first = await ask('/clean.jpg?sr=2&sr-quality=95')
  expect([first.status, first.sr]).toEqual([200, expect.stringMatching(/; quality=85$/)])
  const described = await ask('/clean.jpg?sr=2&sr-quality=95&sr-format=json')
  expect(JSON.parse(described.bytes.toString())).toMatchObject({ outcome: 'done', result: { quality: 85 } })
  await ask('/clean.jpg?sr=3&sr-quality=95')
  expect((await ask('/clean.jpg?sr=2&sr-format=png')).sr).not.toContain('quality')
  // The isolate has been asked for this quality in an earlier test, too.
  expect(logged.filter((line) => line.includes('deprecated: sr-quality=95'))).toHaveLength(1)
  expect((await ask('/clean.jpg?sr=2&sr-quality=84')).status).toBe(400)
})

test('a signed URL with a former quality is still valid', async () => {
  const { ask: askSigned } = await site.startAnother({ vars: { SR_SIGNING_KEYS: `a:${SECRET}` } })
  for (const query of ['sr=2&sr-quality=60', 'sr-width=333&sr-quality=75', 'sr=2&sr-model=srcnn-jpeg&sr-quality=40']) {
    const url = `http://site.test/coarse.jpg?${query}`
    const { status, sr } = await askSigned(await signUrl(url, { key: 'a', secret: SECRET, expires: 600 }))
    expect([status, sr]).toEqual([200, expect.stringMatching(/^done.*; quality=75$/)])
    expect((await askSigned(url)).status).toBe(403)
  }
})

test("the operator's variables narrow what is accepted", async () => {
  const vars = { SR_FORMATS: 'auto webp', SR_QUALITIES: '50 90', SR_MODELS: 'quality' }
  const narrow = await site.startAnother({ vars })
  const seen = async (query: string) => {
    const { status, sr, bytes } = await narrow.ask(`/clean.jpg?${query}`)
    return status === 200 ? sr : `${status} ${bytes.toString()}`
  }
  expect(await seen('sr=2')).toMatch(/^done; .*"fast@.*; quality=90$/)
  expect(await seen('sr=2&sr-quality=65&sr-format=webp&sr-model=quality')).toMatch(/^done; .*"quality@.*; quality=50$/)
  expect(await seen('sr=2&sr-format=source')).toMatch(/^400 .*sr-format must be one of auto, webp, json, got .*source/)
  expect(await seen('sr=2&sr-model=fast')).toMatch(/^400 .*sr-model must be one of auto, quality, got .*fast/)
  expect(await seen('sr=2&sr-model=bicubic')).toMatch(/^400 /)
})
