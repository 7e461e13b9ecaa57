// Shrinks a picture by bicubic with antialiasing, as in resize.ts, on premultiplied red, green and blue. Luma and
// chroma are weighted sums of these, so resizing luma and chroma would give the same result except for rounding. Works
// from rows to rows: memory holds only as many rows as the kernel is high. `plainShrinker` is written in TypeScript and
// is the oracle of tests. engine/vectorShrinker.ts has a fast shrinker in WebAssembly.
import { tapsOf, type Taps } from './resize.ts'
import { checkedBands, type Pixels, type Rows } from './rows.ts'

/**
 * The contract of a shrinker.
 * - Results of two shrinkers differ by at most one level. Only where alpha is 1 in one result, the other may have a
 *   transparent pixel, whose red, green, blue and alpha are 0.
 * - A result does not depend on earlier calls, nor on how the rows are divided into bands.
 */
export interface Shrinker {
  /**
   * Returns a picture of `width` x `height`, which must not be larger than `rows` in any direction. If it has the same
   * size, returns `rows`. Rows are shrunk as they are read, so several pictures can be shrunk at the same time. Bands
   * of the result are valid until the next one is asked for. Bytes are rounded to nearest. Reading the result rejects
   * with a RangeError if `rows` has too few or too many rows.
   */
  shrink(rows: Rows, width: number, height: number): Rows
}

export const plainShrinker: Shrinker = {
  shrink(rows, width, height) {
    if (rows.width === width && rows.height === height) return rows
    return { width, height, bands: shrunkRows(rows, width, height) }
  },
}

const CHANNELS = 4

/** Yields the rows of the result one by one, all in the same array. */
async function* shrunkRows(rows: Rows, width: number, height: number): AsyncGenerator<Pixels, void> {
  const across = tapsOf(rows.width, width)
  const down = tapsOf(rows.height, height)
  const premultiplied = new Float32Array(CHANNELS * rows.width)
  // Row r is kept in ring[r % length]. That is enough, because the rows that one row of the result needs never span
  // more than `length` rows.
  const ring = Array.from({ length: Math.min(down.count, rows.height) }, () => new Float32Array(CHANNELS * width))
  const sums = new Float64Array(CHANNELS * width)
  const result = new Uint8ClampedArray(CHANNELS * width)
  let taken = 0
  let finished = 0

  const rowsFor = (y: number) => down.indices.subarray(y * down.count, (y + 1) * down.count)
  const finishRow = (y: number) => {
    sums.fill(0)
    rowsFor(y).forEach((index, k) => {
      const row = ring[index % ring.length]
      const weight = down.weights[y * down.count + k]
      for (let i = 0; i < sums.length; i++) sums[i] += weight * row[i]
    })
    storeRow(sums, result)
  }
  for await (const band of checkedBands(rows)) {
    for (let at = 0; at < band.length; at += premultiplied.length) {
      premultiplyRow(band.subarray(at, at + premultiplied.length), premultiplied)
      shrinkRow(premultiplied, across, ring[taken % ring.length])
      taken++
      for (; finished < height && Math.max(...rowsFor(finished)) < taken; finished++) {
        finishRow(finished)
        yield result
      }
    }
  }
}

/** Writes a row of red, green and blue, each times alpha / 255, and of alpha. All values are levels (0..255). */
function premultiplyRow(row: Pixels, to: Float32Array): void {
  for (let i = 0; i < to.length; i += CHANNELS) {
    const alpha = row[i + 3]
    const share = alpha / 255
    to[i] = share * row[i]
    to[i + 1] = share * row[i + 1]
    to[i + 2] = share * row[i + 2]
    to[i + 3] = alpha
  }
}

function shrinkRow(from: Float32Array, { count, indices, weights }: Taps, to: Float32Array): void {
  for (let o = 0, k = 0; o < to.length; o += CHANNELS) {
    let [r, g, b, a] = [0, 0, 0, 0]
    for (const end = k + count; k < end; k++) {
      const weight = weights[k]
      const i = CHANNELS * indices[k]
      r += weight * from[i]
      g += weight * from[i + 1]
      b += weight * from[i + 2]
      a += weight * from[i + 3]
    }
    to[o] = r
    to[o + 1] = g
    to[o + 2] = b
    to[o + 3] = a
  }
}

/** Alpha (0..255) up to this level is rounded to 0, so the pixel's colour does not matter. */
const INVISIBLE_LEVEL = 0.5

/** Stores a row as bytes that are not premultiplied. */
function storeRow(sums: Float64Array, to: Uint8ClampedArray): void {
  // A store to a Uint8ClampedArray rounds to nearest and clamps.
  for (let i = 0; i < sums.length; i += CHANNELS) {
    const alpha = sums[i + 3]
    if (alpha <= INVISIBLE_LEVEL) {
      to.fill(0, i, i + CHANNELS)
      continue
    }
    const share = Math.min(alpha, 255) / 255
    to[i] = sums[i] / share
    to[i + 1] = sums[i + 1] / share
    to[i + 2] = sums[i + 2] / share
    to[i + 3] = alpha
  }
}
