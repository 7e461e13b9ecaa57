// Estimates the quality setting of a JPEG from its quantisation tables. A table contains a step size for each of the 64
// coefficients of a block; the encoder rounded each coefficient to a multiple of its step. ITU-T T.81, B.2.4.1 (DQT)
// and Annex K.1 (the luminance table).
//
// The IJG's libjpeg, and most encoders since, multiply Annex K's table by S % (jpeg_quality_scaling and
// jpeg_add_quant_table in its jcparam.c):
//
//   S = 5000 / q for q < 50, else 200 - 2q                       q: 1 to 100, whole numbers
//   step[i] = clamp(floor((K[i] * S + 50) / 100), 1, 255)
//
// This code computes q from the steps. It returns the q for which the geometric mean of step[i] is nearest to that of
// the file's table. (This is the least-squares fit of one factor to the logarithms of the steps.) If the table was
// computed as above, the result is exact. If the table has another shape (MozJPEG, Photoshop), the result is the
// quality whose table is as coarse on average. For example, MozJPEG's own table at quality 20, 40, 60, 80, 95 gives 16,
// 30, 46, 73, 93. These estimates agree roughly with the PSNR: pictures compressed at these qualities with MozJPEG's
// table (Set14 at a third of its size) have the same PSNR as with libjpeg's table at 15, 33, 52, 76, 92.

import { ANNEX_K_LUMA, ZIGZAG } from '../jpeg/tables.ts'

/** Table K.1 in zig-zag order, as in files. */
const ANNEX_K = Array.from(ZIGZAG, (index) => ANNEX_K_LUMA[index])

const STEPS = ANNEX_K.length
/** The largest 8-bit step. Larger steps, which 16-bit tables can contain, are treated as 255. */
const MAX_STEP = 255

/** For each quality from 1 to 100, the mean logarithm of the steps in libjpeg's table. */
const MEANS = Array.from({ length: 100 }, (_, i) => meanLog(scaledTable(i + 1)))

function scaledTable(quality: number): number[] {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality
  return ANNEX_K.map((step) => Math.floor((step * percent + 50) / 100))
}

function meanLog(table: ArrayLike<number>): number {
  const logs = Array.from(table, (step) => Math.log(Math.min(MAX_STEP, Math.max(1, step))))
  return logs.reduce((sum, log) => sum + log, 0) / STEPS
}

/** Returns the steps of a table of 8 or 16 bits a step. */
export function stepsFrom(table: Uint8Array): Uint16Array {
  const isWide = table.length > STEPS
  return Uint16Array.from({ length: STEPS }, (_, i) => (isWide ? (table[2 * i] << 8) | table[2 * i + 1] : table[i]))
}

/** Returns the quality, 1 to 100, of a luminance table as read by `stepTablesIn`. */
export function jpegQualityOf(steps: Uint8Array): number {
  const mean = meanLog(stepsFrom(steps))
  const distances = MEANS.map((other) => Math.abs(other - mean))
  return 1 + distances.indexOf(Math.min(...distances))
}

/**
 * Yields the tables in the content of a DQT segment (the bytes after its length). Each table consists of a byte
 * (precision in the upper half, id in the lower half) and 64 steps of 8 or 16 bits. Stops at a table that is truncated
 * or invalid.
 */
export function* stepTablesIn(segment: Uint8Array): Generator<[id: number, steps: Uint8Array]> {
  for (let at = 0; at < segment.length;) {
    const [precision, id] = [segment[at] >> 4, segment[at] & 15]
    const end = at + 1 + STEPS * (precision + 1)
    if (precision > 1 || id > 3 || end > segment.length) return
    yield [id, segment.subarray(at + 1, end)]
    at = end
  }
}
