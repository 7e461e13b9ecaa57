// Results of a size in pixels, and descriptions of a result as JSON, through the deployed bundle in workerd.
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { createVectorShrinker } from '../../worker/engine/vectorShrinker.ts'
import { collectRows, rowsOf } from '../../worker/image/rows.ts'
import { compileShrinkKernel } from '../../worker/platform/nodeFiles.ts'
import { SRCNN_915, createNetwork } from '../../worker/model/network.ts'
import { encodeNetwork } from '../../worker/model/networkFile.ts'
import { shipModels } from '../support/engine/models.ts'
import { startSite } from '../support/worker/site.ts'

const shrinker = createVectorShrinker(compileShrinkKernel())
const SECRET = '00112233445566778899aabbccddeeff'

const site = startSite({
  vars: { SR_SIZES: '20 30 60 90 150 400', SR_PURGE_SECRET: SECRET, SR_MAX_OUTPUT_PIXELS: '50000' },
  buckets: ['MODELS_BUCKET'],
})
const { origin, get, ask, untilHit } = site

beforeAll(async () => {
  await shipModels(site.worker, [{ name: 'mine', file: encodeNetwork(createNetwork(SRCNN_915)), scale: 3 }])
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  const picture = sharp({ create: { width: 60, height: 40, channels: 3, background: '#000', noise } })
  const clear = picture
    .clone()
    .composite([{ input: { create: { width: 30, height: 20, channels: 4, background: '#0000' } }, blend: 'dest-in' }])
  const kept = { 'cache-control': 'max-age=600' }
  origin.serve('/a.png', await picture.clone().png().toBuffer(), kept)
  origin.serve('/clear.png', await clear.ensureAlpha().png().toBuffer(), kept)
  origin.serve('/a.jpg', await picture.clone().jpeg({ quality: 60 }).toBuffer(), kept)
  origin.serve('/turned.jpg', await picture.clone().jpeg().withMetadata({ orientation: 6 }).toBuffer(), kept)
  const flat = async (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: '#246' } })
      .png()
      .toBuffer()
  origin.serve('/wide.png', await flat(120, 30))
  origin.serve('/tall.png', await flat(100, 120))
  origin.serve('/vast.png', await flat(200, 200))
  origin.serve('/page.html', '<!doctype html><p>no picture')
})

async function pixelsOf(path: string) {
  const { sr, bytes } = await ask(path)
  const { data, info } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  return { sr, width: info.width, height: info.height, data }
}

