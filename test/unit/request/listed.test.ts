// Tests which quality and model a request gets that asks for one that the operator's lists lack.
import { readFile } from 'node:fs/promises'
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { QUALITIES } from '../../../worker/client/allowed.ts'
import { type Manifest, parseManifest } from '../../../worker/model/manifest.ts'
import { resolveOptions, type SuperResolutionOptions } from '../../../worker/options.ts'
import { createModels, type Models } from '../../../worker/picture/models.ts'
import type { Wish } from '../../../worker/picture/wish.ts'
import type { listedWish } from '../../../worker/request/listed.ts'
import { MODELS } from '../../support/engine/shipped.ts'

const WISH: Wish = { size: { scale: 2 }, format: 'source', quality: 85, model: 'auto' }

let manifest: Manifest
/** A new copy of the module, which has not named any value in the log yet. */
let listed: typeof listedWish
const logged = vi.spyOn(console, 'warn').mockImplementation(() => {})

beforeAll(async () => {
  manifest = parseManifest(await readFile(new URL('manifest.json', MODELS), 'utf8'))
})
beforeEach(async () => {
  vi.resetModules()
  logged.mockClear()
  ;({ listedWish: listed } = await import('../../../worker/request/listed.ts'))
})

/** The bundled models, and a bucket with models of the given names. */
function modelsWith(own: readonly string[]): Models {
  const [entry] = manifest.models
  const text = JSON.stringify({ version: 1, models: own.map((name) => ({ ...entry, name })) })
  const object = { body: {}, etag: '1', text: async () => text }
  const bucket = { get: async () => (own.length > 0 ? object : null) }
  return createModels({ manifest, read: async () => undefined }, bucket as never)
}

async function granted(wish: Partial<Wish>, options: SuperResolutionOptions = {}, own: readonly string[] = []) {
  const { quality, model } = await listed(
    { ...WISH, ...wish },
    { settings: resolveOptions(options), models: modelsWith(own) },
  )
  return { quality, model }
}

describe('a quality', () => {
  test('becomes the nearest one that is made, and of two the higher', async () => {
    const made = await Promise.all(QUALITIES.map(async (quality) => (await granted({ quality })).quality))
    expect(made).toEqual([75, 75, 75, 75, 75, 75, 75, 75, 85, 85, 85, 85])
    const own = QUALITIES.map(async (quality) => (await granted({ quality }, { qualities: [90, 50] })).quality)
    expect(await Promise.all(own)).toEqual([50, 50, 50, 50, 50, 50, 90, 90, 90, 90, 90, 90])
  })

  test('that is made stays as it is, and the log says nothing', async () => {
    expect(await granted({ quality: 75 })).toEqual({ quality: 75, model: 'auto' })
    expect(await granted({ quality: 40 }, { quality: 40 })).toEqual({ quality: 40, model: 'auto' })
    expect(logged).not.toHaveBeenCalled()
  })

  test('that is not made is logged as deprecated, once for each value', async () => {
    for (const quality of [60, 95, 60, 60, 95]) await granted({ quality })
    expect(logged.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^deprecated: sr-quality=60 is not in the option qualities, so sr-quality=75 is served\./,
        ),
      ],
      [
        expect.stringMatching(
          /^deprecated: sr-quality=95 is not in the option qualities, so sr-quality=85 is served\./,
        ),
      ],
    ])
  })
})

describe('a model', () => {
  test.each(['auto', 'bicubic', 'fast', 'quality', 'srcnn', 'srcnn-free', 'mine', 'mine-jpeg', 'unknown-jpeg'])(
    '%s stays as it is',
    async (model) => {
      expect((await granted({ model }, {}, ['mine', 'mine-jpeg'])).model).toBe(model)
      expect(logged).not.toHaveBeenCalled()
    },
  )

  test.each([
    ['fast-jpeg', 'auto'],
    ['quality-jpeg', 'quality'],
    ['srcnn-jpeg', 'srcnn'],
  ])(
    'of the package for JPEGs, %s, becomes %s, because the picture chooses it, and the log says so once',
    async (model, expected) => {
      for (let i = 0; i < 2; i++) expect((await granted({ model })).model).toBe(expected)
      expect(logged).toHaveBeenCalledTimes(1)
      expect(logged).toHaveBeenCalledWith(
        expect.stringContaining(
          `deprecated: sr-model=${model} is not in the option modelNames, so sr-model=${expected} is served.`,
        ),
      )
    },
  )

  test("of the package for JPEGs stays as it is if it is in the operator's bucket or list, or is the operator's model", async () => {
    expect((await granted({ model: 'fast-jpeg' }, {}, ['fast-jpeg'])).model).toBe('fast-jpeg')
    expect((await granted({ model: 'fast-jpeg' }, { modelNames: ['fast-jpeg'] })).model).toBe('fast-jpeg')
    expect((await granted({ model: 'fast-jpeg' }, { model: 'fast-jpeg' })).model).toBe('fast-jpeg')
  })

  test("that the operator's list lacks is refused, and the message names the list", async () => {
    const options = { modelNames: ['fast', 'mine'] }
    expect((await granted({ model: 'mine' }, options, ['mine'])).model).toBe('mine')
    expect((await granted({ model: 'auto' }, options)).model).toBe('auto')
    for (const model of ['bicubic', 'quality', 'fast-jpeg', 'other']) {
      const refused = granted({ model }, options, ['mine', 'other'])
      await expect(refused).rejects.toThrow(`sr-model must be one of auto, fast, mine, got "${model}"`)
      await expect(granted({ model }, options)).rejects.toMatchObject({ code: 'MODEL_UNKNOWN', status: 400 })
    }
  })
})
