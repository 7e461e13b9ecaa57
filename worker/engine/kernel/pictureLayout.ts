// The linear memory of picture.as.ts: one page, whatever the picture's size. The kernel reads and writes at these
// addresses, and vectorEnlarger.ts writes rows and constants there.
import { createPlacer, FLOAT, LOWEST, PAGE_BYTES, TILE as LANES, VECTOR } from './layout.ts'

/** Maximum width of a strip, in pixels of the result. Wider rows are cut into strips. */
export const STRIP = 512
/** The scales that `spread` is unrolled for. */
export const KERNEL_SCALES = [2, 3, 4] as const
/** Taps of bicubic, and rows in the ring. */
export const TAPS = 4
/** Small pixels that the taps reach beyond each end of a row. */
export const REACH = 2

const LARGEST = 4
const vectorsOf = (pixels: number) => Math.ceil(pixels / LANES) * VECTOR
/** Bytes of a strip that begins inside a small pixel and ends with 4 whole small pixels; and what a vector overruns. */
export const PICTURE_ROW_BYTES = vectorsOf(STRIP + (LARGEST - 1) + (LARGEST * LANES - 1) + (LANES - 1))
/** Bytes of a strip's small pixels in whole vectors, and of the pixels that taps reach beyond both ends. */
export const SMALL_BYTES = vectorsOf(STRIP / KERNEL_SCALES[0] + LANES + 2 * REACH)

/** Number of planes: luma, and the differences of red and blue from it. */
export const PLANES = 3
export const SLOT_BYTES = PLANES * PICTURE_ROW_BYTES

const { place, end } = createPlacer(LOWEST)

/** Byte addresses. */
export const PICTURE_AT = {
  /** [3 scales][4 phases][4 taps, twice]: four taps from any of the first four on are the taps, rotated. */
  weights: place(KERNEL_SCALES.length * LARGEST * 2 * TAPS * FLOAT),
  // Constants of color.ts; each fills a vector.
  yOffset: place(VECTOR),
  cOffset: place(VECTOR),
  luma: place(VECTOR),
  red: place(2 * VECTOR),
  blue: place(2 * VECTOR),
  green: place(2 * VECTOR),
  invisible: place(VECTOR),
  /** Rows of the small picture, [3 planes], from REACH pixels left of the first. */
  small: place(PLANES * SMALL_BYTES),
  /** The same made wider, [4 slots: row & 3][3 planes]. */
  ring: place(TAPS * SLOT_BYTES),
  // Rows of the result.
  lumaRow: place(PICTURE_ROW_BYTES),
  detailRow: place(PICTURE_ROW_BYTES),
  opacityRow: place(PICTURE_ROW_BYTES),
  rgbaRow: place(PICTURE_ROW_BYTES),
} as const

/** Distances of the weights of two phases, and of two scales, in floats. */
export const PHASE_WEIGHTS = 2 * TAPS
export const SCALE_WEIGHTS = LARGEST * PHASE_WEIGHTS

export const PICTURE_PAGES = Math.ceil(end() / PAGE_BYTES)
