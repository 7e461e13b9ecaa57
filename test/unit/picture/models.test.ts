// Tests which weights a picture gets, and what the cache key says about them. The tests with real buckets and pictures
// are in test/worker.
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createResultCache } from '../../../worker/cache/cache.ts'
import { isVariantOf, lookupKey } from '../../../worker/cache/key.ts'
import type { ModelEntry } from '../../../worker/model/manifest.ts'
import { type ChosenModel, CLEAN_JPEG_QUALITY, createModels, modelFor } from '../../../worker/picture/models.ts'
import { resolveOptions } from '../../../worker/options.ts'
import type { Size } from '../../../worker/picture/wish.ts'
import { STORAGE_TIMEOUT_MS } from '../../../worker/base/timeout.ts'

const named = (name: string, hash: string): ChosenModel => ({
  name,
  from: 'bundled',
  hash,
  load: () => Promise.reject(new Error('nothing is loaded here')),
})
const model = named('srcnn', 'aaaa')
const jpegModel = named('srcnn-jpeg', 'bbbb')

describe('the right weights are chosen for', () => {
  const both = { model, jpegModel }
  const none = { model: undefined, jpegModel: undefined }
  test.each([
    ['a JPEG just below the threshold', CLEAN_JPEG_QUALITY - 1, both, jpegModel],
    ['a JPEG at the threshold', CLEAN_JPEG_QUALITY, both, model],
    ['the coarsest JPEG', 1, both, jpegModel],
    ['the finest JPEG', 100, both, model],
    ['a picture that is not a JPEG', undefined, both, model],
    ['a coarse JPEG if there are no weights for coarse JPEGs', 1, { model, jpegModel: undefined }, model],
    ['a coarse JPEG if there are no weights at all', 1, none, undefined],
  ])('%s', (_, quality, candidates, expected) => {
    expect(modelFor(quality, candidates)).toBe(expected)
  })
})

test('the cache key contains all weights that may be chosen for the picture, their engine, and all limits', async () => {
  const settings = resolveOptions({
    maxSourceBytes: 5,
    maxSourcePixels: 6,
    maxOutputPixels: 7,
    maxMemoryBytes: 8,
    maxCpuMs: 9,
    sizes: [30, 60],
  })
  const wish = { size: { scale: 2 }, format: 'source', quality: 85, model: 'auto' } as const
  const variantOf = async (first?: ChosenModel, second?: ChosenModel, size: Size = wish.size) => {
    const choices = new Map([[2 as const, { model: first, jpegModel: second }]])
    return (await lookupKey({ ...wish, size }, 'https://site.test/cat.jpg', choices, settings, 'fused')).variant
  }
  expect(await variantOf()).toMatch(/^x2-source-q85-bicubic-5\.6\.7\.9\.8-v\d+$/)
  expect(await variantOf(model)).toMatch(/^x2-source-q85-srcnn@aaaa-fused-5\.6\.7\.9\.8-v\d+$/)
  const sized = await variantOf(undefined, undefined, { width: 60 })
  expect(sized).toMatch(/^w60-source-q85-bicubic-5\.6\.7\.9\.8\.30\.60-v\d+$/)
  expect(await variantOf(model, jpegModel)).toMatch(
    /^x2-source-q85-srcnn@aaaa_srcnn-jpeg@bbbb-fused-5\.6\.7\.9\.8-v\d+$/,
  )
})

test('a PNG has one key for all qualities, by which the results of a model are found', async () => {
  const choices = new Map([[2 as const, { model, jpegModel }]])
  const variantOf = async (quality: number) => {
    const wish = { size: { scale: 2 }, format: 'png', quality, model: 'auto' } as const
    return (await lookupKey(wish, 'https://site.test/cat.jpg', choices, resolveOptions(), 'fused')).variant
  }
  const variant = await variantOf(85)
  expect(variant).toMatch(/^x2-png-lossless-srcnn@aaaa_srcnn-jpeg@bbbb-fused-/)
  expect(await variantOf(75)).toBe(variant)
  expect(['srcnn', 'srcnn-jpeg', 'fast', 'lossless'].map((name) => isVariantOf(variant, name))).toEqual([
    true,
    true,
    false,
    false,
  ])
})

test('an error for an unknown model names the models that are allowed', async () => {
  const entry = { name: 'own', scale: 2, file: 'own-x2.onnx', sha256: 'a'.repeat(64), bytes: 1 } as const
  const manifest = { version: 1, models: [entry, { ...entry, name: 'other' }] } as const
  const bundled = { manifest, read: async () => undefined }
  const models = createModels(bundled, undefined)
  await expect(models.choose('none', 2)).rejects.toThrow('sr-model must be one of auto, bicubic, own, other at x2')
  const allowed = ['none', 'own']
  await expect(models.choose('none', 2, allowed)).rejects.toThrow('sr-model must be one of auto, own at x2, got "none"')
})

describe('a bucket that does not answer', () => {
  afterEach(() => void vi.useRealTimers())
  const entry: ModelEntry = { name: 'srcnn', scale: 2, file: 'srcnn-x2.onnx', sha256: 'a'.repeat(64), bytes: 1 }
  const never = new Promise<never>(() => {})
  const bundled = { manifest: { version: 1 as const, models: [entry] }, read: () => never }
  /** Returns a bucket that never answers or, if `manifest` is given, answers only requests for `manifest.json`. */
  const bucketWith = (manifest?: ModelEntry) =>
    ({
      get: (key: string) =>
        manifest && key === 'manifest.json'
          ? Promise.resolve({
              etag: '1',
              body: {},
              text: async () => JSON.stringify({ version: 1, models: [manifest] }),
            })
          : never,
    }) as unknown as R2Bucket

  test('is replaced by the bundled weights, and the next request does not wait for it', async () => {
    vi.useFakeTimers()
    const models = createModels(bundled, bucketWith())
    const first = models.choose('srcnn', 2)
    await vi.advanceTimersByTimeAsync(STORAGE_TIMEOUT_MS)
    expect((await first)?.from).toBe('bundled')
    expect((await models.choose('srcnn', 2))?.from).toBe('bundled')
  })

  test('makes the loading of its weights fail after a timeout', async () => {
    vi.useFakeTimers()
    const fromBucket = await createModels(bundled, bucketWith(entry)).choose('srcnn', 2)
    expect(fromBucket?.from).toBe('bucket')
    const loaded = expect(fromBucket?.load()).rejects.toThrow('no answer within 1500 ms')
    await vi.advanceTimersByTimeAsync(STORAGE_TIMEOUT_MS)
    await loaded
  })

  test('counts as a cache miss', async () => {
    vi.useFakeTimers()
    const settings = resolveOptions({ cache: false, results: bucketWith() })
    const found = createResultCache(settings, () => {}).find({
      source: 's',
      variant: 'v',
      tags: [],
    })
    await vi.advanceTimersByTimeAsync(STORAGE_TIMEOUT_MS)
    expect(await found).toBeUndefined()
  })
})
