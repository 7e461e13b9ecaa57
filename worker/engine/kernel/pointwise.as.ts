// Layer 2 of srcnn.as.ts: a 1x1 layer whose input comes from a ReLU, computed as a matrix product (GEMM). Channels of
// A1 that are zero in all eight pixels being computed are skipped. Zero times a weight changes no sum, so the result is
// the same bit for bit.
import { madd, relu } from './vectors.as'
import { AT, FEATURE_CHANNEL_BYTES, FEATURE_PHASE_BYTES, FLOAT, GROUP_BYTES, STEP, VECTOR } from './layout'

// Bytes of four output channels of A2, which are computed together, and distances to the second, third and fourth of
// them.
@inline const STEP_BYTES: usize = STEP * FEATURE_CHANNEL_BYTES
@inline const CHANNEL_1: usize = FEATURE_CHANNEL_BYTES
@inline const CHANNEL_2: usize = 2 * FEATURE_CHANNEL_BYTES
@inline const CHANNEL_3: usize = 3 * FEATURE_CHANNEL_BYTES
/** Distance in bytes from the first vector of a pair to the second, which is in the next phase. */
@inline const PHASE: usize = FEATURE_PHASE_BYTES
@inline const WEIGHTS_BYTES: usize = STEP * FLOAT
/**
 * Shift that converts a channel's offset in A1 (32 bytes per channel) to its offset in the weights (16 bytes per
 * channel).
 */
@inline const WEIGHTS_SHIFT: usize = 1

/**
 * Computes all output channels, with bias and ReLU, for two vectors of pixels: at `from`, and `stride` bytes after it.
 * Also updates each channel's union, the bitwise or of its results. `union` is the address of the first channel's
 * union. Weights are [outputs / 4][inputs][4].
 */
export function pointwise(
  from: usize, stride: usize, inputs: usize, weights: usize, bias: usize, to: usize, outputs: usize, union: usize,
): void {
  const end = listChannels(from, stride, inputs)
  const weightsBytes = inputs * WEIGHTS_BYTES
  for (const last = to + outputs * FEATURE_CHANNEL_BYTES; to < last; to += STEP_BYTES) {
    // Sums of four output channels: s0 to s3 for the first vector, t0 to t3 for the second.
    let s0 = v128.load_splat<f32>(bias)
    let t0 = s0
    let s1 = v128.load_splat<f32>(bias, FLOAT)
    let t1 = s1
    let s2 = v128.load_splat<f32>(bias, 2 * FLOAT)
    let t2 = s2
    let s3 = v128.load_splat<f32>(bias, 3 * FLOAT)
    let t3 = s3
    for (let entry: usize = AT.list; entry < end; entry += FLOAT) {
      const c = <usize>i32.load(entry)
      const a = from + c
      const w = weights + (c >> WEIGHTS_SHIFT)
      const x = v128.load(a)
      const y = v128.load(a + stride)
      // Copies each of four weights to all lanes of a vector: by shuffles in relaxed builds, by separate loads in plain
      // builds (unroll.ts says why).
      const four = ASC_FEATURE_RELAXED_SIMD ? v128.load(w) : f32x4.splat(0)
      const w0 = ASC_FEATURE_RELAXED_SIMD ? v128.shuffle<f32>(four, four, 0, 0, 0, 0) : v128.load_splat<f32>(w)
      s0 = madd(w0, x, s0)
      t0 = madd(w0, y, t0)
      const w1 = ASC_FEATURE_RELAXED_SIMD ? v128.shuffle<f32>(four, four, 1, 1, 1, 1) : v128.load_splat<f32>(w, FLOAT)
      s1 = madd(w1, x, s1)
      t1 = madd(w1, y, t1)
      const w2 = ASC_FEATURE_RELAXED_SIMD ? v128.shuffle<f32>(four, four, 2, 2, 2, 2) : v128.load_splat<f32>(w, 2 * FLOAT)
      s2 = madd(w2, x, s2)
      t2 = madd(w2, y, t2)
      const w3 = ASC_FEATURE_RELAXED_SIMD ? v128.shuffle<f32>(four, four, 3, 3, 3, 3) : v128.load_splat<f32>(w, 3 * FLOAT)
      s3 = madd(w3, x, s3)
      t3 = madd(w3, y, t3)
    }
    s0 = relu(s0)
    t0 = relu(t0)
    v128.store(to, s0)
    v128.store(to, t0, PHASE)
    v128.store(union, v128.or(v128.or(s0, t0), v128.load(union)))
    s1 = relu(s1)
    t1 = relu(t1)
    v128.store(to, s1, CHANNEL_1)
    v128.store(to, t1, CHANNEL_1 + PHASE)
    v128.store(union, v128.or(v128.or(s1, t1), v128.load(union, CHANNEL_1)), CHANNEL_1)
    s2 = relu(s2)
    t2 = relu(t2)
    v128.store(to, s2, CHANNEL_2)
    v128.store(to, t2, CHANNEL_2 + PHASE)
    v128.store(union, v128.or(v128.or(s2, t2), v128.load(union, CHANNEL_2)), CHANNEL_2)
    s3 = relu(s3)
    t3 = relu(t3)
    v128.store(to, s3, CHANNEL_3)
    v128.store(to, t3, CHANNEL_3 + PHASE)
    v128.store(union, v128.or(v128.or(s3, t3), v128.load(union, CHANNEL_3)), CHANNEL_3)
    weights += weightsBytes
    bias += VECTOR
    union += STEP_BYTES
  }
}

/**
 * Writes the offsets of the channels with a non-zero value to the list, and returns the list's end. No branch depends
 * on data.
 */
function listChannels(from: usize, stride: usize, channels: usize): usize {
  let end: usize = AT.list
  const last = channels * GROUP_BYTES
  for (let c: usize = 0; c < last; c += GROUP_BYTES) {
    const a = from + c
    i32.store(end, <i32>c)
    end += <usize>(v128.any_true(v128.or(v128.load(a), v128.load(a + stride))) ? 4 : 0)
  }
  return end
}
