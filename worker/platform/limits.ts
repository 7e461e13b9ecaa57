// The largest pictures, by format. They follow from memory and CPU time. `npm run bench -- memory` makes the largest ones
// and checks that an isolate stays below 110 of its 128 MB; picture/cost.ts estimates what lies between.
import { RESULT_PIXELS, WEBP_ALPHA_PIXELS } from '../client/allowed.ts'
import type { EncodeFormat } from '../codec/contract.ts'
import type { ImageType } from '../codec/header.ts'

/** The limits of a runtime. Sizes are in pixels. */
export interface Limits {
  /** Returns the size of the largest source of this type. */
  sourcePixels(type: ImageType): number
  /** Returns the size of the largest result. */
  resultPixels(format: EncodeFormat, hasAlpha: boolean): number
  /** Defaults of those options that limit a picture. */
  readonly defaults: {
    readonly maxSourcePixels: number
    readonly maxOutputPixels: number
    readonly maxCpuMs: number
    readonly maxMemoryBytes: number
    readonly maxHeldBytes: number
  }
}

/**
 * Sources of an isolate. JPEG and PNG are decoded by rows, so that CPU time is their limit. The other formats are decoded
 * as a whole, at 8 to 19 bytes of memory a pixel.
 */
const SOURCE_PIXELS: Partial<Record<ImageType, number>> = {
  jpeg: 50_000_000,
  png: 24_000_000,
  webp: 4_000_000,
  gif: 4_000_000,
  bmp: 4_000_000,
}

/** The limits of an isolate: 128 MB, and 30 s of CPU time on a machine that may be three times as slow as ours. */
export const ISOLATE_LIMITS: Limits = {
  sourcePixels: (type) => SOURCE_PIXELS[type] ?? 0,
  resultPixels: (format, hasAlpha) => (format === 'webp' && hasAlpha ? WEBP_ALPHA_PIXELS : RESULT_PIXELS[format]),
  defaults: {
    maxSourcePixels: 50_000_000,
    maxOutputPixels: RESULT_PIXELS.jpeg,
    maxCpuMs: 10_000,
    maxMemoryBytes: 100_000_000,
    maxHeldBytes: 25_000_000,
  },
}

/** The limits of a process in Node: half a minute, and a tenth of a server's memory. */
export const PROCESS_LIMITS: Limits = {
  sourcePixels: () => Infinity,
  resultPixels: () => Infinity,
  defaults: {
    maxSourcePixels: 100_000_000,
    maxOutputPixels: 100_000_000,
    maxCpuMs: 30_000,
    maxMemoryBytes: 1_000_000_000,
    maxHeldBytes: 256_000_000,
  },
}

/** Longest side of a result in pixels. Every encoder can write it (the limit of WebP is 16,383). */
export const MAX_OUTPUT_SIDE = 16_000
