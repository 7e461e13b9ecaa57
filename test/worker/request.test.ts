// Follows a request through the deployed bundle, in workerd, in front of a real HTTP origin.
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { DEFAULT_MODEL } from '../../worker/model/manifest.ts'
import { bmp24 } from '../support/pictures/bmp.ts'
import { gradient } from '../support/pictures/codec.ts'
import { manyHuffmanGroups } from '../support/pictures/vp8l.ts'
import { startSite } from '../support/worker/site.ts'

const { origin, get, untilHit, startAnother } = startSite({ buckets: ['RESULTS_BUCKET'] })
let picture: Buffer

beforeAll(async () => {
  picture = await sharp(Buffer.from(SVG)).jpeg({ quality: 90 }).toBuffer()
})

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40">
  <rect width="60" height="40" fill="#8ac"/><circle cx="30" cy="20" r="14" fill="#c42"/>
  <path d="M2 38 L58 2" stroke="#222" stroke-width="3"/></svg>`

/** Draws an animation of two frames. */
async function animated(format: 'gif' | 'webp'): Promise<Buffer> {
  const frames = ['#123456', '#654321'].map((background) =>
    sharp({ create: { width: 16, height: 16, channels: 3, background } })
      .png()
      .toBuffer(),
  )
  return sharp(await Promise.all(frames), { join: { animated: true } })
    .toFormat(format)
    .toBuffer()
}

/** Overwrites the middle of the pixel data of a PNG. */
function brokenPng(png: Buffer): Buffer {
  png.fill(0xa5, png.indexOf('IDAT') + 12, png.indexOf('IEND') - 12)
  return png
}

/** A prelude with which no codec gets memory. */
const NO_MEMORY = `WebAssembly.Memory = class { constructor() { throw new RangeError('no memory') } }
`

/** Overwrites the middle of a lossless WebP. */
function brokenWebp(webp: Buffer): Buffer {
  return webp.fill(0xa5, webp.length >> 1, webp.length - 20)
}

describe('a picture', () => {
  test.each([2, 3, 4])('comes back %i times as large, in its own format', async (scale) => {
    origin.serve('/cat.jpg', picture, {
      'content-type': 'image/jpeg',
      'cache-control': 'max-age=60',
    })
    const response = await get(`/cat.jpg?sr=${scale}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('x-sr')).toMatch(
      new RegExp(
        `^done; scale=${scale}; model="${DEFAULT_MODEL}(-jpeg)?@[0-9a-f]{8}"; engine=fused-relaxed; quality=85$`,
      ),
    )
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    const { format, width, height } = await sharp(await response.arrayBuffer()).metadata()
    expect({ format, width, height }).toEqual({
      format: 'jpeg',
      width: 60 * scale,
      height: 40 * scale,
    })
  })

  test.each([
    ['jpeg', 'image/jpeg'],
    ['png', 'image/png'],
    ['webp', 'image/webp'],
  ])('comes as %s if sr-format asks for it', async (format, type) => {
    origin.serve('/cat.jpg', picture)
    const response = await get(`/cat.jpg?sr=2&sr-format=${format}&sr-quality=60`)
    expect(response.headers.get('content-type')).toBe(type)
    expect((await sharp(await response.arrayBuffer()).metadata()).format).toBe(format)
  })

  test('comes as WebP, with Vary: Accept, if sr-format is auto and the client accepts WebP', async () => {
    origin.serve('/auto.jpg', picture)
    const modern = await get('/auto.jpg?sr=2&sr-format=auto', {
      headers: { accept: 'image/webp,*/*' },
    })
    const old = await get('/auto.jpg?sr=2&sr-format=auto', { headers: { accept: '*/*' } })
    expect(modern.headers.get('content-type')).toBe('image/webp')
    expect(old.headers.get('content-type')).toBe('image/jpeg')
    for (const response of [modern, old]) expect(response.headers.get('vary')).toBe('Accept')
    await Promise.all([modern.arrayBuffer(), old.arrayBuffer()])
  })

  test('is recognised by its content, not by its name', async () => {
    const png = await sharp(picture).png().toBuffer()
    origin.serve('/liar.jpg', png, { 'content-type': 'text/plain' })
    const response = await get('/liar.jpg?sr=2')
    expect(response.headers.get('content-type')).toBe('image/png')
    await response.arrayBuffer()
  })

  test('is enlarged only by bicubic if sr-model asks for it', async () => {
    origin.serve('/cat.jpg', picture)
    const response = await get('/cat.jpg?sr=2&sr-model=bicubic')
    expect(response.headers.get('x-sr')).toBe('done; scale=2; model="bicubic"; quality=85')
    await response.arrayBuffer()
  })
})

