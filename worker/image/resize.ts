// Bicubic resampling that matches MATLAB's imresize, on which the SRCNN paper's results depend. The kernel is that of
// Keys (1981) with a = -0.5. It is widened by the factor 1/scale for shrinking (antialiasing), but not for enlarging.
// Pixel centres: output i is at u = (i + 0.5) / scale - 0.5. Outside the picture the samples are mirrored with the edge
// repeated (..., 1, 0 | 0, 1, ...), as MATLAB does. The two axes are resampled separately, in one pass each. The taps
// (indices and weights) of an axis are computed once per call.
import { createPlane, type Plane, type Rect } from './plane.ts'

/**
 * The input samples of each output sample, and their weights:
 * output[i] = sum over k < count of weights[i * count + k] * input[indices[i * count + k]].
 */
export interface Taps {
  readonly count: number
  readonly indices: Int32Array
  readonly weights: Float64Array
  /** The smallest and the largest input index in use. */
  readonly first: number
  readonly last: number
}

/**
 * A resampling kernel: a sample's weight depends on its distance from the output sample. The kernel is symmetric, and
 * zero outside its support.
 */
export interface ResampleKernel {
  /** Width in samples, a whole number: 4 for the cubic. */
  readonly support: number
  /** Returns the weight at a distance in samples. Weights are normalised later, so only their ratios matter. */
  weight(distance: number): number
}

/** Keys' cubic convolution kernel with a = -0.5 (IEEE Trans. ASSP 29(6), 1981). */
const KEYS: ResampleKernel = {
  support: 4,
  weight(x) {
    const t = Math.abs(x)
    if (t <= 1) return (1.5 * t - 2.5) * t * t + 1
    if (t < 2) return ((-0.5 * t + 2.5) * t - 4) * t + 2
    return 0
  },
}

/**
 * Resamples a plane to `width` x `height` and returns the part `region` of the result, by default all of it. The values
 * do not depend on the region, so a large picture can be resampled in pieces.
 *
 * [h, w] -> [region.height, region.width]. Values are not clamped. The default `kernel` is bicubic. Any kernel is
 * widened when a plane is shrunk.
 */
export function resize(
  plane: Plane,
  width: number,
  height: number,
  region: Rect = { x: 0, y: 0, width, height },
  kernel: ResampleKernel = KEYS,
): Plane {
  const across = tapsOf(plane.width, width, kernel, region.x, region.width)
  const down = tapsOf(plane.height, height, kernel, region.y, region.height)
  // The vertical pass comes first if it shrinks the picture, and otherwise last, because the other order takes more
  // time.
  if (height < plane.height) {
    return resizeRows(resizeColumns(plane, down, 0), across, 0, region.height)
  }
  const rows = resizeRows(plane, across, down.first, down.last - down.first + 1)
  return resizeColumns(rows, down, down.first)
}

/**
 * A phase of enlarging by an integer `scale`: line scale * q + phase of the result is a weighted sum of four lines
 * around line q.
 */
export interface Phase {
  /** The first of the four lines, relative to q. */
  readonly first: number
  readonly weights: readonly number[]
}

/** Returns the `scale` phases of bicubic enlarging, as `resize` computes them away from the edges. */
export function phasesOf(scale: number): Phase[] {
  const middle = KEYS.support // far enough from both ends that no sample is mirrored
  const { count, indices, weights } = tapsOf(2 * middle, 2 * middle * scale, KEYS, middle * scale, scale)
  return Array.from({ length: scale }, (_, phase) => ({
    first: indices[phase * count] - middle,
    weights: Array.from(weights.subarray(phase * count, (phase + 1) * count)),
  }))
}