describe('a result whose size is given in pixels', () => {
  test.each([
    ['that is smaller than its source is only resized', 'a.png?sr-width=30', 1, 30, 20],
    ['may have its height given instead of its width', 'a.png?sr-height=30', 1, 45, 30],
    ['that is larger than its source is made at the smallest scale that covers it', 'a.png?sr-width=90', 2, 90, 60],
    ['that slightly exceeds the result of a scale is made at the next scale', 'a.png?sr-width=150', 3, 150, 100],
    ['is as large as fits into width and height if both are given', 'a.png?sr-width=150&sr-height=90', 3, 135, 90],
    ['is as large as the result of the largest scale if the given size is larger', 'a.png?sr-width=400', 4, 240, 160],
    ['has the given width in upright position if its source is rotated', 'turned.jpg?sr-width=90', 3, 90, 135],
    ['is not resized if it differs from its source only in format', 'a.png?sr-width=60&sr-format=webp', 1, 60, 40],
  ])('%s', async (_, path, scale, width, height) => {
    const { sr, ...is } = await pixelsOf(`/${path}`)
    expect(is).toMatchObject({ width, height })
    expect(sr).toMatch(
      new RegExp(`^done; scale=${scale}; width=${width}; height=${height}; (asked-width=400; )?model="(fast|bicubic)`),
    )
    expect(sr?.includes('asked')).toBe(width === 240)
  })

  test.each([
    ['a.png', 150, 100, 'sr=3'],
    ['clear.png', 150, 100, 'sr=3'],
    ['a.png', 90, 60, 'sr=2&sr-model=bicubic'],
    ['clear.png', 30, 20, undefined],
  ])('made from %s, %i px wide, is the next larger result of a scale, shrunk', async (name, width, height, query) => {
    const larger = await pixelsOf(query ? `/${name}?${query}` : `/${name}`)
    const model = query?.includes('bicubic') ? '&sr-model=bicubic' : ''
    const sized = await pixelsOf(`/${name}?sr-width=${width}${model}`)
    const { data } = await collectRows(shrinker.shrink(rowsOf(larger), width, height))
    expect(sized.data.equals(Buffer.from(data.buffer))).toBe(true)
  })

  test('is the original if its size and format equal those of the source', async () => {
    const response = await get('/a.png?sr-width=60')
    expect(response.headers.get('x-sr')).toBe('skipped; reason=SAME_SIZE')
    const original = await (await get('/a.png')).arrayBuffer()
    expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.from(original))).toBe(true)
  })

  test('is refused if the operator’s list lacks its size: a 400 names the sizes in the list', async () => {
    const response = await get('/a.png?sr-width=91')
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('sr-width must be one of 20, 30, 60, 90, 150, 400, got')
  })

  test('is limited by its own pixels, not by those of the larger picture from which it is shrunk', async () => {
    const within = await get('/wide.png?sr-width=400')
    expect(within.headers.get('x-sr')).toContain('done; scale=4; width=400; height=100')
    const beyond = await get('/tall.png?sr-width=400')
    expect(beyond.headers.get('x-sr')).toContain('done; scale=2; width=150; height=180; asked-width=400; ')
    for (const response of [within, beyond]) await response.arrayBuffer()
  })

  test('is kept, and purged with all results of its source', async () => {
    const path = '/a.jpg?sr-width=90&sr-height=90'
    await untilHit(path)
    const headers = { authorization: `Bearer ${SECRET}` }
    const body = JSON.stringify({ url: 'http://site.test/a.jpg' })
    const purge = await get('/_sr/purge', { method: 'POST', headers, body })
    expect(((await purge.json()) as { deleted: number }).deleted).toBeGreaterThan(0)
    expect((await ask(path)).cacheStatus).toContain('fwd=miss')
  })

  test('is made at a larger scale if the model lacks the smallest scale that covers it', async () => {
    const { sr } = await pixelsOf('/a.png?sr-width=90&sr-model=mine')
    expect(sr).toMatch(/^done; scale=3; width=90; height=60; model="mine@/)
  })
})

