// Which weights a picture gets, and what of it is in the cache key. With buckets and pictures: test/worker.
import { describe, expect, test } from 'vitest'
import { lookupKey } from '../../../worker/cache.ts'
import { type ChosenModel, CLEAN_JPEG_QUALITY, modelFor } from '../../../worker/models.ts'
import { resolveOptions } from '../../../worker/options.ts'
import { parseParams } from '../../../worker/params.ts'

const named = (name: string, hash: string): ChosenModel => ({
  name,
  from: 'bundled',
  hash,
  load: () => Promise.reject(new Error('nothing is loaded here')),
})
const model = named('srcnn', 'aaaa')
const jpegModel = named('srcnn-jpeg', 'bbbb')

describe('a picture gets', () => {
  const both = { model, jpegModel }
  const none = { model: undefined, jpegModel: undefined }
  test.each([
    ['a JPEG just below the threshold', CLEAN_JPEG_QUALITY - 1, both, jpegModel],
    ['a JPEG at the threshold', CLEAN_JPEG_QUALITY, both, model],
    ['the coarsest JPEG', 1, both, jpegModel],
    ['the finest JPEG', 100, both, model],
    ['what is no JPEG', undefined, both, model],
    ['a coarse JPEG, without weights for it', 1, { model, jpegModel: undefined }, model],
    ['a coarse JPEG, by bicubic', 1, none, undefined],
  ])('its weights: %s', (_, quality, candidates, expected) => {
    expect(modelFor(quality, candidates)).toBe(expected)
  })
})

test('the key names every set of weights that the picture may choose, and only those', async () => {
  const settings = resolveOptions({ maxNetworkPixels: 9 })
  const want = parseParams('https://site.test/cat.jpg?sr=2', settings)!
  const variantOf = async (first?: ChosenModel, second?: ChosenModel) => {
    const candidates = { model: first, jpegModel: second }
    return (await lookupKey(want, 'source', candidates, settings)).variant
  }
  expect(await variantOf()).toMatch(/^x2-source-q85-bicubic-n9-v\d+$/)
  expect(await variantOf(model)).toMatch(/^x2-source-q85-srcnn@aaaa-n9-v\d+$/)
  expect(await variantOf(model, jpegModel)).toMatch(
    /^x2-source-q85-srcnn@aaaa_srcnn-jpeg@bbbb-n9-v\d+$/,
  )
})
