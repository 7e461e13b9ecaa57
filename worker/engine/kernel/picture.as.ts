// The kernel of vectorEnlarger.ts: enlarges by 2, 3 or 4 with bicubic and converts back to RGBA, row by row.
//
//   small rows of Y ─ centre, spread ──▶ ring of 4 rows ─ blend ─▶ luma row, or the network's
//   small rows of Cb, Cr ─ mix, spread ─▶ ring of 4 rows ───────────────────┴─ merge ─▶ RGBA row
//
// Rows are first made wider, as in resize.ts. Then the ring holds rows as wide as the result, and a row of the result
// is the sum of the four rows in the ring with one weight each. A new row replaces the oldest one in the ring. The
// other rows stay in place and the weights rotate instead, so every address is x plus a constant. Weights come from
// resize.ts. The build puts spread2, spread3 and spread4, which picture.ts unrolls, before this file.
//
// The steps that made the kernel fast. Times are in ns per pixel of the result, for a merge with given luma, x3 to
// 1536² in tiles of 384², including copies in and out. Measured on Node 20 (V8 11.3), one thread of an AMD EPYC (Zen
// 4), the best of 25 to 80 rounds. In the column `ns`, the first and the last time were measured on an idle machine,
// the others on a busy one. `alone` is the time of the kernel's function merge by itself, on the idle machine, with all
// steps except the one in the same line. The 0.80 below them is the time with all steps.
//
//                                                                               ns   speed   alone
//   TypeScript: planes of chroma for each tile, then mergeYCbCr               28.3    1.0x
//   rows through a ring, 3x3 matrix, i32x4.trunc_sat(f32x4.nearest())          2.7     10x
//   + bytes by adding 2^23 to the clamped value, joined by shifts              2.4     12x    1.25
//   + differences of red and blue made wider instead of Cb and Cr              1.7     16x    1.05
//   + sums in pairs                                                            1.5     19x    0.83
//                                                                                             0.80
// Enlarging one plane took 5.6 ns in TypeScript and takes 0.6 here. A merge takes 1.7 ns with bicubic luma instead of
// given luma, and 1.9 ns with alpha. With checked bounds, as in workerd, everything takes 0 to 10 % longer. Copying
// rows in and out takes half of the 1.5 ns.
//
// Tried without gain: strips of 256 (1.3x slower) or 1024 instead of 512 (the same), Binaryen at -O3 (the same).
// Centred luma costs nothing that can be measured, and lowers the largest error from 2.3e-7 to 1.8e-7. Not tried: at
// x3, rows that coincide with small rows (weights 0 1 0 0) could be copied instead of summed; relaxed SIMD would save 8
// of some 50 operations for 4 pixels.
import { add, joinFirst, joinSecond, mul, sub, zipFirst, zipSecond } from './vectors.as'
import { FLOAT, VECTOR } from './layout'
import { PICTURE_AT, PICTURE_ROW_BYTES, SLOT_BYTES, SMALL_BYTES } from './pictureLayout'

/** Value that is subtracted from luma, so that the values to be summed are around zero. */
@inline const MIDDLE: f32 = 0.5
@inline const CB: usize = PICTURE_AT.small + SMALL_BYTES
@inline const CR: usize = PICTURE_AT.small + 2 * SMALL_BYTES
// Addresses of the four luma rows in the ring, and the distances from there to the rows of red minus luma (U) and blue
// minus luma (V).
@inline const Y0: usize = PICTURE_AT.ring
@inline const Y1: usize = PICTURE_AT.ring + SLOT_BYTES
@inline const Y2: usize = PICTURE_AT.ring + 2 * SLOT_BYTES
@inline const Y3: usize = PICTURE_AT.ring + 3 * SLOT_BYTES
@inline const U: usize = PICTURE_ROW_BYTES
@inline const V: usize = 2 * PICTURE_ROW_BYTES

/**
 * Subtracts MIDDLE from a row of the small luma plane. The values are then half as large, and so are the rounding
 * errors of their sums.
 */
export function centre(vectors: usize): void {
  for (let x: usize = 0; x < vectors * VECTOR; x += VECTOR) {
    v128.store(x, sub(v128.load(x, PICTURE_AT.small), f32x4.splat(MIDDLE)), PICTURE_AT.small)
  }
}

/** Replaces a row of the small Cb and Cr planes by colour differences: red minus luma, and blue minus luma. */
export function mix(vectors: usize): void {
  for (let x: usize = 0; x < vectors * VECTOR; x += VECTOR) {
    const cb = sub(v128.load(x, CB), v128.load(PICTURE_AT.cOffset))
    const cr = sub(v128.load(x, CR), v128.load(PICTURE_AT.cOffset))
    v128.store(x, add(mul(v128.load(PICTURE_AT.red), cb), mul(v128.load(PICTURE_AT.red + VECTOR), cr)), CB)
    v128.store(x, add(mul(v128.load(PICTURE_AT.blue), cb), mul(v128.load(PICTURE_AT.blue + VECTOR), cr)), CR)
  }
}

/** Computes bytes `from` to `to` of a luma row: the sum of the four rows in the ring, with one weight each. */
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

/** Computes a row of RGBA from the luma row and the colour differences in the ring. */
export function merge(weights: usize, from: usize, to: usize): void {
  mergeRow<Opaque>(weights, from, to)
}

/**
 * Computes a row of RGBA for a picture with transparency. All rows are premultiplied, and alpha comes from the opacity
 * row.
 */
export function mergeClear(weights: usize, from: usize, to: usize): void {
  mergeRow<Clear>(weights, from, to)
}

// mergeRow is compiled once for each of these two classes. In each copy `offsetof<T>() > 0` is a constant, which says
// whether there is an opacity row.
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
 * Rounds `value` to a byte, and returns it in the low 8 bits of the float 2^23 + byte. Adding 2^23 rounds to nearest,
 * ties to even, because a float as large as 2^23 has no fraction. NaN becomes 0. Three such results can be joined by
 * shifts: the upper bits, which come from 2^23, are shifted out or overwritten by alpha.
 */
@inline function byte(value: v128, most: v128, magic: v128): v128 {
  return add(f32x4.pmin(most, f32x4.pmax(f32x4.splat(0), value)), magic)
}

/** Adds in pairs. One addition after another would be slower, because each would wait for the one before it. */
@inline function sumOfFour(a: v128, b: v128, c: v128, d: v128): v128 {
  return add(add(a, b), add(c, d))
}
