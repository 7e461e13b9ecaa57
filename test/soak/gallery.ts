// Makes numbered pictures of different formats, sizes and contents, as small as thumbnails. The seed, the size class
// and the number determine every byte of a picture, so that a check can make the original again.
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { createRandom } from '../../worker/image/prng.ts'
import { SAMPLES, SAMPLES_FOLDER, SCENE_NAMES } from '../fixtures/make.ts'
import { bmp24 } from '../support/pictures/bmp.ts'

export interface GalleryPicture {
  readonly bytes: Buffer
  readonly type: string
  readonly width: number
  readonly height: number
}

/** Shortest and longest possible side in pixels, for each class. Short sides are drawn more often. */
export const SIZE_CLASSES = { small: [40, 128], mixed: [40, 300], large: [220, 300] } as const
export type SizeClass = keyof typeof SIZE_CLASSES

const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'bmp'] as const
/** Probability of each format in FORMATS. */
const FORMAT_WEIGHTS = [0.5, 0.2, 0.15, 0.1, 0.05]

/** Number of pictures that are kept in memory. Other pictures are made again when they are needed. */
const MAX_KEPT = 6000

/** Returns the picture with this size class and number. */
export type Gallery = (sizeClass: SizeClass, number: number) => Promise<GalleryPicture>

export function createGallery(seed: number): Gallery {
  const kept = new Map<string, Promise<GalleryPicture>>()
  return (sizeClass, number) => {
    const name = `${sizeClass}/${number}`
    const known = kept.get(name)
    if (known) return known
    const picture = draw(sizeClass, createRandom(seed * 1_000_003 + 8 * number + CLASS_NAMES.indexOf(sizeClass)))
    kept.set(name, picture)
    if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!)
    return picture
  }
}

const CLASS_NAMES = Object.keys(SIZE_CLASSES)

/** Makes a picture from a random part of a sample picture, with random size, contrast and brightness. */
async function draw(sizeClass: SizeClass, random: ReturnType<typeof createRandom>): Promise<GalleryPicture> {
  const [least, most] = SIZE_CLASSES[sizeClass]
  const width = Math.round(least + (most - least) * random.next() ** 2.5)
  const height = Math.round(least + (most - least) * random.next() ** 2.5)
  const scene = SCENE_NAMES[random.below(SCENE_NAMES.length)]
  const sample = sharp(fileURLToPath(new URL(`${scene}.${SAMPLES[scene]}`, SAMPLES_FOLDER)))
  const { width: wide, height: high } = await sample.metadata()
  const [w, h] = [wide, high].map((side) => Math.ceil(side * (0.4 + 0.5 * random.next())))
  const left = random.below(wide - w + 1)
  const top = random.below(high - h + 1)
  const isOpaque = random.next() < 0.85
  const part = sample
    .removeAlpha()
    .extract({ left, top, width: w, height: h })
    .resize(width, height, { fit: 'fill' })
    .linear(0.7 + 0.5 * random.next(), 40 * random.next())
  const format = FORMATS[weightedIndex(FORMAT_WEIGHTS, random.next())]
  const quality = 60 + 5 * random.below(8)
  if (format === 'bmp') {
    const data = await part.ensureAlpha().raw().toBuffer()
    return { bytes: Buffer.from(bmp24({ width, height, data })), type: 'image/bmp', width, height }
  }
  const opaque = format === 'jpeg' || isOpaque ? part : part.ensureAlpha(0.3 + 0.6 * random.next())
  const bytes = await opaque.toFormat(format, { quality, effort: format === 'jpeg' ? undefined : 1 }).toBuffer()
  return { bytes, type: `image/${format}`, width, height }
}

/**
 * Returns index i with probability weights[i], if `at` is drawn uniformly from 0 to 1. If the weights sum to less than
 * 1, the last index gets the rest of the probability.
 */
export function weightedIndex(weights: readonly number[], at: number): number {
  let sum = 0
  const found = weights.findIndex((weight) => at < (sum += weight))
  return found < 0 ? weights.length - 1 : found
}
