// The kernel of vectorShrinker.ts: shrinks by bicubic with antialiasing, four rows at a time.
//
//   4 rows of RGBA ─ widen ─▶ 4 rows of floats ─ across ─▶ ring of rows as wide as the result ─ down ─▶ row of RGBA
//
// A vector is one pixel: red, green, blue (premultiplied by alpha / 255) and alpha, in levels (0..255). The weights and
// the first tap of each pixel come from resize.ts. vectorShrinker.ts adds the weights of mirrored samples to those of
// the samples themselves, so that taps are always consecutive, however many there are. If all pixels of the rows are
// opaque, which `widen` finds out, nothing is multiplied or divided by alpha. No relaxed SIMD is used, so the bytes are
// the same on every machine.
//
// Times in ms of CPU for noise of 2000x1500 to 1280x960 (7 taps) and 3840x2160 to 1280x720 (13 taps), rows of 16 in and
// out included, the best of 10 rounds on a busy machine with 2 cores of an AMD EPYC (Zen 4): `npm run bench -- resize`.
//
//                          Node 20        workerd
//   TypeScript (oracle)    486    591     335    381
//   this kernel             16     26      22     29
//
// Of the 16 ms, 1.2 are for widen, 4.4 for across and 3.6 for down; with checked bounds, as in workerd, 1.3, 5.8 and
// 4.3. Transparency adds 5 ms. Shrinking four rows together needs each weight once for four pixels, and the four sums do
// not wait for each other. Tried without gain: two taps of `across` at a time, whose weights are loaded together; eight
// pixels of `down` at a time.
import { add, mul } from './vectors.as'
import { FLOAT, VECTOR } from './layout'
import { COLUMN_BYTES, PIXEL } from './shrinkLayout'

// The functions `convert` and `sumRows` are compiled once for each of these two classes. In each copy `offsetof<T>() >
// 0` is a constant, which says whether there are pixels that are not opaque.
@unmanaged class Opaque {}
@unmanaged class Clear { alpha: v128 }

/** Converts a group of rows, `rowBytes` apart, to floats. Returns true if all pixels are opaque. */
export function widen(from: usize, rowBytes: usize, to: usize): bool {
  return convert<Opaque>(from, rowBytes, to)
}

/** Converts a group of rows to floats, premultiplied by alpha / 255. */
export function widenClear(from: usize, rowBytes: usize, to: usize): void {
  convert<Clear>(from, rowBytes, to)
}

@inline function convert<T>(from: usize, rowBytes: usize, to: usize): bool {
  let all = i32x4.splat(-1)
  const row1 = rowBytes
  const row2: usize = 2 * rowBytes
  const row3: usize = 3 * rowBytes
  for (const end = from + rowBytes; from < end; from += VECTOR) {
    const a = v128.load(from)
    const b = v128.load(from + row1)
    const c = v128.load(from + row2)
    const d = v128.load(from + row3)
    if (offsetof<T>() == 0) all = v128.and(all, v128.and(v128.and(a, b), v128.and(c, d)))
    storePixels<T>(a, to)
    storePixels<T>(b, to + VECTOR)
    storePixels<T>(c, to + 2 * VECTOR)
    storePixels<T>(d, to + 3 * VECTOR)
    to += 4 * COLUMN_BYTES
  }
  return i8x16.all_true(i8x16.eq(v128.or(all, i32x4.splat(0xFFFFFF)), i32x4.splat(-1)))
}

/** Stores four pixels, COLUMN_BYTES apart. */
@inline function storePixels<T>(pixels: v128, to: usize): void {
  const first = i16x8.extend_low_i8x16_u(pixels)
  const second = i16x8.extend_high_i8x16_u(pixels)
  v128.store(to, levels<T>(i32x4.extend_low_i16x8_u(first)))
  v128.store(to, levels<T>(i32x4.extend_high_i16x8_u(first)), COLUMN_BYTES)
  v128.store(to, levels<T>(i32x4.extend_low_i16x8_u(second)), 2 * COLUMN_BYTES)
  v128.store(to, levels<T>(i32x4.extend_high_i16x8_u(second)), 3 * COLUMN_BYTES)
}

/** Converts a pixel of four integers to floats, and premultiplies it if it may not be opaque. */
@inline function levels<T>(pixel: v128): v128 {
  const value = f32x4.convert_i32x4_s(pixel)
  if (offsetof<T>() == 0) return value
  // Alpha itself is multiplied and divided by 255, which is exact. So are the colours if alpha is 255.
  const alpha = f32x4.replace_lane(v128.shuffle<f32>(value, value, 3, 3, 3, 3), 3, 255)
  return f32x4.div(mul(value, alpha), f32x4.splat(255))
}

