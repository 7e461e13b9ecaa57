// With `sr-model=auto`, a strongly compressed JPEG gets the model's weights for such pictures, if the model has such
// weights.
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { DEFAULT_MODEL } from '../../worker/model/manifest.ts'
import { encodeNetwork } from '../../worker/model/networkFile.ts'
import { lifting, type ShippedModel, shipModels } from '../support/engine/models.ts'
import type { FakeOrigin } from '../support/servers/origin.ts'
import { type RunningWorker, startSite } from '../support/worker/site.ts'

// No bundled model is named `faces` or `faces-jpeg`, so the worker can choose only these weights.
const CLEAN = { name: 'faces', file: encodeNetwork(lifting(0.1)) }
const JPEG = { name: 'faces-jpeg', file: encodeNetwork(lifting(0.2)) }
const OTHER = encodeNetwork(lifting(0.3))
/**
 * The grey level of a served picture, by model. The source has the level 128, and a model lifts the picture's luma. The
 * factor 255 / 219 converts luma, which spans 219 levels, to RGB, which spans 255.
 */
const LEVELS = {
  faces: 128 + (0.1 * 255 * 255) / 219,
  'faces-jpeg': 128 + (0.2 * 255 * 255) / 219,
}

const grey = () => sharp({ create: { width: 16, height: 12, channels: 3, background: '#808080' } })
const jpegOf = (quality: number) => grey().jpeg({ quality }).toBuffer()

const site = startSite()
beforeAll(() => servePictures(site.origin))

async function servePictures(origin: FakeOrigin): Promise<void> {
  const fresh = { 'cache-control': 'max-age=60' }
  origin.serve('/grey.png', await grey().png().toBuffer(), fresh)
  origin.serve('/grey.webp', await grey().webp({ quality: 40 }).toBuffer(), fresh)
  origin.serve('/clean.jpg', await jpegOf(98), fresh)
  origin.serve('/coarse.jpg', await jpegOf(50), fresh)
}

/** Starts a worker whose SR_MODEL is `model`, and puts the weights `shipped` into its bucket. */
async function startWith(shipped: readonly ShippedModel[], model = 'faces'): Promise<RunningWorker> {
  const running = await site.startAnother({ vars: { SR_MODEL: model }, buckets: ['MODELS_BUCKET'] })
  await shipModels(running.worker, shipped)
  return running
}

async function serve({ ask }: RunningWorker, pathAndQuery: string) {
  const { sr, headers, bytes } = await ask(`/${pathAndQuery}`)
  expect(sr).toMatch(/^done/)
  return {
    model: /model="([^@"]*)/.exec(sr)![1],
    etag: headers.get('etag'),
    level: (await sharp(bytes).raw().toBuffer())[0],
  }
}

describe('if a model also has weights for JPEGs,', () => {
  const both = startSite({ vars: { SR_MODEL: 'faces' }, buckets: ['MODELS_BUCKET'] })
  beforeAll(async () => {
    await servePictures(both.origin)
    await shipModels(both.worker, [CLEAN, JPEG, { ...CLEAN, scale: 3 }])
  })

  test.each<[string, keyof typeof LEVELS]>([
    ['coarse.jpg?sr=2', 'faces-jpeg'],
    ['coarse.jpg?sr=2&sr-model=auto', 'faces-jpeg'],
    ['clean.jpg?sr=2', 'faces'],
    ['grey.png?sr=2', 'faces'],
    ['grey.webp?sr=2', 'faces'],
    // A model that is asked for by name is used for any picture.
    ['coarse.jpg?sr=2&sr-model=faces', 'faces'],
    ['clean.jpg?sr=2&sr-model=faces-jpeg', 'faces-jpeg'],
    ['grey.png?sr=2&sr-model=faces-jpeg', 'faces-jpeg'],
    // The bucket has no weights for JPEGs at this scale.
    ['coarse.jpg?sr=3', 'faces'],
  ])('%s is served with the model %s, and X-SR names this model even in a cached answer', async (asked, expected) => {
    const first = await serve(both, asked)
    expect(first.model).toBe(expected)
    // JPEG and WebP round grey by one to three levels; the two sets of weights are 29 levels apart.
    expect(Math.abs(first.level - LEVELS[expected])).toBeLessThan(5)
    expect(await serve(both, asked)).toEqual(first)
  })

  test('sr-model=bicubic still means bicubic', async () => {
    expect((await serve(both, 'coarse.jpg?sr=2&sr-model=bicubic')).model).toBe('bicubic')
  })

  test('a picture that changes at its origin is served with the weights for its new content', async () => {
    const models: string[] = []
    for (const quality of [98, 50, 98]) {
      both.origin.serve('/changing.jpg', await jpegOf(quality), { 'cache-control': 'max-age=0' })
      models.push((await serve(both, 'changing.jpg?sr=2')).model)
    }
    expect(models).toEqual(['faces', 'faces-jpeg', 'faces'])
  })
})

test('if a model has no weights for JPEGs, its only weights are used for all pictures', async () => {
  const worker = await startWith([CLEAN])
  for (const picture of ['coarse.jpg', 'clean.jpg', 'grey.png']) {
    expect((await serve(worker, `${picture}?sr=2`)).model).toBe('faces')
  }
})

test("at a scale with an operator's own weights, the package's weights for JPEGs are not used", async () => {
  const worker = await startWith([{ ...CLEAN, name: DEFAULT_MODEL }], DEFAULT_MODEL)
  const own = await serve(worker, 'coarse.jpg?sr=2')
  expect(own.model).toBe(DEFAULT_MODEL)
  expect(Math.abs(own.level - LEVELS.faces)).toBeLessThan(5)
  expect((await serve(worker, 'coarse.jpg?sr=3')).model).toBe(`${DEFAULT_MODEL}-jpeg`) // at x3 both are the package's
})

test('if the operator chose bicubic, weights named bicubic-jpeg change nothing', async () => {
  const worker = await startWith([{ ...JPEG, name: 'bicubic-jpeg' }], 'bicubic')
  expect((await serve(worker, 'coarse.jpg?sr=2')).model).toBe('bicubic')
})

test('the ETag depends on the weights that made the result, and not on weights that it might have got', async () => {
  const etagsWith = async (...shipped: ShippedModel[]) => {
    const worker = await startWith(shipped)
    const { etag: auto } = await serve(worker, 'coarse.jpg?sr=2')
    const { etag: named } = await serve(worker, 'coarse.jpg?sr=2&sr-model=faces')
    return { auto, named }
  }
  const alone = await etagsWith(CLEAN)
  const both = await etagsWith(CLEAN, JPEG)
  const newClean = await etagsWith({ ...CLEAN, file: OTHER }, JPEG)
  const newJpeg = await etagsWith(CLEAN, { ...JPEG, file: OTHER })
  expect(alone.auto).toBe(alone.named)
  expect(new Set([alone.auto, both.auto, newJpeg.auto]).size).toBe(3)
  expect(newClean.auto).toBe(both.auto)
  expect([both.named, newJpeg.named]).toEqual([alone.named, alone.named])
})
