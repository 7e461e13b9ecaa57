// The kernel of vectorEnlarger.ts: bicubic enlarging by 2, 3 or 4 and the way back to RGBA, row by row.
//
//   small rows of Y ─ centre, spread ──▶ ring of 4 rows ─ blend ─▶ luma row, or as a network made it
//   small rows of Cb, Cr ─ mix, spread ─▶ ring of 4 rows ───────────────────┴─ merge ─▶ RGBA row
//
// A row is made wider before it is made taller, as in resize.ts: the ring then holds whole rows, and a row of the
// result is a sum of four of them with one weight each. The four are exactly those in the ring, so the weights rotate
// and every address is x and a constant. Weights come from resize.ts. The build puts spread2, spread3 and spread4,
// which picture.ts unrolls, before this file.
//
// The steps that made it fast. Times are ns a pixel of the result for a merge with luma given, x3 to 1536² in tiles of
// 384², copies in and out included; Node 20 (V8 11.3), one thread of an AMD EPYC (Zen 4), the best of 25 to 80 rounds.
// The first and the last line were measured on an idle machine, the others on a busy one. `alone` is the time of the
// function merge without that step, on the idle machine.
//
//                                                                               ns   speed   alone
//   TypeScript: planes of chroma for each tile, then mergeYCbCr               28.3    1.0x
//   rows through a ring, 3x3 matrix, i32x4.trunc_sat(f32x4.nearest())          2.7     10x
//   + bytes by adding 2^23 to the clamped value, joined by shifts              2.4     12x    1.25
//   + differences of red and blue made wider instead of Cb and Cr              1.7     16x    1.05
//   + sums in pairs                                                            1.5     19x    0.83
//                                                                                             0.80
// Enlarging one plane took 5.6 ns in TypeScript and takes 0.6 here. With bicubic luma instead of a given row a merge
// takes 1.7 ns, with alpha 1.9. With checked bounds, as in workerd, everything takes 0 to 10 % longer. Half of the 1.5
// ns is copying rows in and out.
//
// Tried without gain: strips of 256 (1.3x slower) or 1024 instead of 512 (the same), Binaryen at -O3 (the same).
// Centred luma costs nothing that can be measured, and lowers the largest error from 2.3e-7 to 1.8e-7. Not tried: rows
// of x3 that coincide with small rows, whose weights are 0 1 0 0, without the other three rows; relaxed SIMD, which
// would save 8 of some 50 operations for 4 pixels.
import { add, joinFirst, joinSecond, mul, sub, zipFirst, zipSecond } from './vectors.as'
import { FLOAT, VECTOR } from './layout'
import { PICTURE_AT, PICTURE_ROW_BYTES, SLOT_BYTES, SMALL_BYTES } from './pictureLayout'

/** Subtracted from luma, so that sums are made of values around zero. */
@inline const MIDDLE: f32 = 0.5
@inline const CB: usize = PICTURE_AT.small + SMALL_BYTES
@inline const CR: usize = PICTURE_AT.small + 2 * SMALL_BYTES
// The rows in the ring: of luma, and of the differences of red (U) and blue (V) from it.
@inline const Y0: usize = PICTURE_AT.ring
@inline const Y1: usize = PICTURE_AT.ring + SLOT_BYTES
@inline const Y2: usize = PICTURE_AT.ring + 2 * SLOT_BYTES
@inline const Y3: usize = PICTURE_AT.ring + 3 * SLOT_BYTES
@inline const U: usize = PICTURE_ROW_BYTES
@inline const V: usize = 2 * PICTURE_ROW_BYTES

/** Moves a small row of luma around zero: sums of values half as large are rounded half as far away. */
export function centre(vectors: usize): void {
  for (let x: usize = 0; x < vectors * VECTOR; x += VECTOR) {
    v128.store(x, sub(v128.load(x, PICTURE_AT.small), f32x4.splat(MIDDLE)), PICTURE_AT.small)
  }
}

/** Replaces small rows of Cb and Cr by the differences of red and blue from luma. */
export function mix(vectors: usize): void {
  for (let x: usize = 0; x < vectors * VECTOR; x += VECTOR) {
    const cb = sub(v128.load(x, CB), v128.load(PICTURE_AT.cOffset))
    const cr = sub(v128.load(x, CR), v128.load(PICTURE_AT.cOffset))
    v128.store(x, add(mul(v128.load(PICTURE_AT.red), cb), mul(v128.load(PICTURE_AT.red + VECTOR), cr)), CB)
    v128.store(x, add(mul(v128.load(PICTURE_AT.blue), cb), mul(v128.load(PICTURE_AT.blue + VECTOR), cr)), CR)
  }
}

