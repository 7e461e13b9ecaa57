// Shrinks a picture by bicubic with antialiasing, as in resize.ts, on premultiplied red, green and blue. Luma and
// chroma are weighted sums of these, so resizing luma and chroma would give the same result except for rounding. Works
// row by row: besides the picture and the result, memory holds only as many rows as the kernel is high.
import type { Rgba } from './plane.ts'
import { tapsOf, type Taps } from './resize.ts'

const CHANNELS = 4

type Row = Uint8Array | Uint8ClampedArray

/** Takes the rows of a picture in RGBA from top to bottom. Returns how many rows of the result each of them completes. */
export type Shrinker = (row: Row) => number

/**
 * Creates a shrinker from pictures of `width` x `height` to the size of `target`, to which it writes the result.
 * `target` must not be larger in any direction. Bytes are rounded to nearest.
 */
export function createShrinker({ width, height }: Pick<Rgba, 'width' | 'height'>, target: Rgba): Shrinker {
  const across = tapsOf(width, target.width)
  const down = tapsOf(height, target.height)
  const premultiplied = new Float32Array(CHANNELS * width)
  // Row r is kept in ring[r % length]. That is enough, because the rows that one row of the result needs never span
  // more than `length` rows.
  const ring = Array.from({ length: Math.min(down.count, height) }, () => new Float32Array(CHANNELS * target.width))
  const sums = new Float64Array(CHANNELS * target.width)
  let taken = 0
  let finished = 0

  const rowsFor = (y: number) => down.indices.subarray(y * down.count, (y + 1) * down.count)
  const finishRow = (y: number) => {
    const rows = rowsFor(y)
    sums.fill(0)
    for (let k = 0; k < down.count; k++) {
      const row = ring[rows[k] % ring.length]
      const weight = down.weights[y * down.count + k]
      for (let i = 0; i < sums.length; i++) sums[i] += weight * row[i]
    }
    storeRow(sums, target, y)
  }
  return (row) => {
    premultiplyRow(row, premultiplied)
    shrinkRow(premultiplied, across, ring[taken % ring.length])
    taken++
    const before = finished
    while (finished < target.height && Math.max(...rowsFor(finished)) < taken) finishRow(finished++)
    return finished - before
  }
}

/** Shrinks a whole picture. Yields after each row of the result, so that a caller can pause. */
export function* shrinkRows(picture: Rgba, target: Rgba): Generator<1, void> {
  const shrinker = createShrinker(picture, target)
  const rowBytes = CHANNELS * picture.width
  for (let at = 0; at < picture.data.length; at += rowBytes) {
    for (let rows = shrinker(picture.data.subarray(at, at + rowBytes)); rows > 0; rows--) yield 1
  }
}

/** Writes a row of red, green and blue, each times alpha / 255, and of alpha. All values are levels (0..255). */
function premultiplyRow(row: Row, to: Float32Array): void {
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