describe('a request', () => {
  test('without sr passes through unchanged, and so does its answer', async () => {
    origin.handle('/page', (request, response) => {
      response.writeHead(418, { 'x-own': 'kept', 'content-type': 'text/x-own', etag: '"own"' })
      response.end(`${request.method} ${request.headers.range} ${request.headers.cookie}`)
    })
    const headers = { range: 'bytes=0-3', cookie: 'a=b' }
    const response = await get('/page?SR=3&x=%7e&sr-format', { headers })
    expect(response.status).toBe(418)
    expect(response.headers.get('x-own')).toBe('kept')
    expect(response.headers.get('x-sr')).toBeNull()
    expect(await response.text()).toBe('GET bytes=0-3 a=b')
    expect(origin.asked.at(-1)!.url).toBe('/page?SR=3&x=%7e&sr-format')
  })

  test('with a method other than GET or HEAD passes through with its body, and sr stays in its URL', async () => {
    origin.handle('/form', (request, response) => {
      request.pipe(response)
    })
    const response = await get('/form?sr=3', { method: 'POST', body: 'hello' })
    expect(await response.text()).toBe('hello')
    expect(origin.asked.at(-1)!.url).toBe('/form?sr=3')
  })

  test.each([
    ['?sr=3', ''],
    ['?a=1&sr=3&b=%2F%2f', '?a=1&b=%2F%2f'],
    ['?b&sr=3&a=&b&sr-quality=80', '?b&a=&b'],
    ['?sr=3&sv=2022&sig=a%2Bb%3D&se=2026-01-01T00:00:00Z', '?sv=2022&sig=a%2Bb%3D&se=2026-01-01T00:00:00Z'],
    ['?q=a+b&q=%C3%A4&sr=3&&x', '?q=a+b&q=%C3%A4&&x'],
  ])('with %s asks the origin for %s, byte for byte', async (query, expected) => {
    origin.serve('/q.jpg', picture)
    await (await get(`/q.jpg${query}`)).arrayBuffer()
    expect(origin.asked.at(-1)!.url).toBe(`/q.jpg${expected}`)
  })

  test('sends no header of the visitor to the origin', async () => {
    origin.serve('/clean.jpg', picture)
    const headers = {
      cookie: 'id=1',
      range: 'bytes=0-9',
      'if-none-match': '"x"',
      'x-forwarded-host': 'evil',
      accept: 'text/html',
    }
    const response = await get('/clean.jpg?sr=2', { headers })
    expect(response.status).toBe(206)
    await response.arrayBuffer()
    const { accept, via, host, 'user-agent': agent, 'cf-worker': _, ...rest } = origin.asked.at(-1)!.headers
    expect(accept).toMatch(/^image\/jpeg/)
    expect(via).toMatch(/^1\.1 edge-srcnn-[0-9a-f]{16}$/)
    expect(agent).toBe('edge-srcnn')
    expect(host).toBe(new URL(origin.url).host)
    expect(rest).toEqual({})
  })

  test.each([
    ['sr=5', 'SCALE_UNSUPPORTED', 'sr must be one of 2, 3, 4, got "5"'],
    ['sr=03', 'SCALE_UNSUPPORTED', 'got "03"'],
    ['sr', 'SCALE_UNSUPPORTED', 'got ""'],
    ['sr=2&sr=2', 'PARAM_DUPLICATE', 'sr is given more than once'],
    ['sr=2&sr-size=9', 'PARAM_UNKNOWN', 'expected sr-width, sr-height, sr-format, sr-quality, sr-model'],
    ['sr-width=641', 'SIZE_UNSUPPORTED', '320, 640, 960, 1280, 1920, 2560'],
    ['sr=2&sr-format=avif', 'FORMAT_UNSUPPORTED', 'source, auto, jpeg, png, webp, json'],
    ['sr=2&sr-quality=84', 'QUALITY_UNSUPPORTED', '40, 45, 50'],
    ['sr=2&sr-model=gan', 'MODEL_UNKNOWN', 'auto, bicubic, fast'],
  ])('with ?%s gets a 400 that says what was expected', async (query, code, message) => {
    const before = origin.asked.length
    const response = await get(`/cat.jpg?${query}`)
    expect(response.status).toBe(400)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const { error } = (await response.json()) as { error: { code: string; message: string } }
    expect(error.code).toBe(code)
    expect(error.message).toContain(message)
    expect(origin.asked.length).toBe(before)
  })

  test('with Authorization gets the original for these credentials, and nothing is cached', async () => {
    origin.handle('/private.jpg', (request, response) => {
      const isOwner = request.headers.authorization === 'Bearer x'
      response.writeHead(isOwner ? 200 : 401).end(isOwner ? picture : 'no')
    })
    const owner = await get('/private.jpg?sr=2', { headers: { authorization: 'Bearer x' } })
    expect(owner.headers.get('x-sr')).toBe('skipped; reason=CREDENTIALS')
    expect(Buffer.from(await owner.arrayBuffer()).equals(picture)).toBe(true)
    expect((await get('/private.jpg?sr=2')).status).toBe(401)
  })
})

