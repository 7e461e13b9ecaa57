// Constants of ITU-T T.81 that the encoder and the decoder share, and the quantisation tables of the encoder.

import type { StepTable } from './variant.ts'

/** Number of samples, and so of coefficients, in a block (8x8). */
export const BLOCK_SAMPLES = 64

/** Length of the longest Huffman code that JPEG allows. */
export const MAX_CODE_BITS = 16

/** For each place in zig-zag order (Figure A.6), the index of the coefficient in a block by rows. */
// prettier-ignore
export const ZIGZAG = Uint8Array.of(
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
  12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
  58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
)

/**
 * Factors by which the transform of Arai, Agui and Nakajima scales the coefficients of each row and column: the forward
 * transform multiplies a coefficient by the product of both factors and by 8, the inverse expects one that is
 * multiplied by the product and divided by 8. cos(k pi / 16) sqrt(2), and 1 for k = 0.
 */
export const AAN_SCALES = Float64Array.from({ length: 8 }, (_, k) =>
  k === 0 ? 1 : Math.cos((k * Math.PI) / 16) * Math.SQRT2,
)

/** Table K.1 of Annex K, for luma, by rows. */
// prettier-ignore
export const ANNEX_K_LUMA = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
  14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
  18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
  49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
] as const

/** Table K.2, for chroma, by rows. */
// prettier-ignore
const ANNEX_K_CHROMA = [
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
  24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
] as const

/** N. Robidoux's table for luma and chroma, by rows; MozJPEG's default (jcparam.c, table 3). */
// prettier-ignore
const ROBIDOUX = [
  16, 16, 16, 18, 25, 37, 56, 85, 16, 17, 20, 27, 34, 40, 53, 75,
  16, 20, 24, 31, 43, 62, 91, 135, 18, 27, 31, 40, 53, 74, 106, 156,
  25, 34, 43, 53, 69, 94, 131, 189, 37, 40, 62, 74, 94, 124, 169, 238,
  56, 53, 91, 106, 131, 169, 226, 311, 85, 75, 135, 156, 189, 238, 311, 418,
] as const

const TABLES = { 'annex-k': [ANNEX_K_LUMA, ANNEX_K_CHROMA], robidoux: [ROBIDOUX, ROBIDOUX] } as const

/**
 * Factors of the tables. With 1.1, a file takes as many bytes as MozJPEG's at the same quality, whose trellis
 * quantisation drops more coefficients than our dead zone.
 */
const FACTORS = { 'annex-k': 1, robidoux: 1.1 } as const

/** The largest step that a baseline JPEG can store. */
const MAX_STEP = 255

/**
 * Returns the steps of luma and of chroma, by rows, at a quality from 1 to 100 on the scale of the IJG's libjpeg
 * (header/jpegQuality.ts).
 */
export function stepsAt(quality: number, table: StepTable): readonly [luma: Uint8Array, chroma: Uint8Array] {
  const percent = (quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality) * FACTORS[table]
  const scaled = (steps: readonly number[]) =>
    Uint8Array.from(steps, (step) => Math.min(MAX_STEP, Math.max(1, Math.floor((step * percent + 50) / 100))))
  const [luma, chroma] = TABLES[table]
  return [scaled(luma), scaled(chroma)]
}
