// Shrinks a picture by bicubic with antialiasing, as in resize.ts, on premultiplied red, green and blue. Luma and
// chroma are weighted sums of these, so resizing luma and chroma would give the same result except for rounding. Works
// row by row: besides the picture and the result, memory holds only as many rows as the kernel is high.
import type { Rgba } from './plane.ts'
import { tapsOf, type Taps } from './resize.ts'

const CHANNELS = 4

/**
 * Shrinks `picture` to the size of `target` and writes the result there. `target` must not be larger than `picture` in
 * any direction. Yields after each row, so that a caller can pause and let other requests run. Bytes are rounded to
 * nearest.
 */
export function* shrinkRows(picture: Rgba, target: Rgba): Generator<1, void> {
  const { width, height } = target
  const across = tapsOf(picture.width, width)
  const down = tapsOf(picture.height, height)
  const premultiplied = new Float32Array(CHANNELS * picture.width)
  // Row r is kept in ring[r % length]. That is enough, because the rows that one row of the result needs never span
  // more than `length` rows.
  const ring = Array.from({ length: Math.min(down.count, picture.height) }, () => new Float32Array(CHANNELS * width))
  const sums = new Float64Array(CHANNELS * width)
  let filled = 0
  for (let y = 0; y < height; y++) {
    const rows = down.indices.subarray(y * down.count, (y + 1) * down.count)
    for (const last = Math.max(...rows); filled <= last; filled++) {
      premultiplyRow(picture, filled, premultiplied)
      shrinkRow(premultiplied, across, ring[filled % ring.length])
    }
    sums.fill(0)
    for (let k = 0; k < down.count; k++) {
      const row = ring[rows[k] % ring.length]
      const weight = down.weights[y * down.count + k]
      for (let i = 0; i < sums.length; i++) sums[i] += weight * row[i]
    }
    storeRow(sums, target, y)
    yield 1
  }
}

/** Writes a row of red, green and blue, each times alpha / 255, and of alpha. All values are levels (0..255). */
function premultiplyRow({ width, data }: Rgba, row: number, to: Float32Array): void {
  for (let i = 0, p = CHANNELS * row * width; i < to.length; i += CHANNELS, p += CHANNELS) {
    const alpha = data[p + 3]
    const share = alpha / 255
    to[i] = share * data[p]
    to[i + 1] = share * data[p + 1]
    to[i + 2] = share * data[p + 2]
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

/** Alpha (0..255) below this level is rounded to 0, so the pixel's colour does not matter. */
const INVISIBLE_LEVEL = 0.5

/** Stores a row as bytes that are not premultiplied. */
function storeRow(sums: Float64Array, { width, data }: Rgba, row: number): void {
  // A store to a Uint8ClampedArray rounds to nearest and clamps.
  const rgba = new Uint8ClampedArray(data.buffer, data.byteOffset, data.length)
  for (let i = 0, p = CHANNELS * row * width; i < sums.length; i += CHANNELS, p += CHANNELS) {
    const alpha = sums[i + 3]
    if (alpha < INVISIBLE_LEVEL) continue
    const share = Math.min(alpha, 255) / 255
    rgba[p] = sums[i] / share
    rgba[p + 1] = sums[i + 1] / share
    rgba[p + 2] = sums[i + 2] / share
    rgba[p + 3] = alpha
  }
}