describe('if a source cannot or must not be enlarged,', () => {
  const svg = Buffer.from(SVG)
  test.each<[string, () => Promise<Buffer> | Buffer, string]>([
    ['HTML', () => Buffer.from('<!doctype html><p>hi'), 'NOT_AN_IMAGE'],
    ['an empty file', () => Buffer.alloc(0), 'NOT_AN_IMAGE'],
    ['SVG', () => svg, 'FORMAT'],
    ['AVIF', () => sharp(svg).avif().toBuffer(), 'FORMAT'],
    ['a CMYK JPEG', () => sharp(svg).toColourspace('cmyk').jpeg().toBuffer(), 'CMYK'],
    ['an animated WebP', () => animated('webp'), 'ANIMATED'],
    ['an animated GIF', () => animated('gif'), 'ANIMATED'],
    ['a truncated PNG header', async () => (await sharp(svg).png().toBuffer()).subarray(0, 30), 'DAMAGED'],
    ['a cut PNG', async () => (await sharp(svg).png().toBuffer()).subarray(0, 400), 'DAMAGED'],
    ['a WebP with too many Huffman codes', () => Buffer.from(manyHuffmanGroups(512, 16_384)), 'TOO_COMPLEX'],
    ['a PNG with broken data', async () => brokenPng(await sharp(svg).png().toBuffer()), 'DAMAGED'],
    [
      'an interlaced PNG with broken data',
      async () => brokenPng(await sharp(svg).png({ progressive: true }).toBuffer()),
      'DAMAGED',
    ],
    [
      'a picture that is too large',
      () =>
        sharp({ create: { width: 7200, height: 7200, channels: 3, background: '#123' } })
          .png()
          .toBuffer(),
      'SOURCE_PIXELS',
    ],
    [
      'a picture whose result is too large',
      () =>
        sharp({ create: { width: 1500, height: 1500, channels: 3, background: '#123' } })
          .png()
          .toBuffer(),
      'OUTPUT_PIXELS',
    ],
  ])('%s comes back unchanged, with the reason in X-SR', async (name, make, reason) => {
    const bytes = await make()
    const path = `/${encodeURIComponent(name)}`
    origin.serve(path, bytes, { 'cache-control': 'max-age=77', etag: '"o"' })
    const response = await get(`${path}?sr=2`)
    expect(response.status).toBe(200)
    expect(response.headers.get('x-sr')).toBe(`skipped; reason=${reason}`)
    expect(response.headers.get('cache-control')).toBe('max-age=77')
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true)
    const again = await get(`${path}?sr=2`, { headers: { 'if-none-match': '"o"' } })
    expect(again.status).toBe(304)
  })

  test('a file over the size limit is passed on whole, with or without a Content-Length', async () => {
    const huge = Buffer.concat([picture, Buffer.alloc(26_000_000, 7)])
    origin.serve('/huge.jpg', huge)
    origin.handle('/chunked.jpg', (_, response) => {
      for (let i = 0; i < huge.length; i += 1_000_000) response.write(huge.subarray(i, i + 1_000_000))
      response.end()
    })
    for (const path of ['/huge.jpg', '/chunked.jpg']) {
      const response = await get(`${path}?sr=2`)
      expect(response.headers.get('x-sr')).toBe('skipped; reason=SOURCE_BYTES')
      expect(Buffer.from(await response.arrayBuffer()).equals(huge)).toBe(true)
    }
  })

  test('a picture that could not be made never makes a private answer public', async () => {
    const failing = await startAnother({ prelude: NO_MEMORY })
    const cases: [Record<string, string>, Record<string, string>, string][] = [
      [{ 'cache-control': 'private, max-age=9' }, {}, 'private, max-age=9'],
      [{ 'cache-control': 'no-store' }, {}, 'no-store'],
      [{ 'cache-control': 'max-age=9' }, { cookie: 'a=b' }, 'private, max-age=60'],
    ]
    for (const [from, visitor, expected] of cases) {
      origin.serve('/unlucky.jpg', picture, from)
      const { sr, headers } = await failing.ask('/unlucky.jpg?sr=2', { headers: visitor })
      expect(sr).toBe('skipped; reason=ENCODE')
      expect(headers.get('cache-control')).toBe(expected)
    }
  })

  test('a gzipped body reaches the visitor with the text that the origin compressed', async () => {
    const text = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'.repeat(50))
    const headers = { 'content-encoding': 'gzip', 'content-type': 'image/svg+xml' }
    origin.serve('/packed.svg', gzipSync(text), headers)
    const response = await get('/packed.svg?sr=2')
    expect(response.headers.get('x-sr')).toBe('skipped; reason=FORMAT')
    expect(Buffer.from(await response.arrayBuffer()).equals(text)).toBe(true)
  })

  test('a picture with no-transform comes back unchanged', async () => {
    origin.serve('/fixed.jpg', picture, { 'cache-control': 'max-age=60, no-transform' })
    const response = await get('/fixed.jpg?sr=2')
    expect(response.headers.get('x-sr')).toBe('skipped; reason=NO_TRANSFORM')
    expect(Buffer.from(await response.arrayBuffer()).equals(picture)).toBe(true)
  })

  test('an error of the origin is passed on unchanged', async () => {
    const response = await get('/nowhere.jpg?sr=2')
    expect(response.status).toBe(404)
    expect(await response.text()).toBe('no such picture\n')
    expect(response.headers.get('x-sr')).toBe('skipped; reason=ORIGIN_STATUS')
  })
})

