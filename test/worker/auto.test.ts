// `sr-model=auto`: a JPEG that was compressed hard gets the weights for such pictures, where there are any.
import type { Miniflare } from 'miniflare'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEFAULT_MODEL } from '../../worker/model/manifest.ts'
import { encodeNetwork } from '../../worker/model/networkFile.ts'
import { lifting, type ShippedModel, shipModels } from '../support/engine/models.ts'
import { type FakeOrigin, startOrigin } from '../support/origin/origin.ts'
import { startWorker } from '../support/worker/worker.ts'

// A name of their own, so that what is bundled has no say.
const CLEAN = { name: 'faces', file: encodeNetwork(lifting(0.1)) }
const JPEG = { name: 'faces-jpeg', file: encodeNetwork(lifting(0.2)) }
const OTHER = encodeNetwork(lifting(0.3))
/** Of the grey picture below, lifted: luma spans 219 levels. */
const LEVELS = {
  faces: 128 + (0.1 * 255 * 255) / 219,
  'faces-jpeg': 128 + (0.2 * 255 * 255) / 219,
}

const grey = () => sharp({ create: { width: 16, height: 12, channels: 3, background: '#808080' } })
const jpegOf = (quality: number) => grey().jpeg({ quality }).toBuffer()

let origin: FakeOrigin
beforeAll(async () => {
  origin = await startOrigin()
  const fresh = { 'cache-control': 'max-age=60' }
  origin.serve('/grey.png', await grey().png().toBuffer(), fresh)
  origin.serve('/grey.webp', await grey().webp({ quality: 40 }).toBuffer(), fresh)
  origin.serve('/clean.jpg', await jpegOf(98), fresh)
  origin.serve('/coarse.jpg', await jpegOf(50), fresh)
})
afterAll(() => origin.close())

/** A worker whose operator chose `model`, with these weights in its bucket. */
async function startWith(shipped: readonly ShippedModel[], model = 'faces'): Promise<Miniflare> {
  const vars = { ORIGIN_URL: origin.url, SR_MODEL: model }
  const worker = await startWorker({ vars, buckets: ['MODELS_BUCKET'] })
  await shipModels(worker, shipped)
  return worker
}

async function serve(worker: Miniflare, pathAndQuery: string) {
  const response = await worker.dispatchFetch(`http://site.test/${pathAndQuery}`)
  const body = await response.arrayBuffer()
  const sr = response.headers.get('x-sr') ?? ''
  expect(sr).toMatch(/^done/)
  return {
    model: /model="([^@"]*)/.exec(sr)![1],
    etag: response.headers.get('etag'),
    level: (await sharp(body).raw().toBuffer())[0],
  }
}

describe('where there are weights for JPEGs too', () => {
  let worker: Miniflare
  beforeAll(async () => {
    worker = await startWith([CLEAN, JPEG, { ...CLEAN, scale: 3 }])
    return () => worker.dispose()
  })

  test.each<[string, keyof typeof LEVELS]>([
    ['coarse.jpg?sr=2', 'faces-jpeg'],
    ['coarse.jpg?sr=2&sr-model=auto', 'faces-jpeg'],
    ['clean.jpg?sr=2', 'faces'],
    ['grey.png?sr=2', 'faces'],
    ['grey.webp?sr=2', 'faces'],
    // A name means just that, whatever the picture is.
    ['coarse.jpg?sr=2&sr-model=faces', 'faces'],
    ['clean.jpg?sr=2&sr-model=faces-jpeg', 'faces-jpeg'],
    ['grey.png?sr=2&sr-model=faces-jpeg', 'faces-jpeg'],
    // There are none for JPEGs at this scale.
    ['coarse.jpg?sr=3', 'faces'],
  ])('%s is served with %s, and X-SR says so again when it is kept', async (asked, expected) => {
    const first = await serve(worker, asked)
    expect(first.model).toBe(expected)
    // JPEG and WebP round grey by a level or three; the two sets of weights are 29 apart.
    expect(Math.abs(first.level - LEVELS[expected])).toBeLessThan(5)
    expect(await serve(worker, asked)).toEqual(first)
  })

  test('bicubic stays bicubic', async () => {
    expect((await serve(worker, 'coarse.jpg?sr=2&sr-model=bicubic')).model).toBe('bicubic')
  })

  test('a picture that changes at its origin gets the weights for what it has become', async () => {
    const models: string[] = []
    for (const quality of [98, 50, 98]) {
      origin.serve('/changing.jpg', await jpegOf(quality), { 'cache-control': 'max-age=0' })
      models.push((await serve(worker, 'changing.jpg?sr=2')).model)
    }
    expect(models).toEqual(['faces', 'faces-jpeg', 'faces'])
  })
})

test('where there are none, every picture gets the only ones', async () => {
  const worker = await startWith([CLEAN])
  for (const picture of ['coarse.jpg', 'clean.jpg', 'grey.png']) {
    expect((await serve(worker, `${picture}?sr=2`)).model).toBe('faces')
  }
  await worker.dispose()
})

test("an operator's own weights are not paired with the package's for JPEGs", async () => {
  const worker = await startWith([{ ...CLEAN, name: DEFAULT_MODEL }], DEFAULT_MODEL)
  const own = await serve(worker, 'coarse.jpg?sr=2')
  expect(own.model).toBe(DEFAULT_MODEL)
  expect(Math.abs(own.level - LEVELS.faces)).toBeLessThan(5)
  expect((await serve(worker, 'coarse.jpg?sr=3')).model).toBe(`${DEFAULT_MODEL}-jpeg`) // both are the package's
  await worker.dispose()
})

test('where the operator chose bicubic, weights named bicubic-jpeg change nothing', async () => {
  const worker = await startWith([{ ...JPEG, name: 'bicubic-jpeg' }], 'bicubic')
  expect((await serve(worker, 'coarse.jpg?sr=2')).model).toBe('bicubic')
  await worker.dispose()
})

test('new weights of either kind change the ETag; what is asked for by name keeps its own', async () => {
  const etagsWith = async (...shipped: ShippedModel[]) => {
    const worker = await startWith(shipped)
    const { etag: auto } = await serve(worker, 'coarse.jpg?sr=2')
    const { etag: named } = await serve(worker, 'coarse.jpg?sr=2&sr-model=faces')
    await worker.dispose()
    return { auto, named }
  }
  const alone = await etagsWith(CLEAN)
  const both = await etagsWith(CLEAN, JPEG)
  const newClean = await etagsWith({ ...CLEAN, file: OTHER }, JPEG)
  const newJpeg = await etagsWith(CLEAN, { ...JPEG, file: OTHER })
  expect(alone.auto).toBe(alone.named)
  expect(new Set([alone.auto, both.auto, newClean.auto, newJpeg.auto]).size).toBe(4)
  expect([both.named, newJpeg.named]).toEqual([alone.named, alone.named])
})
