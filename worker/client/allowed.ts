// The parameter values that the worker accepts. The worker reads these lists, and so do the functions that write URLs.

/** Values of `sr`: how many times as wide and as high the result is. */
export const SCALES = [2, 3, 4] as const
export type Scale = (typeof SCALES)[number]

/** Values of `sr-format`. */
export const FORMATS = ['source', 'auto', 'jpeg', 'png', 'webp'] as const
export type Format = (typeof FORMATS)[number]

/** Values of `sr-width` and `sr-height` in px for unsigned URLs. A short list keeps the variants of a picture few. */
export const SIZES = [320, 640, 960, 1280, 1920, 2560] as const

/** The range of `sr-quality`. */
export const QUALITY = { least: 40, most: 95, step: 5 } as const

/** Values of `sr-quality`: 40, 45, ... 95. Steps of 5 keep the variants of a picture few. */
export const QUALITIES: readonly number[] = Array.from(
  { length: (QUALITY.most - QUALITY.least) / QUALITY.step + 1 },
  (_, i) => QUALITY.least + QUALITY.step * i,
)

/**
 * Most pixels of a result; the original is served instead of a larger one. With this limit an isolate stayed below
 * 110 of its 128 MB for every format (measured by `npm run bench -- memory`).
 */
export const MAX_OUTPUT_PIXELS = 2_360_000