describe('the cache', () => {
  test('answers a second request, a conditional one and a HEAD without asking the origin or decoding', async () => {
    origin.serve('/kept.jpg', picture, { 'cache-control': 'max-age=60', etag: '"1"' })
    const first = await get('/kept.jpg?sr=2')
    const bytes = Buffer.from(await first.arrayBuffer())
    const hit = await untilHit('/kept.jpg?sr=2')
    expect(hit.cacheStatus).toBe('edge-srcnn; hit; detail=edge')
    expect(hit.bytes.equals(bytes)).toBe(true)
    const asked = origin.asked.length
    const etag = hit.headers.get('etag')!
    const known = await get('/kept.jpg?sr=2', { headers: { 'if-none-match': `"x", W/${etag}` } })
    expect([known.status, known.headers.get('etag'), await known.text()]).toEqual([304, etag, ''])
    const head = await get('/kept.jpg?sr=2', { method: 'HEAD' })
    expect(head.status).toBe(200)
    for (const name of ['etag', 'content-type', 'content-length', 'x-sr']) {
      expect(head.headers.get(name), name).toBe(hit.headers.get(name))
    }
    expect(origin.asked.length).toBe(asked)
  })

  test('revalidates a stale result, and keeps it if the source has not changed', async () => {
    origin.serve('/stale.jpg', picture, { 'cache-control': 'max-age=0', etag: '"1"' })
    const first = await get('/stale.jpg?sr=2')
    const bytes = Buffer.from(await first.arrayBuffer())
    for (let i = 0; ; i++) {
      const again = await get('/stale.jpg?sr=2')
      expect(Buffer.from(await again.arrayBuffer()).equals(bytes)).toBe(true)
      if (again.headers.get('cache-status') === 'edge-srcnn; fwd=stale; fwd-status=304; stored') break
      expect(i).toBeLessThan(100)
    }
    expect(origin.asked.at(-1)!.headers['if-none-match']).toBe('"1"')
  })

  test('serves new pixels for a picture that changed at its URL', async () => {
    const headers = { 'cache-control': 'max-age=0' }
    origin.serve('/changing.jpg', picture, { ...headers, etag: '"1"' })
    const before = await get('/changing.jpg?sr=2')
    const negative = await sharp(picture).negate().jpeg().toBuffer()
    origin.serve('/changing.jpg', negative, { ...headers, etag: '"2"' })
    const after = await get('/changing.jpg?sr=2')
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'))
    const brightness = async (bytes: ArrayBuffer) => (await sharp(bytes).stats()).channels[0].mean
    const [a, b] = [await brightness(await before.arrayBuffer()), await brightness(await after.arrayBuffer())]
    expect(Math.abs(a + b - 255)).toBeLessThan(3)
    expect(Math.abs(a - b)).toBeGreaterThan(5)
  })

  test('holds one result for many spellings of a URL', async () => {
    const own = await sharp(picture).modulate({ hue: 90 }).jpeg().toBuffer()
    origin.serve('/one.jpg', own, { 'cache-control': 'max-age=60' })
    const first = await get('/one.jpg?sr=3')
    expect(first.headers.get('cache-status')).toBe('edge-srcnn; fwd=miss; stored')
    await first.arrayBuffer()
    await untilHit('/one.jpg?sr=3')
    for (const spelling of ['?v=1&sr=3', '?sr=3&v=2', '?utm_source=x&sr=3']) {
      const other = await get(`/one.jpg${spelling}`)
      expect(other.headers.get('cache-status')).toContain('detail=same-picture')
      expect(other.headers.get('etag')).toBe(first.headers.get('etag'))
      await other.arrayBuffer()
    }
  })

  test.each([
    ['private', { 'cache-control': 'private, max-age=60' }],
    ['no-store', { 'cache-control': 'no-store' }],
    ['Set-Cookie', { 'cache-control': 'max-age=60', 'set-cookie': 'a=b' }],
    ['Vary: Cookie', { 'cache-control': 'max-age=60', vary: 'Cookie' }],
  ])('keeps no result if the answer of the origin has %s, although the picture is enlarged', async (name, headers) => {
    origin.serve('/secret.jpg', picture, headers)
    for (let i = 0; i < 3; i++) {
      const response = await get(`/secret.jpg?sr=2&n=${encodeURIComponent(name)}`)
      expect(response.headers.get('x-sr')).toMatch(/^done/)
      expect(response.headers.get('cache-control')).toBe('private, no-store')
      expect(response.headers.get('cache-status')).toBe('edge-srcnn; fwd=miss')
      await response.arrayBuffer()
    }
  })
})

