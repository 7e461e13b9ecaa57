// What encoder.as.ts and decoder.as.ts do in the same way with blocks of 8x8 floats, which are rows of two vectors.

/** Bytes of a row of eight floats, and of half a row. */
@inline export const ROW: usize = 32
@inline export const HALF: usize = 16

@inline export function add(a: v128, b: v128): v128 { return f32x4.add(a, b) }
@inline export function sub(a: v128, b: v128): v128 { return f32x4.sub(a, b) }
@inline export function scale(a: v128, factor: f32): v128 { return f32x4.mul(a, f32x4.splat(factor)) }

/** Writes the transposed 4x4 floats as halves of four rows. */
@inline
export function transpose(a: v128, b: v128, c: v128, d: v128, to: usize): void {
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5)
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5)
  const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7)
  const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7)
  v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5))
  v128.store(to, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), ROW)
  v128.store(to, v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5), 2 * ROW)
  v128.store(to, v128.shuffle<f32>(ab2, cd2, 2, 3, 6, 7), 3 * ROW)
}

/** Adding 1.5 * 2^23 rounds a float to an integer, which the lowest 16 bits of the sum then hold. */
@inline export const ROUNDING: f32 = 12582912

/** Returns the lowest 16 bits of eight floats. */
@inline
export function lowHalves(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
}
