// Counts how many addresses of a picture the worker accepts by default, how many keys they have, and how many different
// results they come to. Nothing is made here: test/worker/variants.test.ts compares the bytes of results.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { SrError } from '../../../worker/base/errors.ts'
import { lookupKey, resultVariant } from '../../../worker/cache/key.ts'
import { FORMATS, QUALITIES, SCALES, SIZES } from '../../../worker/client/allowed.ts'
import { splitOwn } from '../../../worker/client/query.ts'
import { type Header, readHeader } from '../../../worker/codec/header.ts'
import { loadPlatform } from '../../../worker/node.ts'
import { resolveOptions, type Settings, type SuperResolutionOptions } from '../../../worker/options.ts'
import { BICUBIC, createModels, type Models } from '../../../worker/picture/models.ts'
import { type Choices, choicesOf, decide } from '../../../worker/picture/plan.ts'
import { Skip } from '../../../worker/picture/skip.ts'
import type { Wish } from '../../../worker/picture/wish.ts'
import { ISOLATE_LIMITS } from '../../../worker/platform/limits.ts'
import type { Platform } from '../../../worker/platform/platform.ts'
import { listedWish } from '../../../worker/request/listed.ts'
import { parseParams } from '../../../worker/request/params.ts'

const SOURCE_URL = 'https://site.test/cat'
const NOTHING = readHeader(new Uint8Array(0))

let platform: Platform
let models: Models

beforeAll(async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  platform = await loadPlatform()
  models = createModels(platform.bundled, undefined)
})
afterAll(() => void vi.restoreAllMocks())

/** Returns every query that the worker may accept. A missing parameter has its default, so no query lacks one. */
async function allQueries(): Promise<string[]> {
  const names = new Set(['auto', BICUBIC, ...(await models.list()).map(({ name }) => name)])
  const scales = SCALES.map((scale) => `sr=${scale}`)
  const widths = SIZES.map((side) => `sr-width=${side}`)
  const heights = SIZES.map((side) => `sr-height=${side}`)
  const boxes = widths.flatMap((width) => heights.map((height) => `${width}&${height}`))
  return [...scales, ...widths, ...heights, ...boxes].flatMap((size) =>
    FORMATS.flatMap((format) =>
      QUALITIES.flatMap((quality) =>
        [...names].map((name) => `${size}&sr-format=${format}&sr-quality=${quality}&sr-model=${name}`),
      ),
    ),
  )
}

interface Variants {
  readonly settings: Settings
  /** How many queries are accepted. */
  readonly accepted: number
  /** What each key stands for. */
  readonly byKey: ReadonlyMap<string, { readonly wish: Wish; readonly choices: Choices }>
}

async function variantsOf(options: SuperResolutionOptions): Promise<Variants> {
  const settings = resolveOptions({ cache: false, ...options })
  const byKey = new Map<string, { wish: Wish; choices: Choices }>()
  let accepted = 0
  for (const query of await allQueries()) {
    try {
      const params = parseParams(splitOwn(`${SOURCE_URL}?${query}`, 'sr'), settings)!
      const wish = listedWish(params.wish, settings)
      const choices = await choicesOf(wish, { settings, models })
      const { variant } = await lookupKey(wish, params.sourceUrl, choices, settings, platform.engines)
      byKey.set(variant, { wish, choices })
      accepted++
    } catch (error) {
      if (!(error instanceof SrError)) throw error
    }
  }
  return { settings, accepted, byKey }
}

/** Returns to how many results a picture comes. */
async function resultsOf({ settings, byKey }: Variants, type: 'jpeg' | 'png', more: Partial<Header>): Promise<number> {
  const header: Header = { ...NOTHING, type, obstacle: undefined, ...more }
  const deps = { settings, models, limits: ISOLATE_LIMITS, engineFor: platform.engineFor }
  const results = new Set<string>()
  for (const { wish, choices } of byKey.values()) {
    try {
      results.add(resultVariant(await decide({ header, bytes: 10_000 }, wish, choices, deps)))
    } catch (error) {
      if (!(error instanceof Skip)) throw error // the picture is served unchanged
    }
  }
  return results.size
}

test('by default 27,540 addresses of a picture are accepted, which have 4,131 keys and come to at most 600 results', async () => {
  const variants = await variantsOf({})
  expect([variants.accepted, variants.byKey.size]).toEqual([27_540, 4131])
  const counts = [
    await resultsOf(variants, 'png', { width: 24, height: 18 }),
    await resultsOf(variants, 'png', { width: 600, height: 400 }),
    await resultsOf(variants, 'jpeg', { width: 641, height: 500, jpegQuality: 95 }),
    await resultsOf(variants, 'jpeg', { width: 641, height: 500, jpegQuality: 60 }),
    await resultsOf(variants, 'jpeg', { width: 4000, height: 3000, jpegQuality: 60 }),
  ]
  expect(counts).toEqual([120, 330, 407, 407, 45])
  // 12 widths and heights and 3 scales, JPEG and WebP in 2 qualities and PNG, 7 networks and bicubic.
  for (const results of counts) expect(results).toBeLessThanOrEqual(600)
})

test('the lists of an operator leave as many keys as they have items', async () => {
  const variants = await variantsOf({ formats: ['source', 'auto'], qualities: [85], modelNames: ['auto'] })
  expect([variants.accepted, variants.byKey.size]).toEqual([51 * 2 * 12, 51 * 2])
  expect(await resultsOf(variants, 'png', { width: 600, height: 400 })).toBeLessThanOrEqual(15 * 2)
})
