// The steps of the quality test: a picture is shrunk, enlarged again, and compared with the original, the truth.
import { upscale, type Model } from '../engine/upscale.ts'
import type { Enlarger } from '../engine/enlarger.ts'
import { lumaOf } from '../image/color.ts'
import { psnr, ssim } from '../image/metrics.ts'
import type { Plane, Rgba } from '../image/plane.ts'
import { shrinkRows } from '../image/shrink.ts'
import type { Closeness } from './messages.ts'

/** Most pixels of a truth: the metrics hold a dozen planes of 8 bytes a pixel. */
export const MAX_TRUTH_PIXELS = 4_000_000

/** Width in pixels of the window of SSIM. */
const WINDOW = 11

/** True if a window fits into the picture after cropping and without a border of `scale` pixels on each side. */
export function isLargeEnough({ width, height }: Pick<Rgba, 'width' | 'height'>, scale: number) {
  return Math.min(width, height) >= WINDOW + 3 * scale
}

/** Returns the top-left part of the picture whose sides are the largest multiples of `scale`. */
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

/** Shrinks by bicubic with antialiasing, as in training. Sides must be multiples of `scale`. */
export function shrinkBy(picture: Rgba, scale: number): Rgba {
  const width = picture.width / scale
  const height = picture.height / scale
  const target = { width, height, data: new Uint8ClampedArray(4 * width * height) }
  for (const _ of shrinkRows(picture, target));
  return target
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
