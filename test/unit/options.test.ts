import { expect, test } from 'vitest'
import { ConfigError } from '../../worker/base/errors.ts'
import { DEFAULT_MODEL } from '../../worker/model/manifest.ts'
import { resolveOptions, type SuperResolutionOptions } from '../../worker/options.ts'
import { PROCESS_LIMITS } from '../../worker/platform/limits.ts'

test('resolveOptions fills in every default', () => {
  const settings = resolveOptions()
  expect(settings).toMatchObject({
    param: 'sr',
    query: 'keep',
    format: 'source',
    quality: 85,
    model: DEFAULT_MODEL,
  })
  expect(settings.maxOutputPixels).toBe(25_000_000)
  expect(resolveOptions({}, PROCESS_LIMITS).maxOutputPixels).toBe(100_000_000)
  expect(resolveOptions({ maxOutputPixels: 5 }, PROCESS_LIMITS).maxOutputPixels).toBe(5)
})

test.each<[SuperResolutionOptions, string]>([
  [{ quality: 84 }, 'option quality: expected 40, 45'],
  [
    { qualities: [75, 84] },
    'option qualities: expected a list of 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, got [75,84]',
  ],
  [{ qualities: [] }, 'option qualities: expected a list of 40, 45'],
  [{ qualities: 75 as never }, 'option qualities: expected a list of 40, 45'],
  [{ quality: 60, qualities: [75, 85] }, 'option quality: expected one of qualities (75, 85), got 60'],
  [{ formats: ['avif' as never] }, 'option formats: expected a list of source, auto, jpeg, png, webp, got ["avif"]'],
  [{ formats: [] }, 'option formats: expected a list of source'],
  [{ format: 'source', formats: ['webp'] }, 'option format: expected one of formats (webp), got "source"'],
  [{ modelNames: [] }, 'option modelNames: expected a list of names in the manifests, bicubic or auto, got []'],
  [{ modelNames: ['Fast'] }, 'option modelNames: expected a list of names in the manifests'],
  [{ modelNames: 'fast' as never }, 'option modelNames: expected a list of names in the manifests'],
  [{ param: 'a b' }, 'option param'],
  [{ param: 'sr-x' }, 'option param'],
  [{ format: 'avif' as never }, 'option format: expected source, auto, jpeg, png, webp, got "avif"'],
  [{ query: 'some' as never }, "option query: expected 'keep', 'ignore' or a list"],
  [{ maxSourceBytes: 0 }, 'option maxSourceBytes: expected a whole number from 1, got 0'],
  [{ maxOutputPixels: 1.5 }, 'option maxOutputPixels'],
  [{ maxOutputPixel: 5 } as never, 'unknown option maxOutputPixel, expected one of enabled, param, query'],
])('resolveOptions refuses %j', (options, message) => {
  expect(() => resolveOptions(options)).toThrow(ConfigError)
  expect(() => resolveOptions(options)).toThrow(message)
})

test('an option that is undefined gets its default', () => {
  expect(resolveOptions({ param: undefined, model: undefined })).toEqual(resolveOptions())
})

test.each<[SuperResolutionOptions, number, readonly number[]]>([
  [{}, 85, [75, 85]],
  [{ quality: 80 }, 80, [75, 80]],
  [{ quality: 60 }, 60, [60, 75]],
  [{ quality: 75 }, 75, [75]],
  [{ qualities: [75] }, 75, [75]],
  [{ qualities: [50, 80, 90] }, 90, [50, 80, 90]],
  [{ quality: 50, qualities: [50, 80] }, 50, [50, 80]],
])('with %j the default quality is %i, one of %j', (options, quality, qualities) => {
  expect(resolveOptions(options)).toMatchObject({ quality, qualities })
})

test('if the formats lack "source", the first of them is the default', () => {
  expect(resolveOptions({ formats: ['webp', 'jpeg'] }).format).toBe('webp')
  expect(resolveOptions({ formats: ['webp', 'source'] }).format).toBe('source')
  expect(resolveOptions({ formats: ['webp', 'jpeg'], format: 'jpeg' }).format).toBe('jpeg')
})
