// The kernel of vectorShrinker.ts
import { add, mul, sub } from './vectors.as'
import { FLOAT, VECTOR } from './layout'
import { COLUMN_BYTES } from './shrinkLayout'

@unmanaged class Opaque {}
@unmanaged class Clear { alpha: v128 }

/** Converts a group of rows to floats. Returns true if all its pixels are opaque. */
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

@inline function levels<T>(pixel: v128): v128 {
  const value = f32x4.convert_i32x4_s(pixel)
  if (offsetof<T>() == 0) return value
  const most = f32x4.splat(255)
  const alpha = f32x4.replace_lane(v128.shuffle<f32>(value, value, 3, 3, 3, 3), 3, 255)
  return f32x4.div(mul(value, alpha), most)
}

/** Shrinks a group horizontally to `count` pixels, which are written to four rows. */
export function across(
  group: usize, starts: usize, weights: usize, taps: usize, to: usize, rowBytes: usize, count: usize,
): void {
  const row2: usize = 2 * rowBytes
  const row3: usize = 3 * rowBytes
  for (const end = starts + count * FLOAT; starts < end; starts += FLOAT) {
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

/** Computes a row of the result from rows of the ring, all of whose pixels are opaque. */
export function down(
  from: usize, ring: usize, ringEnd: usize, rowBytes: usize, weights: usize, taps: usize, to: usize, pixels: usize,
): void {
  sumRows<Opaque>(from, ring, ringEnd, rowBytes, weights, taps, to, pixels)
}

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
  for (const end = to + 4 * pixels; to < end; to += VECTOR) {
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

/** Rounds to nearest, ties to even */
@inline function rounded<T>(sum: v128): v128 {
  const magic = f32x4.splat(12582912) // 1.5 * 2^23
  if (offsetof<T>() > 0) {
    const most = f32x4.splat(255)
    const alpha = v128.shuffle<f32>(sum, sum, 3, 3, 3, 3)
    const share = f32x4.replace_lane(f32x4.div(most, f32x4.pmin(alpha, most)), 3, 1)
    sum = v128.and(f32x4.gt(alpha, f32x4.splat(0.5)), mul(sum, share))
  }
  return i32x4.sub(add(sum, magic), magic)
}
