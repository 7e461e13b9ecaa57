// Tests which result is made of a picture, from its header alone. The tests with real pictures are in test/worker.
import { describe, expect, test } from 'vitest'
import type { Format, Scale } from '../../../worker/client/allowed.ts'
import { type Header, readHeader } from '../../../worker/codec/header.ts'
import { resolveOptions, type SuperResolutionOptions } from '../../../worker/options.ts'
import { ISOLATE_LIMITS, PROCESS_LIMITS } from '../../../worker/platform/limits.ts'
import { createModels } from '../../../worker/picture/models.ts'
import { type Choices, decide } from '../../../worker/picture/plan.ts'
import type { Size } from '../../../worker/picture/wish.ts'

const NOTHING = readHeader(new Uint8Array(0))
const models = createModels({ manifest: { version: 1, models: [] }, read: () => Promise.resolve(undefined) }, undefined)

function headerOf(type: 'jpeg' | 'png' | 'webp', width: number, height: number, more: Partial<Header> = {}): Header {
  return { ...NOTHING, type, obstacle: undefined, width, height, ...more }
}

interface Asked {
  readonly format?: Format
  readonly options?: SuperResolutionOptions
  readonly limits?: typeof ISOLATE_LIMITS
}

/** Returns the plan by bicubic. */
async function planOf(header: Header, size: Size, { format = 'source', options, limits = ISOLATE_LIMITS }: Asked = {}) {
  const scales = ([2, 3, 4] as const).filter((scale) => scale <= (size.scale ?? 4))
  const none = { model: undefined, jpegModel: undefined }
  const choices: Choices = new Map(scales.map((scale): [Scale, typeof none] => [scale, none]))
  const engineFor = () => {
    throw new Error('no network is asked for')
  }
  const deps = { settings: resolveOptions(options, limits), models, limits, engineFor }
  const wish = { size, format, quality: 85, model: 'bicubic' }
  const { plan } = await decide({ header, bytes: 100_000 }, wish, choices, deps)
  return plan
}

describe('if the asked size is too large, the largest that fits is made:', () => {
  test.each<[string, Header, Size, object]>([
    ['a smaller scale', headerOf('jpeg', 3000, 2000), { scale: 4 }, { scale: 2, width: 6000, height: 4000 }],
    ['the next smaller scale', headerOf('jpeg', 1600, 1200), { scale: 4 }, { scale: 3, width: 4800, height: 3600 }],
    ['a scale that is as large as asked', headerOf('jpeg', 3000, 2000), { scale: 2 }, { scale: 2, asked: undefined }],
    ['less of a PNG than of a JPEG', headerOf('png', 1400, 1000), { scale: 3 }, { scale: 2, asked: { scale: 3 } }],
    [
      'less of a WebP than of a PNG',
      headerOf('webp', 1000, 900),
      { scale: 4 },
      { scale: 2, width: 2000, asked: { scale: 4 } },
    ],
    [
      'still less with transparency',
      headerOf('webp', 900, 700, { alpha: true }),
      { width: 2560 },
      { width: 1280, height: 996, scale: 2, asked: { width: 2560 } },
    ],
    [
      'the largest scale for a size beyond it',
      headerOf('jpeg', 100, 50),
      { width: 640 },
      { scale: 4, width: 400, height: 200, asked: { width: 640 } },
    ],
    [
      'a smaller allowed height',
      headerOf('webp', 900, 1000),
      { height: 2560 },
      { height: 1920, width: 1728, asked: { height: 2560 } },
    ],
    ['a smaller scale for long sides', headerOf('jpeg', 7000, 20), { scale: 4 }, { scale: 2, width: 14_000 }],
  ])('%s', async (_, header, size, expected) => {
    expect(await planOf(header, size)).toMatchObject(expected)
  })

  test('a smaller scale than asked is stated, whatever limited it', async () => {
    const header = headerOf('jpeg', 500, 400)
    const asked = { scale: 4 } as const
    for (const options of [{ maxOutputPixels: 1_000_000 }, { maxCpuMs: 25 }, { maxMemoryBytes: 29e6 }]) {
      expect(await planOf(header, asked, { options })).toMatchObject({ scale: 2, asked })
    }
  })

  test('nothing if no enlargement fits, and never a smaller picture than the source', async () => {
    await expect(planOf(headerOf('jpeg', 3000, 2100), { scale: 3 })).rejects.toThrow(/even the smallest enlargement/)
    await expect(planOf(headerOf('webp', 1950, 1900), { width: 2560 })).rejects.toThrow(/even the smallest enlargement/)
  })
})

test.each<['jpeg' | 'png' | 'webp', number, boolean]>([
  ['jpeg', 50_000_000, true],
  ['jpeg', 51_000_000, false],
  ['png', 24_000_000, true],
  ['png', 25_000_000, false],
  ['webp', 4_000_000, true],
  ['webp', 4_100_000, false],
])('a %s of %i pixels is shrunk in an isolate: %s', async (type, pixels, isShrunk) => {
  const planned = planOf(headerOf(type, pixels / 4000, 4000), { width: 320 })
  if (isShrunk) expect(await planned).toMatchObject({ scale: 1, width: 320 })
  else await expect(planned).rejects.toThrow('larger than maxSourcePixels')
})

test('a process makes larger pictures than an isolate', async () => {
  const header = headerOf('png', 4000, 3000)
  expect(await planOf(header, { scale: 2 }, { limits: PROCESS_LIMITS })).toMatchObject({ scale: 2, width: 8000 })
  await expect(planOf(header, { scale: 2 })).rejects.toThrow(/even the smallest enlargement/)
})

describe('with the format auto', () => {
  test.each<[string, Header, Size, object]>([
    ['WebP is made', headerOf('jpeg', 500, 400), { scale: 2 }, { format: 'webp', isRecoded: false }],
    ['a result too large for WebP is a JPEG', headerOf('jpeg', 1500, 1000), { scale: 3 }, { format: 'jpeg', scale: 3 }],
    ['or if opaque, a JPEG even of a PNG', headerOf('png', 1500, 1000), { scale: 2 }, { format: 'jpeg', scale: 2 }],
    [
      'or, with transparency, a PNG',
      headerOf('png', 1000, 900, { alpha: true }),
      { scale: 2 },
      { format: 'png', scale: 2 },
    ],
    ['a picture of the asked size is encoded anew', headerOf('png', 640, 480), { width: 640 }, { isRecoded: true }],
    [
      'at its own size, even if the size is asked for by a factor near 1',
      headerOf('jpeg', 639, 1),
      { width: 640, height: 1 },
      { isRecoded: true, scale: 1, width: 639 },
    ],
    ['a smaller picture is shrunk', headerOf('png', 1000, 480), { width: 640 }, { isRecoded: false, scale: 1 }],
  ])('%s', async (_, header, size, expected) => {
    expect(await planOf(header, size, { format: 'auto' })).toMatchObject(expected)
  })

  test('a WebP of the asked size is left as it is', async () => {
    const planned = planOf(headerOf('webp', 640, 480), { width: 640 }, { format: 'auto' })
    await expect(planned).rejects.toThrow('already has the requested size')
  })
})
