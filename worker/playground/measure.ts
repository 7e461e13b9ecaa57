// The steps of the quality test: a picture is shrunk, enlarged again, and compared with the original, called the truth.
import { upscale, type Model } from '../engine/upscale.ts'
import type { Enlarger } from '../engine/enlarger.ts'
import { lumaOf } from '../image/color.ts'
import { psnr, ssim } from '../image/metrics.ts'
import type { Plane, Rgba } from '../image/plane.ts'
import { collectRows, rowsOf } from '../image/rows.ts'
import type { Shrinker } from '../image/shrink.ts'
import type { Closeness } from './messages.ts'

/** Largest number of pixels of a truth, because the metrics hold a dozen planes of 8 bytes per pixel. */
export const MAX_TRUTH_PIXELS = 4_000_000

/** Width in pixels of SSIM's window. */
const WINDOW = 11

/**
 * True if one SSIM window fits into the picture after cropping and after removing a border of `scale` pixels on each
 * side.
 */
export function isLargeEnough({ width, height }: Pick<Rgba, 'width' | 'height'>, scale: number) {
  return Math.min(width, height) >= WINDOW + 3 * scale
}

/** Crops a picture at the right and at the bottom, so that both sides become multiples of `scale`. */
export function cropToMultiple(picture: Rgba, scale: number): Rgba {
  const width = picture.width - (picture.width % scale)
  const height = picture.height - (picture.height % scale)
  if (width === picture.width && height === picture.height) return picture
  const data = new Uint8ClampedArray(4 * width * height)
  for (let y = 0; y < height; y++) {
    const from = 4 * y * picture.width
    data.set(picture.data.subarray(from, from + 4 * width), 4 * y * width)
  }
  return { width, height, data }
}

/**
 * Shrinks a picture by bicubic resampling with antialiasing, as in training. Its sides must be multiples of `scale`.
 */
export function shrinkBy(picture: Rgba, scale: number, shrinker: Shrinker): Promise<Rgba> {
  return collectRows(shrinker.shrink(rowsOf(picture), picture.width / scale, picture.height / scale))
}

export interface Restored {
  readonly picture: Rgba
  readonly closeness: Closeness
}

/** Enlarges `small` and measures how close the result is to `truth`. */
export async function restore(
  small: Rgba,
  truth: Rgba,
  scale: number,
  model: Model | undefined,
  enlarger: Enlarger,
): Promise<Restored> {
  const picture = await upscale(small, scale, model, enlarger)
  return { picture, closeness: closenessOf(lumaOf(picture), lumaOf(truth), scale) }
}

function closenessOf(restored: Plane, truth: Plane, shave: number): Closeness {
  return { psnr: psnr(restored, truth, shave), ssim: ssim(restored, truth, shave) }
}
