// Cuts a picture into tiles for a network whose outputs depend on `halo` pixels around them. The input of a tile is its
// core plus the halo, but it ends at the picture's edges. There the network's own padding applies, as for the whole
// picture. So tiled and whole results are exactly equal.
import type { Rect } from './plane.ts'

export interface Tile {
  /** The part of the result that this tile computes. Cores cover every pixel of the picture once. */
  readonly core: Rect
  /** The part of the picture that the tile needs; contains `core`. */
  readonly input: Rect
}

/**
 * Returns the tiles of a `width` x `height` picture, row by row; with `top` and `bottom` only those of its rows from `top`
 * to `bottom - 1`. The input of a tile has at most `maxSide` pixels per side, and the cores are as equal in size as
 * possible. Throws a RangeError if `maxSide` leaves no pixel for a core inside the halo.
 */
export function tilesOf(
  width: number,
  height: number,
  maxSide: number,
  halo: number,
  top = 0,
  bottom: number = height,
): Tile[] {
  const columns = spansOf(0, width, width, maxSide, halo)
  return spansOf(top, bottom, height, maxSide, halo).flatMap((row) =>
    columns.map((column) => ({
      core: { x: column.start, y: row.start, width: column.length, height: row.length },
      input: { x: column.from, y: row.from, width: column.size, height: row.size },
    })),
  )
}

interface Span {
  readonly start: number
  readonly length: number
  readonly from: number
  readonly size: number
}

/** Cuts the part from `first` to `end - 1` of a side of `size` pixels. */
function spansOf(first: number, end: number, size: number, maxSide: number, halo: number): Span[] {
  const length = end - first
  const isOne = Math.min(size, end + halo) - Math.max(0, first - halo) <= maxSide
  const room = isOne ? length : maxSide - 2 * halo
  if (room < 1) throw new RangeError(`tiles of ${maxSide} pixels leave nothing inside a halo of ${halo}`)
  const count = Math.ceil(length / room)
  return Array.from({ length: count }, (_, i) => {
    const start = first + Math.floor((i * length) / count)
    const stop = first + Math.floor(((i + 1) * length) / count)
    const from = Math.max(0, start - halo)
    return { start, length: stop - start, from, size: Math.min(size, stop + halo) - from }
  })
}
