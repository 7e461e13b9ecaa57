// Where the kernel of picture.ts keeps what in its linear memory: shared by the generator, which writes
// addresses into the source, and by vectorEnlarger.ts, which fills rows and constants in. It is one page,
// whatever the picture.
import { createPlacer, FLOAT, LOWEST, PAGE_BYTES, TILE as LANES, VECTOR } from './layout.ts'

/** Most pixels of a result's row that are made at a time; wider ones are cut into strips. */
export const STRIP = 512
/** How many times as large: what `spread` is generated for. */
export const SCALES = [2, 3, 4] as const
/** Taps of bicubic: rows in the ring, too. */
export const TAPS = 4
/** Small pixels left of the first that a row is made from: what the first taps reach. */
export const REACH = 2

const LARGEST = 4
const vectorsOf = (pixels: number) => Math.ceil(pixels / LANES) * VECTOR
/** A strip that begins in the middle of a small pixel, its last 4 small pixels in whole, and what a vector overruns. */
export const ROW_BYTES = vectorsOf(STRIP + (LARGEST - 1) + (LARGEST * LANES - 1) + (LANES - 1))
/** Of small pixels: those of a strip in whole vectors, and what taps reach beyond them on both sides. */
export const SMALL_BYTES = vectorsOf(STRIP / SCALES[0] + LANES + 2 * REACH)

/** Luma, and the differences of red and blue from it. */
export const PLANES = 3
export const SLOT_BYTES = PLANES * ROW_BYTES

const { place, end } = createPlacer(LOWEST)

/** Byte addresses. */
export const AT = {
  /** [3 scales][4 phases][4 taps, twice]: from any of the first four on they are rotated. */
  weights: place(SCALES.length * LARGEST * 2 * TAPS * FLOAT),
  // Vectors of one value each: color.ts has them.
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
  // A row of the result.
  lumaRow: place(ROW_BYTES),
  detailRow: place(ROW_BYTES),
  opacityRow: place(ROW_BYTES),
  rgbaRow: place(ROW_BYTES),
} as const

/** From the weights of a phase to those of the next, and of the next scale. */
export const PHASE_WEIGHTS = 2 * TAPS
export const SCALE_WEIGHTS = LARGEST * PHASE_WEIGHTS

export const MEMORY_PAGES = Math.ceil(end() / PAGE_BYTES)