/** Computes a row of luma: bytes from .. to of it, by the weights of the four rows in the ring. */
export function blend(weights: usize, from: usize, to: usize): void {
  const w0 = v128.load_splat<f32>(weights)
  const w1 = v128.load_splat<f32>(weights, FLOAT)
  const w2 = v128.load_splat<f32>(weights, 2 * FLOAT)
  const w3 = v128.load_splat<f32>(weights, 3 * FLOAT)
  const middle = f32x4.splat(MIDDLE)
  for (let x = from; x < to; x += VECTOR) {
    const luma = sumOfFour(
      mul(w0, v128.load(x, Y0)), mul(w1, v128.load(x, Y1)),
      mul(w2, v128.load(x, Y2)), mul(w3, v128.load(x, Y3)),
    )
    v128.store(x, add(luma, middle), PICTURE_AT.lumaRow)
  }
}

/** Adds the detail row to the luma row. */
export function addDetail(from: usize, to: usize): void {
  for (let x = from; x < to; x += VECTOR) {
    v128.store(x, add(v128.load(x, PICTURE_AT.lumaRow), v128.load(x, PICTURE_AT.detailRow)), PICTURE_AT.lumaRow)
  }
}

/** Computes a row of RGBA from the luma row and the ring's differences. */
export function merge(weights: usize, from: usize, to: usize): void {
  mergeRow<Opaque>(weights, from, to)
}

/** The same for a picture that is not opaque: all rows are premultiplied, and alpha comes from the opacity row. */
export function mergeClear(weights: usize, from: usize, to: usize): void {
  mergeRow<Clear>(weights, from, to)
}

// mergeRow is compiled for each of these: `offsetof<T>() > 0` is a constant, and says whether there is opacity.
@unmanaged class Opaque {}
@unmanaged class Clear { opacity: v128 }

@inline function mergeRow<T>(weights: usize, from: usize, to: usize): void {
  const w0 = v128.load_splat<f32>(weights)
  const w1 = v128.load_splat<f32>(weights, FLOAT)
  const w2 = v128.load_splat<f32>(weights, 2 * FLOAT)
  const w3 = v128.load_splat<f32>(weights, 3 * FLOAT)
  const yOffset = v128.load(PICTURE_AT.yOffset)
  const scale = v128.load(PICTURE_AT.luma)
  const greenU = v128.load(PICTURE_AT.green)
  const greenV = v128.load(PICTURE_AT.green + VECTOR)
  const most = f32x4.splat(255)
  const magic = f32x4.splat(8388608) // 2^23
  for (let x = from; x < to; x += VECTOR) {
    let opacity = most
    let k = most
    if (offsetof<T>() > 0) {
      opacity = v128.load(x, PICTURE_AT.opacityRow)
      k = v128.and(f32x4.gt(opacity, v128.load(PICTURE_AT.invisible)), f32x4.div(f32x4.splat(1), opacity))
    }
    const l = mul(sub(v128.load(x, PICTURE_AT.lumaRow), yOffset), scale)
    const u = sumOfFour(
      mul(w0, v128.load(x, Y0 + U)), mul(w1, v128.load(x, Y1 + U)),
      mul(w2, v128.load(x, Y2 + U)), mul(w3, v128.load(x, Y3 + U)),
    )
    const v = sumOfFour(
      mul(w0, v128.load(x, Y0 + V)), mul(w1, v128.load(x, Y1 + V)),
      mul(w2, v128.load(x, Y2 + V)), mul(w3, v128.load(x, Y3 + V)),
    )
    let red = add(l, u)
    let blue = add(l, v)
    let green = add(l, add(mul(greenU, u), mul(greenV, v)))
    if (offsetof<T>() > 0) {
      red = mul(k, red)
      blue = mul(k, blue)
      green = mul(k, green)
    }
    const r = byte(red, most, magic)
    const b = byte(blue, most, magic)
    const g = byte(green, most, magic)
    const rgb = v128.or(v128.or(r, i32x4.shl(b, 16)), i32x4.shl(g, 8))
    if (offsetof<T>() > 0) {
      const alpha = byte(mul(most, opacity), most, magic)
      v128.store(x, v128.or(v128.and(rgb, i32x4.splat(0xFFFFFF)), i32x4.shl(alpha, 24)), PICTURE_AT.rgbaRow)
    } else {
      v128.store(x, v128.or(rgb, i32x4.splat(0xFF000000)), PICTURE_AT.rgbaRow)
    }
  }
}

/**
 * Returns 2^23 plus the byte nearest to `value`, ties to even: a float of that size has no fraction. NaN gives 0.
 * The bits of three such bytes, shifted, fall beside each other; those of 2^23 are shifted out, or are under alpha.
 */
@inline function byte(value: v128, most: v128, magic: v128): v128 {
  return add(f32x4.pmin(most, f32x4.pmax(f32x4.splat(0), value)), magic)
}

/** Sums in pairs, which wait for each other less than one after another would. */
@inline function sumOfFour(a: v128, b: v128, c: v128, d: v128): v128 {
  return add(add(a, b), add(c, d))
}
