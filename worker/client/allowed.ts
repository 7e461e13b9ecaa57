// What the worker accepts: read by itself, and by pages that ask it.

/** `sr`: how many times as large. */
export const SCALES = [2, 3, 4] as const
export type Scale = (typeof SCALES)[number]

/** `sr-format`. */
export const FORMATS = ['source', 'auto', 'jpeg', 'png', 'webp'] as const
export type Format = (typeof FORMATS)[number]

/** `sr-width` and `sr-height` in px, where URLs are not signed: a picture has few variants. */
export const SIZES = [320, 640, 960, 1280, 1920, 2560] as const

/** The range of `sr-quality`. */
export const QUALITY = { least: 40, most: 95, step: 5 } as const

/** `sr-quality`: 40, 45, ... 95. Steps of 5 keep the variants of a picture few. */
export const QUALITIES: readonly number[] = Array.from(
  { length: (QUALITY.most - QUALITY.least) / QUALITY.step + 1 },
  (_, i) => QUALITY.least + QUALITY.step * i,
)

/** Most pixels of a result that keep the isolate under 110 of its 128 MB for every format (measured: README, Limits); beyond it the original. */
export const MAX_OUTPUT_PIXELS = 2_360_000
