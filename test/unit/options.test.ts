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
