// Bicubic resampling that matches MATLAB's imresize, which the SRCNN paper's numbers rest on.
// ResampleKernel: Keys 1981, a = -0.5. When shrinking, the kernel widens by 1/scale (antialias); never
// when growing. Pixel centres: output i sits at u = (i + 0.5) / scale - 0.5. Outside the picture
// the samples are mirrored with the edge repeated (..., 1, 0 | 0, 1, ...), as MATLAB does.
// Separable: two passes of 1-D taps, each tap table computed once per call.
import { createPlane, type Plane, type Rect } from './plane.ts'

/** Which input samples make one output sample, and by how much: output i = sum of weights[i*count + k] * input[indices[i*count + k]]. */
export interface Taps {
  readonly count: number
  readonly indices: Int32Array
  readonly weights: Float64Array
  /** Smallest and largest input index used. */
  readonly first: number
  readonly last: number
}

/** What a sample weighs by its distance, and how wide that is; symmetric, zero beyond its support. */
export interface ResampleKernel {
  /** Width in samples, a whole number: 4 for the cubic. */
  readonly support: number
  /** At a distance in samples. Weights are normalised: only their ratios count. */
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
 * Resamples a plane to `width` x `height`: the whole, or only the part `region` of the result
 * (same values as cutting it out of the whole), which is how large pictures are made in pieces.
 *
 * [h, w] -> [region.height, region.width], values not clamped. Bicubic unless another `kernel` is
 * given, which is widened when shrinking as the cubic is.
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
  // The cheaper order: shrink the rows first, or grow them last.
  if (height < plane.height) {
    return resizeRows(resizeColumns(plane, down, 0), across, 0, region.height)
  }
  const rows = resizeRows(plane, across, down.first, down.last - down.first + 1)
  return resizeColumns(rows, down, down.first)
}

/** What makes line `scale` q + phase of a plane enlarged by a whole number, from four lines around q. */
export interface Phase {
  /** The first of the four, counted from q. */
  readonly first: number
  readonly weights: readonly number[]
}

/** The `scale` phases of bicubic enlarging, as `resize` has them away from the edges. */
export function phasesOf(scale: number): Phase[] {
  const middle = KEYS.support // far enough from both ends that nothing is mirrored
  const { count, indices, weights } = tapsOf(2 * middle, 2 * middle * scale, KEYS, middle * scale, scale)
  return Array.from({ length: scale }, (_, phase) => ({
    first: indices[phase * count] - middle,
    weights: Array.from(weights.subarray(phase * count, (phase + 1) * count)),
  }))
}

/** Horizontal pass over `rowCount` rows from `firstRow`. */
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

/** Vertical pass; `plane`'s row 0 is input row `firstRow` of the tap table. */
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

/** Taps for outputs `offset` .. `offset + length - 1` of a line of `inputSize` resampled to `outputSize`: all, unless said. */
export function tapsOf(
  inputSize: number,
  outputSize: number,
  kernel: ResampleKernel = KEYS,
  offset = 0,
  length: number = outputSize,
): Taps {
  const scale = outputSize / inputSize
  const stretch = Math.min(1, scale) // < 1: the kernel is widened and lowered, so that it low-passes
  const support = kernel.support / stretch
  // A kernel 4 wide covers 4 samples at most points, one more where it starts exactly on a sample;
  // that one's weight is zero when growing, so 4 taps hold all of it.
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

/** Index into a line of `size` samples that is mirrored without end, the edge sample repeated. */
export function mirror(index: number, size: number): number {
  const period = 2 * size
  const folded = ((index % period) + period) % period
  return folded < size ? folded : period - 1 - folded
}
