// Arithmetic and shuffles of vectors of four f32 values. Relaxed builds use fused multiply-add (WebAssembly relaxed
// SIMD), plain builds only the SIMD standard of 2021. ASC_FEATURE_RELAXED_SIMD is a constant, so the compiler keeps
// only the branch of this build.

/** Returns a * b + c. */
@inline export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c)
}

/** Returns c - a * b. */
@inline export function nmadd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_nmadd(a, b, c) : f32x4.sub(c, f32x4.mul(a, b))
}

@inline export function add(a: v128, b: v128): v128 { return f32x4.add(a, b) }
@inline export function sub(a: v128, b: v128): v128 { return f32x4.sub(a, b) }
@inline export function mul(a: v128, b: v128): v128 { return f32x4.mul(a, b) }

/** Returns the larger of `a` and 0. For NaN it returns NaN or 0, so that one short instruction is enough. */
@inline export function relu(a: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_max(a, f32x4.splat(0)) : f32x4.pmax(f32x4.splat(0), a)
}

// The functions below transpose a 4x4 matrix with the rows a0 to a3. First p0 = zipFirst(a0, a1), p1 = zipFirst(a2,
// a3), p2 = zipSecond(a0, a1), p3 = zipSecond(a2, a3). Then the transposed rows are joinFirst(p0, p1), joinSecond(p0,
// p1), joinFirst(p2, p3), joinSecond(p2, p3).

/** Returns a0 b0 a1 b1. */
@inline export function zipFirst(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 0, 4, 1, 5) }
/** Returns a2 b2 a3 b3. */
@inline export function zipSecond(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 2, 6, 3, 7) }
/** Returns a0 a1 b0 b1. */
@inline export function joinFirst(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 0, 1, 4, 5) }
/** Returns a2 a3 b2 b3. */
@inline export function joinSecond(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 2, 3, 6, 7) }

// A function for a group of tiles is compiled once for each of these types: one vector (four tiles), or two. In each
// copy `offsetof<V>() > VECTOR` is a constant.
@unmanaged export class OneVector { tiles: v128 }
@unmanaged export class TwoVectors { tiles: v128; nextTiles: v128 }