/** Shrinks a group horizontally to `pixels` pixels, which are written to four rows, `rowBytes` apart. */
export function across(
  group: usize, starts: usize, weights: usize, taps: usize, to: usize, rowBytes: usize, pixels: usize,
): void {
  const row2: usize = 2 * rowBytes
  const row3: usize = 3 * rowBytes
  for (const end = starts + pixels * FLOAT; starts < end; starts += FLOAT) {
    let from: usize = group + load<u32>(starts)
    let a = f32x4.splat(0)
    let b = f32x4.splat(0)
    let c = f32x4.splat(0)
    let d = f32x4.splat(0)
    for (const last = weights + taps * FLOAT; weights < last; weights += FLOAT) {
      const weight = v128.load_splat<f32>(weights)
      a = add(a, mul(weight, v128.load(from)))
      b = add(b, mul(weight, v128.load(from, VECTOR)))
      c = add(c, mul(weight, v128.load(from, 2 * VECTOR)))
      d = add(d, mul(weight, v128.load(from, 3 * VECTOR)))
      from += COLUMN_BYTES
    }
    v128.store(to, a)
    v128.store(to + rowBytes, b)
    v128.store(to + row2, c)
    v128.store(to + row3, d)
    to += VECTOR
  }
}

/**
 * Computes a row of the result from `taps` rows of the ring, the first of which is at `from`. All their pixels are
 * opaque. Works on whole vectors of bytes, so it overruns by up to 3 pixels.
 */
export function down(
  from: usize, ring: usize, ringEnd: usize, rowBytes: usize, weights: usize, taps: usize, to: usize, pixels: usize,
): void {
  sumRows<Opaque>(from, ring, ringEnd, rowBytes, weights, taps, to, pixels)
}

/** Computes a row of the result like `down`, from rows with pixels that are not opaque. */
export function downClear(
  from: usize, ring: usize, ringEnd: usize, rowBytes: usize, weights: usize, taps: usize, to: usize, pixels: usize,
): void {
  sumRows<Clear>(from, ring, ringEnd, rowBytes, weights, taps, to, pixels)
}

@inline function sumRows<T>(
  from: usize, ring: usize, ringEnd: usize, rowBytes: usize, weights: usize, taps: usize, to: usize, pixels: usize,
): void {
  const last = weights + taps * FLOAT
  const ringBytes = ringEnd - ring
  for (const end = to + pixels * PIXEL; to < end; to += VECTOR) {
    let row = from
    let a = f32x4.splat(0)
    let b = f32x4.splat(0)
    let c = f32x4.splat(0)
    let d = f32x4.splat(0)
    for (let at = weights; at < last; at += FLOAT) {
      const weight = v128.load_splat<f32>(at)
      a = add(a, mul(weight, v128.load(row)))
      b = add(b, mul(weight, v128.load(row, VECTOR)))
      c = add(c, mul(weight, v128.load(row, 2 * VECTOR)))
      d = add(d, mul(weight, v128.load(row, 3 * VECTOR)))
      row += rowBytes
      if (row >= ringEnd) row -= ringBytes
    }
    v128.store(to, i8x16.narrow_i16x8_u(
      i16x8.narrow_i32x4_s(rounded<T>(a), rounded<T>(b)),
      i16x8.narrow_i32x4_s(rounded<T>(c), rounded<T>(d)),
    ))
    from += 4 * VECTOR
    ringEnd += 4 * VECTOR
  }
}

/**
 * Rounds a pixel to integers, to nearest, ties to even. Divides colours by alpha first if the pixel may not be opaque.
 * Adding 1.5 * 2^23 rounds because a float of this size has no fraction; its lowest bits are then the integer. The
 * caller clamps.
 */
@inline function rounded<T>(sum: v128): v128 {
  const magic = f32x4.splat(12582912) // 1.5 * 2^23
  if (offsetof<T>() > 0) {
    const most = f32x4.splat(255)
    const alpha = v128.shuffle<f32>(sum, sum, 3, 3, 3, 3)
    const share = f32x4.replace_lane(f32x4.div(most, f32x4.pmin(alpha, most)), 3, 1)
    // Alpha up to 0.5 is rounded to 0, and the pixel becomes transparent black.
    sum = v128.and(f32x4.gt(alpha, f32x4.splat(0.5)), mul(sum, share))
  }
  return i32x4.sub(add(sum, magic), magic)
}
