// Where the sub-pixel kernel keeps its scratch, and how the bands of features lie behind it. Those are
// placed by subpixel.ts of the engine, for a network and a strip: a narrow picture needs little memory.
//
// A band is four rows of all channels of a layer, [channel][4 rows][4 phases][slots], in tiles of 4x4 as
// in layout.ts.
import {
  BLOCK,
  CACHE_LINE,
  createPlacer,
  FLOAT,
  FREQUENCIES,
  GROUP,
  GROUP_SLOTS,
  LOWEST,
  PAGE_BYTES,
  SIDE,
  STEP,
  TILE,
  VECTOR,
} from './layout.ts'

/** Of the first layer, as 2x2 blocks of 3x3 taps of which the last row and column are zero. */
export const KERNEL_FIRST = 5
export const BLOCKS_FIRST = 2
/** Input channels of the first layer's GEMM: one for each block. */
export const DEPTH_FIRST = BLOCKS_FIRST * BLOCKS_FIRST

/** Most channels between two layers: bounds V. */
export const MAX_INNER = 64

/** Distance of V's frequencies: a cache line more than they take, so that they do not fall on each other. */
export const FREQUENCY_BYTES = MAX_INNER * GROUP * FLOAT + CACHE_LINE

const { place, end } = createPlacer(LOWEST)

/** Byte addresses. */
export const AT = {
  /** A vector of fours: a load is quicker than making it. */
  four: place(VECTOR),
  /** R: between the two passes of the input transform, [2 block rows][6][4 phases][12 slots]. */
  half: place(BLOCKS_FIRST * SIDE * TILE * GROUP_SLOTS * FLOAT),
  /** V: the transformed input, [36][channels][8 tiles]. */
  transformed: place(FREQUENCIES * FREQUENCY_BYTES),
  /** M: four channels' products, [36][4][8 tiles]. */
  products: place(FREQUENCIES * STEP * GROUP * FLOAT),
} as const

/** What the engine places begins here. */
export const HEAP = end()
export const SCRATCH_PAGES = Math.ceil(HEAP / PAGE_BYTES)

/** Taps that a tile of the first layer reads, in quads of four rows. */
export const QUADS_FIRST = Math.ceil((SIDE + BLOCK * (BLOCKS_FIRST - 1)) / TILE)
