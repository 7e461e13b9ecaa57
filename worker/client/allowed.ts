// What the worker accepts, as a page needs to know it. The worker's own lists live beside what it needs to
// answer a request, and bring its platform's types along; test/unit/client/allowed.test.ts compares the two.

/** `sr`: how many times as large. */
export const SCALES = [2, 3, 4] as const
export type Scale = (typeof SCALES)[number]

/** `sr-format`. */
export const FORMATS = ['source', 'auto', 'jpeg', 'png', 'webp'] as const
export type Format = (typeof FORMATS)[number]

/** `sr-width` and `sr-height` in px, where URLs are not signed: a picture has few variants. */
export const SIZES = [320, 640, 960, 1280, 1920, 2560] as const

/** `sr-quality`: from, to, in steps of. */
export const QUALITY = { least: 40, most: 95, step: 5 } as const

/** The worker's default for the most pixels of a result: a larger one is answered with the original. */
export const MAX_OUTPUT_PIXELS = 2_360_000
