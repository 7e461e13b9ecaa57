import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { lumaOf } from '../../worker/image/color.ts'
import { psnr } from '../../worker/image/metrics.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { resize } from '../../worker/image/resize.ts'
import { renderScene, SAMPLE_SCALE, SAMPLES, SAMPLES_FOLDER, SCENE_NAMES, type SceneName } from '../fixtures/make.ts'
import { shrink } from '../fixtures/render.ts'
import { maxDifference } from '../support/engine/samples.ts'

/** Limit on the total size of all sample pictures in the repository. */
const MAX_SAMPLES_BYTES = 400_000

/** Rendering a scene takes 1 to 4 s, and several times as long while other test files run. */
const RENDER_TIMEOUT_MS = 60_000

/** Least PSNR on luma, in dB, of JPEG and WebP samples at quality 90. Measured: 40.6, 41.0 and 43.1 dB. */
const LOSSY_DB = 39

/**
 * Upper limit for the PSNR of bicubic enlargement by 3, in dB. Measured: 20.2 dB (engraving) to 29.4 dB (bird). Above
 * the limit, a network could gain little over bicubic.
 */
const BICUBIC_DB = 30

const fileOf = (name: SceneName) => new URL(`${name}.${SAMPLES[name]}`, SAMPLES_FOLDER)

async function decode(name: SceneName): Promise<Rgba> {
  const { data, info } = await sharp(await readFile(fileOf(name)))
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, data }
}

describe.each(SCENE_NAMES)('the scene %s', (name) => {
  let truth: Rgba
  let made: Rgba
  beforeAll(async () => {
    truth = await renderScene(name)
    made = shrink(truth, SAMPLE_SCALE)
  }, RENDER_TIMEOUT_MS)

  test('has sides that are multiples of 12, so that every scale divides them', () => {
    expect([truth.width % 12, truth.height % 12]).toEqual([0, 0])
  })

  test('gives the committed sample when it is shrunk by resize()', async () => {
    const committed = await decode(name)
    expect([committed.width, committed.height]).toEqual([made.width, made.height])
    if (SAMPLES[name] === 'png') {
      // One level is allowed, because sin() may round a coordinate differently on another platform.
      expect(maxDifference(committed.data, made.data)).toBeLessThanOrEqual(1)
    } else {
      expect(psnr(lumaOf(committed), lumaOf(made))).toBeGreaterThan(LOSSY_DB)
    }
  })

  test('has a PSNR below 30 dB when bicubic enlarges it after shrinking, so that a network can surpass bicubic', () => {
    const luma = lumaOf(truth)
    const enlarged = resize(lumaOf(made), truth.width, truth.height)
    expect(psnr(luma, enlarged, SAMPLE_SCALE)).toBeLessThan(BICUBIC_DB)
  })
})

test('rendering a scene twice gives the same bytes', async () => {
  const hashes = [await renderScene('icon'), await renderScene('icon')].map(({ data }) =>
    createHash('sha256').update(data).digest('hex'),
  )
  expect(hashes[0]).toBe(hashes[1])
})

test('shrinking an opaque picture gives the same as resize() on each channel, rounded to 8 bits', () => {
  const data = Uint8Array.from({ length: 4 * 36 }, (_, i) => (i % 4 === 3 ? 255 : (i * 89) % 256))
  const small = shrink({ width: 6, height: 6, data }, 3)
  const green = Float32Array.from({ length: 36 }, (_, i) => data[4 * i + 1] / 255)
  const expected = resize({ width: 6, height: 6, data: green }, 2, 2).data
  expected.forEach((value, i) => {
    expect(small.data[4 * i + 1]).toBe(Math.min(255, Math.max(0, Math.round(255 * value))))
  })
})

test('the sample icon is transparent outside its badge, and partly transparent in the shadow of the badge', async () => {
  const { data } = await decode('icon')
  const alphas = data.filter((_, i) => i % 4 === 3)
  expect(alphas[0]).toBe(0)
  expect(alphas.some((alpha) => alpha > 0 && alpha < 255)).toBe(true)
})

test('the total size of all samples is below the limit', async () => {
  const sizes = await Promise.all(SCENE_NAMES.map(async (name) => (await stat(fileOf(name))).size))
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(MAX_SAMPLES_BYTES)
})

test('the playground offers every sample, and uses only relative URLs', async () => {
  const page = await readFile(new URL('../../playground/index.html', SAMPLES_FOLDER), 'utf8')
  for (const name of SCENE_NAMES) {
    const file = `samples/${name}.${SAMPLES[name]}`
    expect(page).toContain(`src="${file}"`)
    expect(page).toContain(`data-sample="${file}"`)
  }
  const urls = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1])
  expect(urls.filter((url) => /^(\/|\w+:)/.test(url))).toEqual([])
})
