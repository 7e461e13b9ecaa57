// What the worker accepts: read by itself, and by pages that ask it.

/** `sr`: how many times as large. */
export const SCALES = [2, 3, 4] as const
export type Scale = (typeof SCALES)[number]

/** `sr-format`. */
export const FORMATS = ['source', 'auto', 'jpeg', 'png', 'webp'] as const
export type Format = (typeof FORMATS)[number]

/** `sr-width` and `sr-height` in px, where URLs are not signed: a picture has few variants. */
export const SIZES = [320, 640, 960, 1280, 1920, 2560] as const

/** `sr-quality`: lowest and highest value, and the step between two values. */
export const QUALITY = { least: 40, most: 95, step: 5 } as const
/** The values of `sr-quality`. They are few, so that a picture has few variants. */
export const QUALITIES = Array.from(
  { length: (QUALITY.most - QUALITY.least) / QUALITY.step + 1 },
  (_, i) => QUALITY.least + QUALITY.step * i,
)

/** Most pixels of a result that keep the isolate under 110 of its 128 MB for every format (measured: README, Limits); beyond it the original. */
export const MAX_OUTPUT_PIXELS = 2_360_000
