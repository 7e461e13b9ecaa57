// A target for the PNG encoder. libvips, which uses libpng, is the oracle.
import sharp from 'sharp'
import type { Rgba } from '../../../worker/image/plane.ts'
import type { Random } from '../../../worker/image/prng.ts'
import { codec } from '../../support/pictures/codec.ts'
import { oneIn, pick } from '../draw.ts'
import { defineTarget, ensure, type FuzzTarget } from '../fuzz.ts'

const MAX_SIDE = 200

/** Draws a picture in blocks of random bytes, of runs, of earlier rows, and of few levels. */
function makePicture(random: Random): Rgba {
  const [width, height] = [1 + random.below(MAX_SIDE), 1 + random.below(MAX_SIDE)]
  const [isGrey, isOpaque] = [oneIn(random, 3), oneIn(random, 2)]
  const data = new Uint8ClampedArray(4 * width * height)
  for (let at = 0; at < data.length;) {
    const end = Math.min(data.length, at + 1 + random.below(pick(random, [20, 500, 20_000])))
    const [level, levels, back] = [random.below(256), 1 + random.below(5), 1 + random.below(at + 1)]
    const next = pick(random, [
      () => random.below(256),
      () => level,
      () => level + random.below(levels),
      (i: number) => data[Math.max(0, i - back)],
    ])
    for (; at < end; at++) data[at] = next(at)
  }
  for (let i = 0; i < data.length; i += 4) {
    if (isGrey) data[i + 1] = data[i + 2] = data[i]
    if (isOpaque) data[i + 3] = 255
  }
  return { width, height, data }
}

/** Checks that libpng reads the file without a warning, and gets the picture from it. */
async function checkEncoding({ width, height, data }: Rgba): Promise<boolean> {
  const file = await codec.encode({ width, height, data }, { format: 'png', quality: 90 })
  const { data: seen, info } = await sharp(file, { failOn: 'warning' })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  ensure(info.width === width && info.height === height, 'another size')
  ensure(seen.equals(new Uint8Array(data.buffer)), 'other pixels')
  return true
}

export function pngEncodeTargets(): FuzzTarget[] {
  return [
    defineTarget({
      name: 'png-encode',
      about: 'the PNG encoder: files that libpng reads without a warning, to the same pixels',
      share: 4,
      isCommandOnly: true,
      make: makePicture,
      check: checkEncoding,
    }),
  ]
}