/** Resamples `rowCount` rows horizontally, starting at `firstRow`. */
function resizeRows(plane: Plane, taps: Taps, firstRow: number, rowCount: number): Plane {
  const { count, indices, weights } = taps
  const width = indices.length / count
  const out = createPlane(width, rowCount)
  const from = plane.data
  const to = out.data
  for (let row = 0, o = 0; row < rowCount; row++) {
    const base = (firstRow + row) * plane.width
    if (count === 4) {
      for (let k = 0; k < weights.length; k += 4, o++) {
        to[o] =
          weights[k] * from[base + indices[k]] +
          weights[k + 1] * from[base + indices[k + 1]] +
          weights[k + 2] * from[base + indices[k + 2]] +
          weights[k + 3] * from[base + indices[k + 3]]
      }
    } else {
      for (let k = 0; k < weights.length; o++) {
        let sum = 0
        for (const end = k + count; k < end; k++) sum += weights[k] * from[base + indices[k]]
        to[o] = sum
      }
    }
  }
  return out
}

/**
 * Resamples vertically. The indices in `taps` count rows of the whole plane. Row `firstRow` of the whole plane is row 0
 * of `plane`.
 */
function resizeColumns(plane: Plane, taps: Taps, firstRow: number): Plane {
  const { count, indices, weights } = taps
  const { width, data: from } = plane
  const height = indices.length / count
  const out = createPlane(width, height)
  const to = out.data
  const sums = new Float64Array(width)
  for (let row = 0; row < height; row++) {
    const k = row * count
    const o = row * width
    const start = (tap: number) => (indices[k + tap] - firstRow) * width
    if (count === 4) {
      let a = start(0)
      let b = start(1)
      let c = start(2)
      let d = start(3)
      const wa = weights[k]
      const wb = weights[k + 1]
      const wc = weights[k + 2]
      const wd = weights[k + 3]
      for (let x = o; x < o + width; x++, a++, b++, c++, d++) {
        to[x] = wa * from[a] + wb * from[b] + wc * from[c] + wd * from[d]
      }
    } else {
      sums.fill(0)
      for (let tap = 0; tap < count; tap++) {
        const weight = weights[k + tap]
        const base = start(tap)
        for (let x = 0; x < width; x++) sums[x] += weight * from[base + x]
      }
      to.set(sums, o)
    }
  }
  return out
}

/**
 * Returns the taps for resampling a line of `inputSize` samples to `outputSize`, for the outputs from `offset` to
 * `offset + length - 1`; by default for all outputs.
 */
export function tapsOf(
  inputSize: number,
  outputSize: number,
  kernel: ResampleKernel = KEYS,
  offset = 0,
  length: number = outputSize,
): Taps {
  const scale = outputSize / inputSize
  const stretch = Math.min(1, scale) // below 1 the kernel is widened and lowered, so that it is a low-pass filter
  const support = kernel.support / stretch
  // A kernel of width 4 covers 4 samples, or 5 if it starts exactly on a sample. When a plane is enlarged, the fifth
  // sample has weight 0, so 4 taps suffice.
  const count = stretch === 1 ? support : Math.ceil(support) + 2
  const indices = new Int32Array(length * count)
  const weights = new Float64Array(length * count)
  let first = inputSize
  let last = 0
  for (let i = 0; i < length; i++) {
    const centre = (offset + i + 0.5) / scale - 0.5
    const left = Math.floor(centre - support / 2) + 1
    let sum = 0
    for (let k = 0; k < count; k++) {
      const weight = kernel.weight(stretch * (centre - (left + k)))
      const index = mirror(left + k, inputSize)
      indices[i * count + k] = index
      weights[i * count + k] = weight
      sum += weight
      if (index < first) first = index
      if (index > last) last = index
    }
    for (let k = 0; k < count; k++) weights[i * count + k] /= sum
  }
  return { count, indices, weights, first, last }
}

/**
 * Maps any index to a sample of a line that is mirrored at both ends. The line has `size` samples; its edge samples are
 * repeated.
 */
export function mirror(index: number, size: number): number {
  const period = 2 * size
  const folded = ((index % period) + period) % period
  return folded < size ? folded : period - 1 - folded
}