test('a network that costs too much is replaced by bicubic, then by a smaller scale, and then the picture comes back unchanged', async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  const body = await sharp({ create: { width: 100, height: 100, channels: 3, background: '#000', noise } })
    .jpeg({ quality: 95 })
    .toBuffer()
  origin.serve('/costly.jpg', body)
  const outcomeWith = async (vars: Record<string, string>, scale = 4) => {
    const limited = await startAnother({ vars })
    return limited.ask(`/costly.jpg?sr=${scale}`)
  }
  expect((await outcomeWith({})).sr).toContain('model="fast@')
  expect((await outcomeWith({ SR_MAX_CPU_MS: '5' })).sr).toBe('done; scale=4; model="bicubic"; quality=85')
  expect((await outcomeWith({ SR_MAX_CPU_MS: '2' })).sr).toBe('done; scale=2; asked=4; model="bicubic"; quality=85')
  for (const [name, value] of [
    ['SR_MAX_CPU_MS', '1'],
    ['SR_MAX_MEMORY_BYTES', '11000000'],
  ]) {
    const { sr, bytes } = await outcomeWith({ [name]: value }, 2)
    expect(sr).toBe('skipped; reason=COST')
    expect(bytes.equals(body)).toBe(true)
  }
})

describe('a picture that is served unchanged', () => {
  /** An AVIF's first box, and `bytes` zeros. */
  const avif = (bytes: number) =>
    Buffer.concat([Buffer.from('\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf', 'latin1'), Buffer.alloc(bytes)])

  test('is passed on as it comes, once its first bytes say so', async () => {
    const body = avif(300_000)
    const half = body.length >> 1
    let sendRest = () => {}
    origin.handle('/slow.avif', (_, response) => {
      response.writeHead(200, { 'cache-control': 'max-age=60' }).write(body.subarray(0, half))
      sendRest = () => void response.end(body.subarray(half))
    })
    const response = await get('/slow.avif?sr=2') // before the origin has sent the rest
    expect(response.headers.get('x-sr')).toBe('skipped; reason=FORMAT')
    expect(response.headers.get('content-type')).toBe('image/avif')
    sendRest()
    expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true)
  })

  test('is remembered while it is fresh and the origin sends the same file', async () => {
    // The file changes without a word in the headers, which shows that it is not looked at.
    const headers = { 'cache-control': 'max-age=60', etag: '"1"', 'content-type': 'text/plain', 'content-length': '' }
    const serve = (body: Buffer, etag = '"1"') =>
      origin.serve('/kept.avif', body, { ...headers, etag, 'content-length': `${body.length}` })
    const look = async () => {
      const response = await get('/kept.avif?sr=2')
      const { byteLength } = await response.arrayBuffer()
      return [response.headers.get('x-sr'), response.headers.get('content-type'), byteLength]
    }
    serve(avif(picture.length - 28))
    expect(await look()).toEqual(['skipped; reason=FORMAT', 'image/avif', picture.length])
    serve(picture)
    await expect.poll(look).toEqual(['skipped; reason=FORMAT', 'image/avif', picture.length])
    const { byteLength } = await (await get('/kept.avif?sr=3')).arrayBuffer() // another variant
    expect(byteLength).not.toBe(picture.length)
    serve(picture, '"2"')
    expect((await look())[0]).toMatch(/^done/)
  })

  test.each<[string, () => Promise<Buffer>]>([
    ['a cut JPEG', async () => picture.subarray(0, picture.length - 100)],
    [
      'a cut interlaced PNG',
      async () => (await sharp(picture).png({ progressive: true }).toBuffer()).subarray(0, -200),
    ],
    ['a cut GIF', async () => (await sharp(picture).gif().toBuffer()).subarray(0, -200)],
    ['a cut WebP', async () => (await sharp(picture).webp().toBuffer()).subarray(0, -50)],
    ['a broken WebP', async () => brokenWebp(await sharp(picture).webp({ lossless: true }).toBuffer())],
    ['a BMP with three planes', async () => Buffer.from(bmp24(gradient(20, 20))).fill(3, 26, 27)],
  ])('is decoded once if it is damaged, and logged as what it is: %s', async (name, make) => {
    const lines: string[] = []
    const worker = await startAnother({ log: (line) => void lines.push(line) })
    const path = `/${encodeURIComponent(name)}`
    const damaged = await make()
    const tiny = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#123' } })
      .jpeg()
      .toBuffer()
    const serve = (body: Buffer) =>
      origin.serve(path, body, { 'cache-control': 'max-age=60', etag: '"1"', 'content-length': `${body.length}` })
    serve(damaged)
    const first = await worker.ask(`${path}?sr=2`)
    expect([first.sr, first.bytes.equals(damaged)]).toEqual(['skipped; reason=DAMAGED', true])
    // A good picture of the same length and ETag, which would be enlarged if it were decoded.
    serve(Buffer.concat([tiny, Buffer.alloc(damaged.length - tiny.length)]))
    await expect.poll(async () => (await worker.ask(`${path}?sr=2`)).sr).toBe('skipped; reason=DAMAGED')
    expect(lines.length).toBeGreaterThanOrEqual(2)
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ sr: 'skipped', reason: 'DAMAGED' })
  })

  test('is not remembered if the origin forbids to store it', async () => {
    origin.serve('/private.avif', avif(1000), { 'cache-control': 'no-store' })
    expect((await get('/private.avif?sr=2')).headers.get('x-sr')).toBe('skipped; reason=FORMAT')
    origin.serve('/private.avif', picture, { 'cache-control': 'no-store' })
    expect((await get('/private.avif?sr=2')).headers.get('x-sr')).toMatch(/^done/)
  })
})