test('a scale that is too large becomes a smaller one, whose stored result it shares', async () => {
  const picture = await sharp({ create: { width: 75, height: 100, channels: 3, background: '#824' } })
    .png()
    .toBuffer()
  origin.serve('/shared.png', picture, { 'cache-control': 'max-age=600' })
  const first = await untilHit('/shared.png?sr=4')
  expect(first.sr).toMatch(/^done; scale=2; asked=4; model="fast@/)
  const second = await ask('/shared.png?sr=2')
  expect(second.sr).toMatch(/^done; scale=2; model="fast@/)
  expect(second.cacheStatus).toContain('detail=same-picture')
  expect(second.headers.get('etag')).toBe(first.headers.get('etag'))
  const third = await ask('/shared.png?sr-width=150')
  expect(third.sr).toContain('scale=2; width=150; height=200; model=')
  expect(third.cacheStatus).toContain('detail=same-picture')
  expect(third.bytes.equals(first.bytes)).toBe(true)
})

test('with sr-format=auto a picture of the asked size is served in the smaller format', async () => {
  const webp = { headers: { accept: 'image/webp' } }
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  const large = sharp({ create: { width: 90, height: 60, channels: 3, background: '#000', noise } })
  origin.serve('/fine.jpg', await large.clone().jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer())
  origin.serve('/coarse.jpg', await large.clone().jpeg({ quality: 30 }).toBuffer())
  origin.serve('/opaque.png', await large.clone().ensureAlpha().png().toBuffer())
  origin.serve('/clear.png', await large.clone().ensureAlpha(0.5).png().toBuffer())
  const outcome = async (name: string, init: { headers?: Record<string, string> } = webp) => {
    const response = await get(`/${name}?sr-width=90&sr-format=auto`, init)
    await response.arrayBuffer()
    return [response.headers.get('x-sr')?.split(';', 2).join(';'), response.headers.get('content-type')]
  }
  expect(await outcome('fine.jpg')).toEqual(['done; scale=1', 'image/webp'])
  expect(await outcome('fine.jpg', {})).toEqual(['skipped; reason=SAME_SIZE', 'image/jpeg'])
  expect(await outcome('coarse.jpg')).toEqual(['skipped; reason=SAME_SIZE', 'image/jpeg'])
  expect(await outcome('opaque.png')).toEqual(['done; scale=1', 'image/webp'])
  expect(await outcome('clear.png')).toEqual(['skipped; reason=SAME_SIZE', 'image/png'])
})

describe('sr-format=json', () => {
  const describePicture = async (path: string) => {
    const response = await get(path)
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    return (await response.json()) as Record<string, Record<string, unknown>>
  }

  test('describes the result and the reasons for it', async () => {
    const { outcome, source, result, model, cost } = await describePicture('/a.jpg?sr=3&sr-format=json')
    expect(outcome).toBe('done')
    expect(source).toMatchObject({ type: 'jpeg', width: 60, height: 40, jpegQuality: 60, alpha: false })
    expect(result).toEqual({ scale: 3, width: 180, height: 120, format: 'jpeg', quality: 85 })
    expect(model).toMatchObject({ name: 'fast-jpeg', engine: 'fused-relaxed' })
    expect(model.because).toBe("the operator's choice for JPEGs of a quality below 85, and this one has 60")
    expect(Object.values(cost).every((value) => Number(value) > 0)).toBe(true)
  })

  test.each([
    ['a.png?sr=2&sr-model=srcnn', { name: 'srcnn', because: 'sr-model asks for it' }],
    ['a.png?sr-width=30', { name: 'bicubic', because: 'the picture is not enlarged' }],
    ['a.png?sr-width=90', { name: 'fast', because: "the operator's choice" }],
  ])('names the model for %s and the reason for its choice', async (path, model) => {
    expect((await describePicture(`/${path}&sr-format=json`)).model).toMatchObject(model)
  })

  test('says what was asked for if the result is smaller', async () => {
    const smaller = await describePicture('/tall.png?sr=4&sr-format=json')
    expect(smaller.result).toMatchObject({ scale: 2, width: 200, height: 240, asked: { scale: 4 } })
  })

  test.each([
    ['a.png?sr-width=60', { reason: 'SAME_SIZE', source: { width: 60 } }],
    ['vast.png?sr=4', { reason: 'OUTPUT_PIXELS', source: { width: 200 } }],
    ['page.html?sr=2', { reason: 'NOT_AN_IMAGE' }],
    ['none.png?sr=2', { reason: 'ORIGIN_STATUS' }],
  ])('gives the reason why %s would not be enlarged', async (path, expected) => {
    const description = await describePicture(`/${path}&sr-format=json`)
    expect(description).toMatchObject({ outcome: 'skipped', ...expected })
    expect(description.because).toBeTypeOf('string')
  })

  test('neither computes nor keeps a result', async () => {
    await describePicture('/a.png?sr=4&sr-quality=40&sr-format=json')
    const response = await get('/a.png?sr=4&sr-quality=40')
    await response.arrayBuffer()
    expect(response.headers.get('cache-status')).toContain('fwd=miss')
  })

  test('answers a wrong parameter with a 400, like any other format', async () => {
    const response = await get('/a.png?sr=7&sr-format=json')
    expect(response.status).toBe(400)
    await response.text()
  })
})
