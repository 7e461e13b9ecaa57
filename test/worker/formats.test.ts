// Sends every kind of picture through the deployed bundle. Checks size, orientation, profile and transparency, and how
// close a result is to a known truth. libvips (sharp) writes the sources and reads the results.
import sharp, { type Sharp } from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { shrinkPicture, truthOf } from '../../trainer/data/degrade.ts'
import { psnr } from '../../worker/image/metrics.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { concat } from '../../worker/base/concat.ts'
import { createRandom } from '../../worker/image/prng.ts'
import { renderScene } from '../fixtures/make.ts'
import { patchesPng } from '../support/pictures/colours.ts'
import { gammaCurve, iccChunk, rgbProfile } from '../support/pictures/icc.ts'
import { pngChunk } from '../support/pictures/png.ts'
import { startSite } from '../support/worker/site.ts'

const SCALE = 3

const { origin, ask } = startSite({ vars: { SR_QUALITIES: '85 95' } })
/** `truth` is a part of a scene. `small` is the same part, shrunk to a third. */
let truth: Rgba
let small: Rgba

beforeAll(async () => {
  const part = sharpOf(await renderScene('harbour')).extract({
    left: 300,
    top: 120,
    width: 300,
    height: 240,
  })
  truth = await rgbaOf(part)
  small = shrinkPicture(truth, SCALE)
})

function sharpOf({ width, height, data }: Rgba): Sharp {
  return sharp(data, { raw: { width, height, channels: 4 } })
}

async function rgbaOf(picture: Sharp): Promise<Rgba> {
  const { data, info } = await picture.ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, data }
}

async function serve(file: Uint8Array, query = `sr=${SCALE}`) {
  origin.serve('/picture', file, { 'cache-control': 'no-store' })
  const { sr, bytes } = await ask(`/picture?${query}`)
  expect(sr).toMatch(/^done/)
  return sharp(bytes)
}

describe('a result', () => {
  const opaque = () => sharpOf(small).removeAlpha()
  test.each<[string, () => Promise<Buffer>, string, number]>([
    ['PNG', () => opaque().png().toBuffer(), 'png', 1.2],
    ['16-bit PNG', () => opaque().toColourspace('rgb16').png().toBuffer(), 'png', 1.2],
    ['palette PNG', () => opaque().png({ palette: true, quality: 100, dither: 0 }).toBuffer(), 'png', 0.3],
    ['GIF', () => opaque().gif({ dither: 0 }).toBuffer(), 'png', 0.3],
    ['JPEG, quality 95', () => opaque().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer(), 'jpeg', 0.8],
    ['JPEG, quality 80', () => opaque().jpeg({ quality: 80 }).toBuffer(), 'jpeg', 0.2],
    ['WebP, quality 95', () => opaque().webp({ quality: 95 }).toBuffer(), 'webp', 0.5],
    ['lossless WebP', () => opaque().webp({ lossless: true }).toBuffer(), 'webp', 0.5],
  ])('made from a %s is closer to the truth than bicubic', async (name, make, format, margin) => {
    const file = await make()
    const close = async (query: string) => {
      const served = await serve(file, `sr=${SCALE}&sr-quality=95${query}`)
      expect((await served.metadata()).format).toBe(format)
      return psnr(truthOf(await rgbaOf(served)), truthOf(truth), SCALE)
    }
    const [sharper, bicubic] = [await close(''), await close('&sr-model=bicubic')]
    console.log(`${name}: ${sharper.toFixed(2)} dB, bicubic ${bicubic.toFixed(2)} dB`)
    expect(sharper - bicubic).toBeGreaterThan(margin)
  })
})

describe('EXIF orientation', () => {
  const CASES = ([1, 2, 3, 4, 5, 6, 7, 8] as const).flatMap((orientation) =>
    (['jpeg', 'png'] as const).map((format) => [orientation, format] as const),
  )
  test.each(CASES)(
    '%i of a %s is applied: the result is upright and has no orientation tag',
    async (orientation, format) => {
      const tagged = sharpOf(small).removeAlpha().withMetadata({ orientation })
      const file = await tagged.toFormat(format, { quality: 100 }).toBuffer()
      const served = await serve(file, `sr=2&sr-format=png`)
      const metadata = await served.metadata()
      const upright = await rgbaOf(sharp(file).autoOrient())
      expect([metadata.width, metadata.height]).toEqual([2 * upright.width, 2 * upright.height])
      expect(metadata.orientation ?? 1).toBe(1)
      expect(metadata.exif).toBeUndefined()
      // The result, shrunk again, must be close to the upright original. A wrong rotation would be far off.
      const again = shrinkPicture(await rgbaOf(served), 2)
      expect(psnr(truthOf(again), truthOf(upright))).toBeGreaterThan(35)
    },
  )
})

test('EXIF orientation of a WebP is not applied, because no browser does', async () => {
  const file = await sharpOf(small).withMetadata({ orientation: 6 }).webp({ lossless: true }).toBuffer()
  const { width, height, exif } = await (await serve(file, 'sr=2&sr-format=png')).metadata()
  expect([width, height, exif]).toEqual([2 * small.width, 2 * small.height, undefined])
})

