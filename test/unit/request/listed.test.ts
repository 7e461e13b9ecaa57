// Tests which quality and model a request gets that asks for one that the operator's lists lack.
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { QUALITIES } from '../../../worker/client/allowed.ts'
import { resolveOptions, type SuperResolutionOptions } from '../../../worker/options.ts'
import type { Wish } from '../../../worker/picture/wish.ts'
import type { listedWish } from '../../../worker/request/listed.ts'

const WISH: Wish = { size: { scale: 2 }, format: 'source', quality: 85, model: 'auto' }

/** A new copy of the module, which has not named any value in the log yet. */
let listed: typeof listedWish
const logged = vi.spyOn(console, 'warn').mockImplementation(() => {})

beforeEach(async () => {
  vi.resetModules()
  logged.mockClear()
  ;({ listedWish: listed } = await import('../../../worker/request/listed.ts'))
})

function granted(wish: Partial<Wish>, options: SuperResolutionOptions = {}) {
  const { quality, model } = listed({ ...WISH, ...wish }, resolveOptions(options))
  return { quality, model }
}

describe('a quality', () => {
  test('becomes the nearest one that is made, and of two the higher', () => {
    const made = QUALITIES.map((quality) => granted({ quality }).quality)
    expect(made).toEqual([75, 75, 75, 75, 75, 75, 75, 75, 85, 85, 85, 85])
    const own = QUALITIES.map((quality) => granted({ quality }, { qualities: [90, 50] }).quality)
    expect(own).toEqual([50, 50, 50, 50, 50, 50, 90, 90, 90, 90, 90, 90])
  })

  test('that is made stays as it is, and the log says nothing', () => {
    expect(granted({ quality: 75 })).toEqual({ quality: 75, model: 'auto' })
    expect(granted({ quality: 40 }, { quality: 40 })).toEqual({ quality: 40, model: 'auto' })
    expect(logged).not.toHaveBeenCalled()
  })

  test('that is not made is logged as deprecated, once for each value', () => {
    for (const quality of [60, 95, 60, 60, 95]) granted({ quality })
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
  test.each(['auto', 'bicubic', 'fast', 'fast-jpeg', 'mine', 'unknown'])(
    '%s stays as it is without a list',
    (model) => {
      expect(granted({ model }).model).toBe(model)
      expect(logged).not.toHaveBeenCalled()
    },
  )

  test("that the operator's list lacks is refused, and the message names the list", () => {
    const options = { modelNames: ['fast', 'mine'] }
    for (const model of ['auto', 'fast', 'mine']) expect(granted({ model }, options).model).toBe(model)
    for (const model of ['bicubic', 'quality', 'fast-jpeg', 'other']) {
      const refuse = () => granted({ model }, options)
      expect(refuse).toThrow(`sr-model must be one of auto, fast, mine, got "${model}"`)
      expect(refuse).toThrow(expect.objectContaining({ code: 'MODEL_UNKNOWN', status: 400 }))
    }
  })
})
