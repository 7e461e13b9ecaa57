// The linear memory of shrink.as.ts. It is laid out for each picture by vectorShrinker.ts, which passes the addresses
// to the kernel.
import { CACHE_LINE, createPlacer, FLOAT, LOWEST, TILE as LANES, VECTOR } from './layout.ts'

/** Number of rows that are shrunk horizontally together. */
export const GROUP_ROWS = 4
/** Bytes of a pixel, and of a pixel of all rows of a group as floats. */
export const PIXEL = 4
export const COLUMN_BYTES = GROUP_ROWS * VECTOR
/** Number of rows of the result that are kept before they are handed out. */
export const ROWS_OUT = 8

/** The number of samples of an axis before and after shrinking, and the number of taps of a sample of the result. */
export interface Axis {
  readonly from: number
  readonly to: number
  readonly taps: number
}

/** Addresses in the kernel's memory, and distances between rows, in bytes. */
export interface ShrinkLayout {
  /** Weights of the horizontal taps: [target width][taps]. */
  readonly weightsAcross: number
  /** Offsets in `group` of each pixel's first tap: [target width], unsigned 32-bit integers. */
  readonly startsAcross: number
  /** Weights of the vertical taps: [target height][taps]. */
  readonly weightsDown: number
  /** The rows of a group in bytes of RGBA, `rowInBytes` apart: whole vectors. */
  readonly rowsIn: number
  readonly rowInBytes: number
  /** The same rows as premultiplied floats: [width in whole vectors][4 rows][4 channels]. */
  readonly group: number
  /** The ring: rows as wide as the result, in floats, `ringRowBytes` apart. Row r is in slot r % ringRows. */
  readonly ring: number
  readonly ringRows: number
  readonly ringRowBytes: number
  /** Rows of the result in bytes of RGBA, without gaps. The last vector overruns by up to 3 pixels. */
  readonly rowsOut: number
  /** Bytes of memory in use. */
  readonly end: number
}

const vectorsOf = (pixels: number) => Math.ceil(pixels / LANES)

export function shrinkLayout(across: Axis, down: Axis): ShrinkLayout {
  const { place, end } = createPlacer(LOWEST)
  const rowInBytes = vectorsOf(across.from) * VECTOR
  // A row of the result is computed as soon as the group of its last row is there. Then up to three more rows are there.
  const ringRows = Math.ceil((down.taps + GROUP_ROWS - 1) / GROUP_ROWS) * GROUP_ROWS
  // Without the gap of a cache line, the rows of a ring could compete for the same lines of the CPU's cache.
  const ringRowBytes = vectorsOf(across.to) * LANES * VECTOR + CACHE_LINE
  return {
    weightsAcross: place(across.to * across.taps * FLOAT),
    startsAcross: place(across.to * FLOAT),
    weightsDown: place(down.to * down.taps * FLOAT),
    rowsIn: place(GROUP_ROWS * rowInBytes),
    rowInBytes,
    group: place(vectorsOf(across.from) * LANES * COLUMN_BYTES),
    ring: place(ringRows * ringRowBytes),
    ringRows,
    ringRowBytes,
    rowsOut: place(ROWS_OUT * across.to * PIXEL + VECTOR),
    end: end(),
  }
}
