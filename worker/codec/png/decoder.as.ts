// The WebAssembly module of decoder.ts: undoes the filters of rows (PNG, third edition, section 9) and converts them to
// RGBA with 8 bits. Plain SIMD only, so that every processor runs it.
//
// Average and Paeth take pixel after pixel, because each needs its left neighbour. A pixel has 1 to 8 bytes, and always
// 8 are loaded and stored: those beyond the pixel are stored again with the next one. Sub takes all pixels of a vector.
import {
  COLORS_AT,
  GREY_ALPHA,
  KEY_AT,
  KEY_MASK_AT,
  RGB,
  SHUFFLES_AT,
  TABLE,
} from './decoderLayout'

// The picture.
let kind: u32 = 0
/** Bits of a sample. */
let depth: u32 = 0
let width: u32 = 0
/** Bytes of a row without the number of its filter. */
let rowBytes: u32 = 0
/** Bytes of a pixel; 1 if it has less. */
let pixelBytes: u32 = 0
/** True if the pixel at KEY_AT is transparent. */
let isKeyed: bool = false

/** Address of the row above the next one. It is zero above the first row. */
let above: usize = 0
/** Address of another row, where the next one is written if it needs a conversion. */
let current: usize = 0
/** Address of a row of samples that were reduced to 8 bits. */
let narrowed: usize = 0

export function setPicture(
  how: u32,
  bits: u32,
  pixels: u32,
  bytes: u32,
  bytesPerPixel: u32,
  keyed: bool,
  aboveAt: usize,
  currentAt: usize,
  narrowedAt: usize,
): void {
  kind = how
  depth = bits
  width = pixels
  rowBytes = bytes
  pixelBytes = bytesPerPixel
  isKeyed = keyed
  above = aboveAt
  current = currentAt
  narrowed = narrowedAt
}

/**
 * Converts filtered rows at `from` to RGBA at `to`. Returns false if a row has an unknown filter.
 */
export function decodeRows(from: usize, rows: u32, to: usize): bool {
  // Rows of RGBA need no conversion, so they are written where they belong.
  const isDirect = kind > RGB && depth == 8
  let previous = above
  for (let y: u32 = 0; y < rows; y++) {
    const row = isDirect ? to : current
    if (!unfilter(load<u8>(from), from + 1, previous, row)) return false
    if (isDirect) previous = row
    else {
      convert(row, to)
      current = above
      above = row
      previous = row
    }
    from += 1 + rowBytes
    to += 4 * width
  }
  // The next rows are written to the same place as these.
  if (isDirect) memory.copy(above, previous, rowBytes)
  return true
}

function unfilter(filter: u32, from: usize, up: usize, to: usize): bool {
  switch (filter) {
    case 0:
      memory.copy(to, from, rowBytes)
      return true
    case 1:
      addLeft(from, to)
      return true
    case 2:
      for (const end = from + rowBytes; from < end; from += 16, up += 16, to += 16) {
        v128.store(to, i8x16.add(v128.load(from), v128.load(up)))
      }
      return true
    case 3:
      addAverage(from, up, to)
      return true
    case 4:
      addPaeth(from, up, to)
      return true
    default:
      return false
  }
}

function addLeft(from: usize, to: usize): void {
  const by1 = v128.load(SHUFFLES_AT)
  const by2 = v128.load(SHUFFLES_AT, 16)
  const by4 = v128.load(SHUFFLES_AT, 32)
  const by8 = v128.load(SHUFFLES_AT, 48)
  const repeat = v128.load(SHUFFLES_AT, 64)
  const step: usize = 16 / pixelBytes * pixelBytes
  let left = i64x2.splat(0)
  for (const end = from + rowBytes; from < end; from += step, to += step) {
    let sum = v128.load(from)
    sum = i8x16.add(sum, i8x16.swizzle(sum, by1))
    sum = i8x16.add(sum, i8x16.swizzle(sum, by2))
    sum = i8x16.add(sum, i8x16.swizzle(sum, by4))
    sum = i8x16.add(i8x16.add(sum, i8x16.swizzle(sum, by8)), left)
    v128.store(to, sum)
    left = i8x16.swizzle(sum, repeat)
  }
}

function addAverage(from: usize, up: usize, to: usize): void {
  const step: usize = pixelBytes
  const one = i8x16.splat(1)
  let left = i64x2.splat(0)
  for (const end = from + rowBytes; from < end; from += step, up += step, to += step) {
    const b = v128.load64_zero(up)
    // The instruction rounds up, the filter down.
    const odd = v128.and(v128.xor(left, b), one)
    left = i8x16.add(i8x16.sub(v128.load64_zero(from), odd), i8x16.avgr_u(left, b))
    v128.store64_lane(to, left, 0)
  }
}

