// The scratch memory of subpixel.as.ts. Weights and bands of features follow it: driver/subpixel.ts places them for a
// network and a strip, so that a narrow picture needs little memory.
//
// A band is four rows of all channels of a layer, [channel][4 rows][4 phases][slots], in tiles of 4x4 as in layout.ts.
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

/** The first layer's kernel: 5x5, as 2x2 blocks of 3x3 taps whose last row and column are zero. */
export const KERNEL_FIRST = 5
export const BLOCKS_FIRST = 2
/** Input channels of the first layer's GEMM: one for each block. */
export const DEPTH_FIRST = BLOCKS_FIRST * BLOCKS_FIRST

/** Maximum number of channels between two layers: bounds V. */
export const MAX_INNER = 64

/** Distance of V's frequencies: one cache line more than their size, else they would compete for the same lines. */
export const FREQUENCY_BYTES = MAX_INNER * GROUP * FLOAT + CACHE_LINE

const { place, end } = createPlacer(LOWEST)

/** Byte addresses. */
export const SCRATCH_AT = {
  /** A vector of fours: loading it is faster than making it. */
  four: place(VECTOR),
  /** R: between the two passes of the input transform, [2 block rows][6][4 phases][12 slots]. */
  half: place(BLOCKS_FIRST * SIDE * TILE * GROUP_SLOTS * FLOAT),
  /** V: the transformed input, [36][channels][8 tiles]. */
  transformed: place(FREQUENCIES * FREQUENCY_BYTES),
  /** M: four channels' products, [36][4][8 tiles]. */
  products: place(FREQUENCIES * STEP * GROUP * FLOAT),
} as const

/** The driver places weights and bands from this address on. */
export const HEAP = end()
export const SCRATCH_PAGES = Math.ceil(HEAP / PAGE_BYTES)

/** Quads (four rows) of the input that a tile of the first layer reads. */
export const QUADS_FIRST = Math.ceil((SIDE + BLOCK * (BLOCKS_FIRST - 1)) / TILE)
