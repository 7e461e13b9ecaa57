// The parameter values that the worker accepts. The worker and the functions that write URLs share these lists.

/** Values of `sr`: how many times as wide and as high the result is. */
export const SCALES = [2, 3, 4] as const
export type Scale = (typeof SCALES)[number]

/** Values of `sr-format`. */
export const FORMATS = ['source', 'auto', 'jpeg', 'png', 'webp'] as const
export type Format = (typeof FORMATS)[number]

/**
 * Values of `sr-width` and `sr-height` in px for unsigned URLs. The short list limits the number of variants of a
 * picture.
 */
export const SIZES = [320, 640, 960, 1280, 1920, 2560] as const

/** Range and step of `sr-quality`. */
export const QUALITY = { least: 40, most: 95, step: 5 } as const

/**
 * Values of `sr-quality`: 40, 45, ... 95. Those that the worker does not make (SERVED_QUALITIES, or the operator's list)
 * are deprecated: each stands for the nearest one that it makes.
 */
export const QUALITIES: readonly number[] = Array.from(
  { length: (QUALITY.most - QUALITY.least) / QUALITY.step + 1 },
  (_, i) => QUALITY.least + QUALITY.step * i,
)

/** The qualities that the worker makes by default: next/image's default, and ours. Few, because each is a file of its own. */
export const SERVED_QUALITIES: readonly number[] = [75, 85]

/** Returns the one of `qualities` that is nearest to `quality`; of two that are equally near, the higher one. */
export function nearestQuality(quality: number, qualities: readonly number[]): number {
  const distance = (other: number) => Math.abs(other - quality)
  return qualities.reduce((best, other) => {
    const closer = distance(other) - distance(best)
    return closer < 0 || (closer === 0 && other > best) ? other : best
  })
}

/**
 * The largest result of the worker by format, in pixels. A larger one that is asked for becomes the largest that fits.
 * The time to make it limits JPEG, the time to compress it PNG, and the memory of libwebp WebP.
 */
export const RESULT_PIXELS = { jpeg: 25_000_000, png: 8_000_000, webp: 4_000_000 } as const
/** The same for WebP with transparency, which takes more memory. */
export const WEBP_ALPHA_PIXELS = 2_400_000