/** Adds the left, upper or upper-left neighbour, whichever is nearest to left + up - corner. */
function addPaeth(from: usize, up: usize, to: usize): void {
  const step: usize = pixelBytes
  const bytes = i16x8.splat(255)
  let left = i64x2.splat(0)
  let corner = left
  for (const end = from + rowBytes; from < end; from += step, up += step, to += step) {
    const b = v128.load_ext<u8>(up)
    const x = v128.load_ext<u8>(from)
    const acrossUp = i16x8.sub(b, corner)
    const acrossLeft = i16x8.sub(left, corner)
    const toLeft = i16x8.abs(acrossUp)
    const toUp = i16x8.abs(acrossLeft)
    const toCorner = i16x8.abs(i16x8.add(acrossUp, acrossLeft))
    const least = i16x8.min_s(toCorner, i16x8.min_s(toLeft, toUp))
    const upOrCorner = v128.bitselect(b, corner, i16x8.eq(least, toUp))
    const best = v128.bitselect(left, upOrCorner, i16x8.eq(least, toLeft))
    left = v128.and(i16x8.add(x, best), bytes)
    corner = b
    v128.store64_lane(to, i8x16.narrow_i16x8_u(left, left), 0)
  }
}

/** Converts an unfiltered row to RGBA. */
function convert(row: usize, to: usize): void {
  let samples = row
  if (depth == 16) {
    narrow(row)
    samples = narrowed
  }
  if (kind == TABLE) lookUp(samples, to)
  else if (kind == GREY_ALPHA) greyAlphaToRgba(samples, to)
  else if (kind == RGB) rgbToRgba(samples, to)
  else memory.copy(to, samples, 4 * width)
  if (isKeyed) clearKey(row, to)
}

/** Reduces big-endian samples of 16 bits to 8 bits: divides them by 257 and rounds. */
function narrow(from: usize): void {
  let to = narrowed
  for (const end = from + rowBytes; from < end; from += 32, to += 16) {
    v128.store(to, i8x16.narrow_i16x8_u(divided(v128.load(from)), divided(v128.load(from, 16))))
  }
}

@inline
function divided(samples: v128): v128 {
  // A sample is 257 * high + (low - high), so the result is `high`, or a neighbour if the rest is beyond +-128.
  const high = v128.and(samples, i16x8.splat(255))
  const rest = i16x8.sub(i16x8.shr_u(samples, 8), high)
  const isMore = i16x8.gt_s(rest, i16x8.splat(128))
  const isLess = i16x8.lt_s(rest, i16x8.splat(-128))
  return i16x8.add(i16x8.sub(high, isMore), isLess)
}

function lookUp(from: usize, to: usize): void {
  const end = to + 4 * width
  if (depth >= 8) {
    for (; to < end; to += 4, from++) store<u32>(to, load<u32>(COLORS_AT + 4 * <usize>load<u8>(from)))
    return
  }
  const mask: u32 = (1 << depth) - 1
  while (to < end) {
    const bits: u32 = load<u8>(from++)
    for (let shift: i32 = 8 - depth; shift >= 0 && to < end; shift -= depth, to += 4) {
      store<u32>(to, load<u32>(COLORS_AT + 4 * <usize>((bits >> shift) & mask)))
    }
  }
}

function greyAlphaToRgba(from: usize, to: usize): void {
  for (const end = to + 4 * width; to < end; from += 8, to += 16) {
    const pixels = v128.load64_zero(from)
    v128.store(to, v128.shuffle<i8>(pixels, pixels, 0, 0, 0, 1, 2, 2, 2, 3, 4, 4, 4, 5, 6, 6, 6, 7))
  }
}

function rgbToRgba(from: usize, to: usize): void {
  const opaque = i32x4.splat(0xff000000)
  for (const end = to + 4 * width; to < end; from += 12, to += 16) {
    const pixels = v128.load(from)
    const spread = v128.shuffle<i8>(pixels, pixels, 0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11)
    v128.store(to, v128.or(spread, opaque))
  }
}

/** Makes the pixels transparent that have the key's colour in the file. */
function clearKey(row: usize, to: usize): void {
  const key = load<u64>(KEY_AT)
  const mask = load<u64>(KEY_MASK_AT)
  const step: usize = pixelBytes
  for (const end = to + 4 * width; to < end; to += 4, row += step) {
    if ((load<u64>(row) & mask) == key) store<u8>(to, 0, 3)
  }
}