describe('a wide-gamut profile', () => {
  const CASES = (['jpeg', 'png', 'webp'] as const).flatMap((from) =>
    (['jpeg', 'png', 'webp'] as const).map((to) => [from, to] as const),
  )
  test.each(CASES)('of a %s is copied into a %s byte for byte', async (from, to) => {
    const file = await sharpOf(small).removeAlpha().withIccProfile('p3').toFormat(from).toBuffer()
    const { icc } = await sharp(file).metadata()
    const served = await (await serve(file, `sr=2&sr-format=${to}`)).metadata()
    expect(icc!.length).toBeGreaterThan(400)
    expect(served.icc!.equals(icc!)).toBe(true)
  })
})

describe('a profile', () => {
  const profile = rgbProfile(gammaCurve(1.8))

  test('that inflates to far more than its file is refused, and sr-format=json says so', async () => {
    const bomb = patchesPng({ before: [iccChunk(concat([profile, new Uint8Array(4_000_000)]))] })
    origin.serve('/bomb', bomb, { 'cache-control': 'no-store' })
    const { sr, bytes } = await ask('/bomb?sr=2')
    expect(sr).toBe('skipped; reason=TOO_COMPLEX')
    expect(bytes.equals(bomb)).toBe(true)
    const description = await ask('/bomb?sr=2&sr-format=json')
    expect(JSON.parse(description.bytes.toString())).toMatchObject({ outcome: 'skipped', reason: 'TOO_COMPLEX' })
  })

  test('of 600 kB behind other chunks, which the first 64 kB of the file do not hold, is kept', async () => {
    const random = createRandom(5)
    const noise = Uint8Array.from({ length: 600_000 - profile.length }, () => random.below(256))
    const icc = concat([profile, noise])
    const text = pngChunk('tEXt', concat([new TextEncoder().encode('Comment\0'), noise.subarray(0, 100_000)]))
    const served = await serve(patchesPng({ before: [text, iccChunk(icc)] }), 'sr=2&sr-format=webp')
    expect((await served.metadata()).icc!.equals(icc)).toBe(true)
  })
})

describe('transparency', () => {
  /** Returns the pixels of a picture on a background colour. */
  const over = async (picture: Sharp, background: string) => rgbaOf(picture.clone().flatten({ background }))

  test.each(['png', 'webp'] as const)('of a %s leaves no fringe on white or black', async (format) => {
    const icon = await renderScene('icon')
    const shrunk = sharpOf(icon).resize(icon.width / SCALE, icon.height / SCALE, {
      kernel: 'cubic',
    })
    // Image editors leave colours in transparent pixels. These colours must never show.
    const dirty = await rgbaOf(shrunk)
    for (let p = 0; p < dirty.data.length; p += 4) if (dirty.data[p + 3] === 0) dirty.data.set([0, 255, 0], p)
    const source = sharpOf(dirty)
    const file = await (
      format === 'png' ? source.png() : source.webp({ lossless: true, exact: true } as never)
    ).toBuffer()
    const served = await serve(file, `sr=${SCALE}&sr-format=png`)
    const plain = await serve(file, `sr=${SCALE}&sr-format=png&sr-model=bicubic`)
    for (const background of ['#ffffff', '#000000']) {
      const wanted = await over(sharpOf(icon), background)
      const [ours, bicubic] = [
        edgeError(icon, await over(served, background), wanted),
        edgeError(icon, await over(plain, background), wanted),
      ]
      console.log(
        `${format} over ${background}: mean edge error ${ours.toFixed(2)} levels, bicubic ${bicubic.toFixed(2)}`,
      )
      expect(ours).toBeLessThan(bicubic)
    }
  })

  test('becomes white in a JPEG', async () => {
    const clear = await sharp({
      create: { width: 20, height: 20, channels: 4, background: { r: 0, g: 200, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer()
    const { data } = await rgbaOf(await serve(clear, 'sr=2&sr-format=jpeg'))
    expect(data.every((level) => level >= 254)).toBe(true)
  })
})

/**
 * Returns the mean difference between the green channels of `a` and `b`, in levels. Only pixels near an edge of alpha
 * count: in the 5x5 pixels around such a pixel, the alpha of `alphaOf` differs by 32 levels or more.
 */
function edgeError(alphaOf: Rgba, a: Rgba, b: Rgba): number {
  const { width, height, data } = alphaOf
  let sum = 0
  let count = 0
  for (let y = 2; y < height - 2; y++) {
    for (let x = 2; x < width - 2; x++) {
      const levels = [-2, 0, 2].flatMap((dy) => [-2, 0, 2].map((dx) => data[4 * ((y + dy) * width + x + dx) + 3]))
      if (Math.max(...levels) - Math.min(...levels) < 32) continue
      const p = 4 * (y * width + x) + 1
      sum += Math.abs(a.data[p] - b.data[p])
      count++
    }
  }
  return sum / count
}
