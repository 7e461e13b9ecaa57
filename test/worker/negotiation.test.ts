// Origins that choose a format by Accept, such as image CDNs. The worker asks them with an Accept of its own, so what they
// choose was not chosen for the visitor.
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { startSite } from '../support/worker/site.ts'

const { origin, ask, startAnother } = startSite()

type Type = 'image/jpeg' | 'image/png' | 'image/webp' | 'image/avif'
const files = new Map<string, Buffer>()
beforeAll(async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  const picture = () => sharp({ create: { width: 24, height: 16, channels: 3, background: '#47a', noise } })
  files.set('image/jpeg', await picture().jpeg().toBuffer())
  files.set('image/png', await picture().png().toBuffer())
  files.set('image/webp', await picture().webp().toBuffer())
  files.set('image/avif', await picture().avif().toBuffer())
  const transparent = sharp({
    create: { width: 24, height: 16, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0.5 } },
  })
  files.set('transparent', await transparent.webp().toBuffer())
})

const VISITORS = [
  'image/jpeg',
  'image/webp',
  'image/png, image/jpeg;q=0.5',
  'image/webp, */*;q=0',
  'image/webp;q=0, */*',
  'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8',
  'image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5',
  '*/*',
]

/** True if the most specific range of Accept that contains the type has no `q=0`. */
function takes(accept: string, type: string): boolean {
  const ranges = accept.split(',').map((range) => range.split(';').map((part) => part.trim()))
  const found = [type, 'image/*', '*/*'].map((name) => ranges.find(([range]) => range === name)).find(Boolean)
  return found !== undefined && !found.includes('q=0')
}

let count = 0
/** Lets the origin serve a new path, in the type that `choose` returns for an Accept. Returns the path. */
function serve(choose: (accept: string) => string, headers: Record<string, string>): string {
  const path = `/${count++}`
  origin.handle(path, (request, response) => {
    const type = choose(request.headers.accept ?? '*/*')
    response.writeHead(200, { 'content-type': type, 'cache-control': 'max-age=600', ...headers }).end(files.get(type))
  })
  return path
}

const byName = (accept: string) => (/image\/webp(?!;q=0)/.test(accept) ? 'image/webp' : 'image/jpeg')

describe('if an origin chooses WebP by Accept,', () => {
  test.each([
    ['Accept', ''],
    ['accept', ''],
    ['Accept-Encoding, Accept', ''],
    ['Accept,Accept-Encoding', '&sr-format=source'],
    ['Accept', '&sr-format=auto'],
    ['Accept', '&sr-format=png'],
    ['Accept, User-Agent', ''],
    ['*', ''],
    ['Accept, Save-Data, DPR, Width', ''],
  ])('each visitor gets a format that they take, or that the URL names (Vary: %s%s)', async (vary, format) => {
    const path = serve(byName, { vary })
    for (let round = 0; round < 2; round++) {
      for (const accept of VISITORS) {
        const { sr, headers } = await ask(`${path}?sr=2${format}`, { headers: { accept } })
        expect(sr).toMatch(/^done/)
        const type = headers.get('content-type')!
        if (format === '&sr-format=png') expect(type).toBe('image/png')
        else expect([accept, headers.get('vary') === 'Accept' || takes(accept, type)]).toEqual([accept, true])
        if (!format.endsWith('auto')) expect(type).not.toBe('image/webp')
      }
    }
  })

  test('a 304 and a redirect with Vary: Accept say so, too', async () => {
    const from = `/${count++}`
    const to = serve(byName, { vary: 'Accept-Encoding' })
    origin.handle(from, (_, response) =>
      response.writeHead(301, { location: to, vary: 'Accept', 'cache-control': 'max-age=600' }).end(),
    )
    const redirected = await ask(`${from}?sr=2`, { headers: { accept: 'image/jpeg' } })
    expect(['content-type', 'vary'].map((name) => redirected.headers.get(name))).toEqual(['image/jpeg', 'Accept'])

    const path = `/${count++}`
    origin.handle(path, (request, response) => {
      const isKnown = request.headers['if-none-match'] === '"1"'
      response.writeHead(isKnown ? 304 : 200, {
        etag: '"1"',
        'cache-control': 'max-age=0',
        ...(isKnown && { vary: 'Accept' }),
      })
      response.end(isKnown ? undefined : files.get('image/png'))
    })
    const first = await ask(`${path}?sr=2`)
    expect(first.headers.get('vary')).toBeNull()
    for (;;) {
      const { cacheStatus, headers } = await ask(`${path}?sr=2`)
      if (!cacheStatus.includes('fwd-status=304')) continue
      expect(headers.get('vary')).toBe('Accept')
      break
    }
  })
})

test.each<[string, Record<string, string>, string]>([
  ['image/webp', { vary: 'Accept' }, 'image/jpeg'],
  ['transparent', { vary: 'Accept' }, 'image/png'],
  ['image/webp', {}, 'image/webp'],
  ['image/webp', { vary: 'Accept-Encoding, Origin' }, 'image/webp'],
])('a WebP that the origin sends for any Accept (%s, %j) becomes %s', async (file, headers, expected) => {
  const path = serve(() => file, headers)
  for (const method of ['HEAD', 'GET', 'GET']) {
    const answer = await ask(`${path}?sr=2`, { method, headers: { accept: 'image/webp, */*' } })
    expect(answer.headers.get('content-type')).toBe(expected)
  }
  const described = JSON.parse((await ask(`${path}?sr=2&sr-format=json`)).bytes.toString()) as {
    result: { format: string }
  }
  expect(`image/${described.result.format}`).toBe(expected)
})

describe('an original that is passed on', () => {
  const modern = (accept: string) => (accept === 'image/jpeg' ? 'image/jpeg' : 'image/avif')

  test('and that the origin chose by Accept is the one for the visitor, if theirs rules out ours', async () => {
    const path = serve(modern, { vary: 'Accept' })
    for (let round = 0; round < 2; round++) {
      for (const [accept, type] of [
        ['image/jpeg', 'image/jpeg'],
        ['image/avif,*/*', 'image/avif'],
        ['*/*', 'image/avif'],
      ] satisfies [string, Type][]) {
        const { sr, headers, bytes } = await ask(`${path}?sr=2`, { headers: { accept } })
        expect([sr, headers.get('content-type'), headers.get('vary')]).toEqual([
          'skipped; reason=FORMAT',
          type,
          'Accept',
        ])
        expect(bytes.equals(files.get(type)!)).toBe(true)
      }
    }
  })

  test('is asked for once if the origin does not choose', async () => {
    const path = serve(() => 'image/avif', {})
    const before = origin.asked.length
    expect((await ask(`${path}?sr=2`, { headers: { accept: 'image/jpeg' } })).headers.get('content-type')).toBe(
      'image/avif',
    )
    expect(origin.asked.length).toBe(before + 1)
  })

  test('says nothing to caches that overrules what the worker says', async () => {
    const limited = await startAnother({ missLimit: 1 })
    const path = serve(() => 'image/jpeg', {
      'cdn-cache-control': 'max-age=86400',
      'surrogate-control': 'max-age=86400',
      expires: 'Tue, 19 Jan 2038 03:14:08 GMT',
    })
    await limited.ask(`${path}?sr=3`)
    const { sr, headers } = await limited.ask(`${path}?sr=2`)
    expect(sr).toBe('skipped; reason=RATE')
    expect(headers.get('cache-control')).toBe('private, max-age=60')
    for (const name of ['cdn-cache-control', 'surrogate-control', 'expires']) expect(headers.get(name)).toBeNull()
  })
})
