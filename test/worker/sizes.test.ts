// Results of a size in pixels, and descriptions of a result as JSON, through the deployed bundle in workerd.
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { createVectorShrinker } from '../../worker/engine/vectorShrinker.ts'
import { collectRows, rowsOf } from '../../worker/image/rows.ts'
import { loadShrinkKernel } from '../../worker/platform/nodeFiles.ts'
import { SRCNN_915, createNetwork } from '../../worker/model/network.ts'
import { encodeNetwork } from '../../worker/model/networkFile.ts'
import { shipModels } from '../support/engine/models.ts'
import { startSite } from '../support/worker/site.ts'

const shrinker = createVectorShrinker(await loadShrinkKernel())
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
    expect(sr).toMatch(new RegExp(`^done; scale=${scale}; width=${width}; height=${height}; model="(fast|bicubic)`))
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
    origin.serve(
      '/wide.png',
      await sharp({ create: { width: 120, height: 30, channels: 3, background: '#246' } })
        .png()
        .toBuffer(),
    )
    const within = await get('/wide.png?sr-width=400')
    expect(within.headers.get('x-sr')).toContain('done; scale=4; width=400; height=100')
    origin.serve(
      '/tall.png',
      await sharp({ create: { width: 100, height: 120, channels: 3, background: '#246' } })
        .png()
        .toBuffer(),
    )
    const beyond = await get('/tall.png?sr-width=400')
    expect(beyond.headers.get('x-sr')).toBe('skipped; reason=OUTPUT_PIXELS')
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

  test.each([
    ['a.png?sr-width=60', { reason: 'SAME_SIZE', source: { width: 60 } }],
    ['tall.png?sr=4', { reason: 'OUTPUT_PIXELS', source: { width: 100 } }],
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
