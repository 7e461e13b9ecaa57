// The linear memory of picture.as.ts: one page, whatever the picture's size. The kernel reads and writes at these
// addresses, and vectorEnlarger.ts writes rows and constants there.
import { createPlacer, FLOAT, LOWEST, PAGE_BYTES, TILE as LANES, VECTOR } from './layout.ts'

/** Maximum width of a strip, in pixels of the result. Wider rows are cut into strips. */
export const STRIP = 512
/** The scales that `spread` is unrolled for. */
export const KERNEL_SCALES = [2, 3, 4] as const
/** Number of taps of bicubic, and so the number of rows in the ring. */
export const TAPS = 4
/** Number of small pixels that the taps reach beyond each end of a row. */
export const REACH = 2

const LARGEST = 4
const vectorsOf = (pixels: number) => Math.ceil(pixels / LANES) * VECTOR
/**
 * Bytes of a row of a strip. The row has up to 3 pixels before the strip, which may begin inside a small pixel, and up
 * to 15 after it, because small pixels are enlarged four at a time. The last vector overruns by up to 3 pixels.
 */
export const PICTURE_ROW_BYTES = vectorsOf(STRIP + (LARGEST - 1) + (LARGEST * LANES - 1) + (LANES - 1))
/** Bytes of the small row for a strip, in whole vectors, with the pixels that the taps reach beyond both ends. */
export const SMALL_BYTES = vectorsOf(STRIP / KERNEL_SCALES[0] + LANES + 2 * REACH)

/** Number of planes: luma, red minus luma, and blue minus luma. */
export const PLANES = 3
export const SLOT_BYTES = PLANES * PICTURE_ROW_BYTES

const { place, end } = createPlacer(LOWEST)

/** Addresses in the kernel's memory, in bytes. */
export const PICTURE_AT = {
  /**
   * Weights of the taps: [3 scales][4 phases][4 taps, twice]. Because the taps are stored twice, four consecutive
   * floats, starting at any of the first four, are the rotated taps.
   */
  weights: place(KERNEL_SCALES.length * LARGEST * 2 * TAPS * FLOAT),
  // Constants of color.ts. Each is repeated in all lanes of a vector.
  yOffset: place(VECTOR),
  cOffset: place(VECTOR),
  luma: place(VECTOR),
  red: place(2 * VECTOR),
  blue: place(2 * VECTOR),
  green: place(2 * VECTOR),
  invisible: place(VECTOR),
  /** One row of each plane of the small picture, [3 planes], starting REACH pixels left of the strip. */
  small: place(PLANES * SMALL_BYTES),
  /** The ring: rows of `small` after enlarging their width, [4 slots: row & 3][3 planes]. */
  ring: place(TAPS * SLOT_BYTES),
  // Each of the following is one row of the result.
  lumaRow: place(PICTURE_ROW_BYTES),
  detailRow: place(PICTURE_ROW_BYTES),
  opacityRow: place(PICTURE_ROW_BYTES),
  rgbaRow: place(PICTURE_ROW_BYTES),
} as const

/** Floats between the weights of two phases, and between the weights of two scales. */
export const PHASE_WEIGHTS = 2 * TAPS
export const SCALE_WEIGHTS = LARGEST * PHASE_WEIGHTS

export const PICTURE_PAGES = Math.ceil(end() / PAGE_BYTES)
