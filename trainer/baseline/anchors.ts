// Anchors: unit vectors that represent the directions of features. A linear map treats a feature and its
// negative alike, so similarity is the absolute value of the cosine, and anchors are axes, not points.
import type { Random } from '../../worker/image/prng.ts'

/** Number of histogram bins for |cosine| in neighboursOf. */
const BINS = 4096

/** Returns the index of the anchor [count, size] with the largest |cosine| to the vector at `offset` of `features`. */
export function nearestAnchor(anchors: Float64Array, features: Float64Array, offset: number, size: number): number {
  let best = -1
  let nearest = 0
  for (let k = 0, index = 0; k < anchors.length; k += size, index++) {
    const similarity = Math.abs(dot(anchors, k, features, offset, size))
    if (similarity > best) {
      best = similarity
      nearest = index
    }
  }
  return nearest
}

/**
 * Returns the indices, in ascending order, of the `most` features [n, size] with the largest |cosine| to anchor
 * `index`.
 */
export function neighboursOf(
  anchors: Float64Array,
  index: number,
  features: Float64Array,
  size: number,
  most: number,
): number[] {
  const count = features.length / size
  // Counts similarities in a histogram, which is faster than sorting. Features in the same bin (1/4096 wide) count as
  // equally similar.
  const histogram = new Uint32Array(BINS)
  const bins = new Uint16Array(count)
  for (let n = 0; n < count; n++) {
    const similarity = Math.abs(dot(anchors, index * size, features, n * size, size))
    bins[n] = Math.min(BINS - 1, Math.floor(similarity * BINS))
    histogram[bins[n]]++
  }
  let cut = BINS
  let above = 0
  while (cut > 0 && above + histogram[cut - 1] <= most) above += histogram[--cut]
  const chosen: number[] = []
  let ties = most - above
  for (let n = 0; n < count; n++) {
    if (bins[n] >= cut || (bins[n] === cut - 1 && ties-- > 0)) chosen.push(n)
  }
  return chosen
}

/**
 * Clusters `features` [n, size], which must be unit vectors, by spherical k-means on axes. Returns one anchor per
 * cluster, [count, size], where `count` is at most n. The first anchors are features drawn by `random`. An anchor that
 * is nearest to no feature does not move.
 */
export function clusterAxes(
  features: Float64Array,
  size: number,
  count: number,
  rounds: number,
  random: Random,
  onRound: (done: number) => void,
): Float64Array {
  const total = features.length / size
  const order = Uint32Array.from({ length: total }, (_, i) => i)
  let anchors = new Float64Array(count * size)
  for (let k = 0; k < count; k++) {
    const other = k + random.below(total - k) // the first `count` steps of a Fisher-Yates shuffle
    ;[order[k], order[other]] = [order[other], order[k]]
    anchors.set(features.subarray(order[k] * size, (order[k] + 1) * size), k * size)
  }
  for (let round = 0; round < rounds; round++) {
    const sums = new Float64Array(count * size)
    for (let offset = 0; offset < features.length; offset += size) {
      const k = nearestAnchor(anchors, features, offset, size) * size
      const sign = dot(anchors, k, features, offset, size) < 0 ? -1 : 1
      for (let i = 0; i < size; i++) sums[k + i] += sign * features[offset + i]
    }
    for (let k = 0; k < sums.length; k += size) {
      const length = normalise(sums, k, size)
      if (length === 0) sums.set(anchors.subarray(k, k + size), k)
    }
    anchors = sums
    onRound(round + 1)
  }
  return anchors
}

/** Divides the vector at `offset` by its length, and returns the length. A zero vector stays zero. */
export function normalise(values: Float64Array, offset: number, size: number): number {
  const length = Math.sqrt(dot(values, offset, values, offset, size))
  if (length > 0) for (let i = offset; i < offset + size; i++) values[i] /= length
  return length
}

/**
 * Returns the dot product of two vectors. `size` must be a multiple of 4, because the loop adds up four independent
 * sums, which the processor computes in parallel.
 */
function dot(a: Float64Array, i: number, b: Float64Array, j: number, size: number): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  for (const end = i + size; i < end; i += 4, j += 4) {
    s0 += a[i] * b[j]
    s1 += a[i + 1] * b[j + 1]
    s2 += a[i + 2] * b[j + 2]
    s3 += a[i + 3] * b[j + 3]
  }
  return s0 + s1 + (s2 + s3)
}
