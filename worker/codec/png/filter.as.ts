// PNG's filters, on rows of bytes. Before and behind each row are 16 bytes that may be read; the last four before it are
// zero, because pixels outside the picture count as zero.

/** Packs `width` pixels of RGBA to `to` as grey, grey and alpha, RGB or RGBA: `stride` is 1, 2, 3 or 4 bytes. */
export function packRow(from: usize, to: usize, width: usize, stride: usize): void {
  const end = from + 4 * width
  if (stride == 4) {
    memory.copy(to, from, 4 * width)
  } else if (stride == 3) {
    const order = i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16, 16, 16, 16)
    for (; from < end; from += 16, to += 12) v128.store(to, i8x16.swizzle(v128.load(from), order))
  } else if (stride == 2) {
    const order = i8x16(0, 3, 4, 7, 8, 11, 12, 15, 16, 16, 16, 16, 16, 16, 16, 16)
    for (; from < end; from += 16, to += 8) v128.store(to, i8x16.swizzle(v128.load(from), order))
  } else {
    const order = i8x16(0, 4, 8, 12, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16)
    for (; from < end; from += 16, to += 4) v128.store(to, i8x16.swizzle(v128.load(from), order))
  }
}

/**
 * Writes to `to` the differences between the bytes of `row` and what Paeth's filter predicts: the left, upper or
 * upper-left neighbour, whichever is nearest to left + upper - upper-left. At equal distances, it is the first of these.
 */
export function filterPaeth(row: usize, above: usize, stride: usize, bytes: usize, to: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    const left = v128.load(row + i - stride)
    const upper = v128.load(above + i)
    const corner = v128.load(above + i - stride)
    const higher = i8x16.max_u(upper, corner)
    const wider = i8x16.max_u(left, corner)
    const toLeft = i8x16.sub(higher, i8x16.min_u(upper, corner))
    const toUpper = i8x16.sub(wider, i8x16.min_u(left, corner))
    // The distance to the corner is |(upper - corner) + (left - corner)|. With equal signs, it is at least as large as
    // both others, and may not fit into a byte.
    const hasEqualSigns = i8x16.eq(i8x16.eq(higher, upper), i8x16.eq(wider, left))
    const between = i8x16.sub(i8x16.max_u(toLeft, toUpper), i8x16.min_u(toLeft, toUpper))
    const toCorner = v128.or(between, hasEqualSigns)
    const smallest = i8x16.min_u(toLeft, i8x16.min_u(toUpper, toCorner))
    const isUpper = i8x16.eq(smallest, toUpper)
    const isLeft = i8x16.eq(smallest, toLeft)
    const predicted = v128.bitselect(left, v128.bitselect(upper, corner, isUpper), isLeft)
    v128.store(to + i, i8x16.sub(v128.load(row + i), predicted))
  }
}
