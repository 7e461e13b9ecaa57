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

/** Values of `sr-quality`: 40, 45, ... 95. Steps of 5 limit the number of variants of a picture. */
export const QUALITIES: readonly number[] = Array.from(
  { length: (QUALITY.most - QUALITY.least) / QUALITY.step + 1 },
  (_, i) => QUALITY.least + QUALITY.step * i,
)

/**
 * The largest number of pixels of a result. If a result would have more pixels, the worker serves the original. With
 * this limit an isolate used less than 110 of its 128 MB of memory for every format (measured by
 * `npm run bench -- memory`).
 */
export const MAX_OUTPUT_PIXELS = 2_360_000
