// The layout of subpixel.as.ts's scratch memory. After it come the weights and the bands of features, which
// driver/subpixel.ts places for each network and strip, so that a narrow picture needs little memory.
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

/**
 * Side of the first layer's kernel. The kernel is padded with a row and a column of zeros and cut into 2x2 blocks of
 * 3x3 taps.
 */
export const KERNEL_FIRST = 5
export const BLOCKS_FIRST = 2
/** Number of input channels in the first layer's matrix product (GEMM): one for each block. */
export const DEPTH_FIRST = BLOCKS_FIRST * BLOCKS_FIRST

/** Maximum number of channels between two layers, which bounds the size of V. */
export const MAX_INNER = 64

/**
 * Bytes between two frequencies of V: the size of a frequency and a gap of one cache line. Without the gap the
 * frequencies would compete for the same lines of the CPU's cache.
 */
export const FREQUENCY_BYTES = MAX_INNER * GROUP * FLOAT + CACHE_LINE

const { place, end } = createPlacer(LOWEST)

/** Addresses in the kernel's memory, in bytes. */
export const SCRATCH_AT = {
  /** A vector of the value 4. Loading the vector is faster than building a constant. */
  four: place(VECTOR),
  /** R: the result of the input transform's vertical pass, [2 block rows][6][4 phases][12 slots]. */
  half: place(BLOCKS_FIRST * SIDE * TILE * GROUP_SLOTS * FLOAT),
  /** V: the transformed input, [36 frequencies][channels][8 tiles]. */
  transformed: place(FREQUENCIES * FREQUENCY_BYTES),
  /** M: the products of four channels, [36 frequencies][4][8 tiles]. */
  products: place(FREQUENCIES * STEP * GROUP * FLOAT),
} as const

/** The driver places weights and bands from this address on. */
export const HEAP = end()
export const SCRATCH_PAGES = Math.ceil(HEAP / PAGE_BYTES)

/** Number of quads (groups of four rows) of the input that a tile of the first layer reads. */
export const QUADS_FIRST = Math.ceil((SIDE + BLOCK * (BLOCKS_FIRST - 1)) / TILE)
