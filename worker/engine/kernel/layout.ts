// Sizes that the kernels share, and the linear memory of srcnn.as.ts. Kernels and generators read and write at these
// addresses, and driver/srcnn.ts writes weights and rows there. Memory is laid out once, for the largest network and
// the widest strip, so it never grows.
//
// Tiles are 4x4 pixels. Pixel x = 4 t + p of a row is in tile t at phase p. Rows are stored as [4 phases][slots], so
// that a vector of four floats holds one phase of four neighbouring tiles.

/** Side of a tile in pixels, and number of f32 in a vector. */
export const TILE = 4
/** Side of layer 1's kernel: 3x3 blocks of 3x3 taps. */
export const KERNEL_1 = 9
export const KERNEL_3 = 5
/** Side of a Winograd block of taps; and the number of blocks in layer 1. */
export const BLOCK = 3
export const BLOCKS = BLOCK * BLOCK
/** F(4x4, 3x3) has 6x6 frequencies. */
export const SIDE = TILE + BLOCK - 1
export const FREQUENCIES = SIDE * SIDE
/** Output channels that the GEMM and the 1x1 layer compute at a time. */
export const STEP = 4

/** Maximum number of channels of layers 1 and 2: twice the paper's. Bounds the memory. */
export const MAX_CHANNELS = 128

/** Tiles that are computed at a time: two vectors. At the end of a row it may be one vector. */
export const GROUP = 8

/** Padding of the input on each side, in pixels: (9 - 1 + 1 - 1 + 5 - 1) / 2. */
export const HALO = (KERNEL_1 - 1 + KERNEL_3 - 1) / 2

/**
 * Maximum width of a strip, in pixels. A strip has 511 tiles of the result and 512 of features: whole groups.
 */
export const MAX_WIDTH = 2044

export const FLOAT = 4
export const VECTOR = TILE * FLOAT
/**
 * Size of a cache line. Rows of A1 are one further apart than they are long: else they would compete for the same
 * lines.
 */
export const CACHE_LINE = 64

/** Slots of one phase of a row: a strip's tiles, 3 more for the padded input, and what whole vectors overrun. */
export const SLOTS = 528
export const PHASE_BYTES = SLOTS * FLOAT
export const ROW_BYTES = TILE * PHASE_BYTES

/** Input rows in the ring: 12 are in use; with the next power of two the modulus is a mask. */
export const INPUT_ROWS = 16
/** Result rows in the ring: 4 rows of features, times 5 rows of taps, reach 8 rows. */
export const OUTPUT_ROWS = 8

/** Tiles in a row of R and A2: a group and the two tiles that the taps reach beyond it, in whole vectors. */
export const GROUP_SLOTS = GROUP + TILE
/** The slot of A2 where a group begins. The slot before it holds the last tile of the previous group. */
export const CARRY = TILE

/** Distance of two channels in the weights of layer 3, in floats: half of the distance of their features in A2. */
export const WEIGHTS_3 = ((TILE + 1) * GROUP_SLOTS) / 2

/** Distance of A1's rows in bytes, for a first layer of `channels` channels. */
export const activationStride = (channels: number) => channels * GROUP * FLOAT + CACHE_LINE

/** Bytes between two channels of a group of 8 tiles, in V, M and A1. */
export const GROUP_BYTES = GROUP * FLOAT
/** Bytes between two phases and between two channels of A2: four phases and their union. */
export const FEATURE_PHASE_BYTES = GROUP_SLOTS * FLOAT
export const FEATURE_CHANNEL_BYTES = (TILE + 1) * FEATURE_PHASE_BYTES

/** Allocates addresses from `start` on, each at the beginning of a cache line. */
export function createPlacer(start: number) {
  let end = start
  return {
    place(bytes: number): number {
      const at = end
      end += Math.ceil(bytes / CACHE_LINE) * CACHE_LINE
      return at
    },
    /** Returns the address behind everything that has been placed. */
    end: () => end,
  }
}

/** Nothing is placed below: address 0 would look like a null pointer. */
export const LOWEST = 1024

const { place, end } = createPlacer(LOWEST)

/** Byte addresses. */
export const AT = {
  /** Layer 1, transformed: [n1 / 4][36][9][4]. */
  weights1: place((MAX_CHANNELS / STEP) * FREQUENCIES * BLOCKS * STEP * FLOAT),
  /** [n1] */
  bias1: place(MAX_CHANNELS * FLOAT),
  /** [n2 / 4][n1][4] */
  weights2: place(MAX_CHANNELS * MAX_CHANNELS * FLOAT),
  /** [n2] */
  bias2: place(MAX_CHANNELS * FLOAT),
  /** [n2][5 columns][5 rows], WEIGHTS_3 apart */
  weights3: place(MAX_CHANNELS * WEIGHTS_3 * FLOAT),
  bias3: place(FLOAT),
  /** A vector of fours: loading it is faster than making it. */
  four: place(VECTOR),
  /** Offsets of the channels that are not all zero in the pixels at hand; and one more entry, which is never read. */
  list: place((MAX_CHANNELS + 1) * FLOAT),
  /** R: between the two passes of the input transform, [3 block rows][6][4 phases][12 slots]. */
  half: place(BLOCK * SIDE * TILE * GROUP_SLOTS * FLOAT),
  /** V: the transformed input, [36][9][8 tiles]. */
  transformed: place(FREQUENCIES * BLOCKS * GROUP * FLOAT),
  /** M: four channels' products, [36][4][8 tiles]. */
  products: place(FREQUENCIES * STEP * GROUP * FLOAT),
  /** A1: layer 1 after ReLU, [16 positions = row * 4 + phase][n1][8 tiles], rows activationStride apart. */
  features1: place(TILE * TILE * activationStride(MAX_CHANNELS)),
  /** A2: layer 2 after ReLU, [4 rows][n2][4 phases and their union][12 slots]. */
  features2: place(TILE * MAX_CHANNELS * (TILE + 1) * GROUP_SLOTS * FLOAT),
  /** The padded input, [16 rows: y & 15][4 phases][slots]; slot k holds tile k. */
  input: place(INPUT_ROWS * ROW_BYTES),
  /** Sums of layer 3, [8 rows: y & 7][4 phases][slots]; slot k holds tile k - 1. */
  output: place(OUTPUT_ROWS * ROW_BYTES),
  /** Four rows of the padded input, pixel by pixel, [4][4 * slots]. */
  rowsIn: place(TILE * ROW_BYTES),
  /** Four rows of the result, pixel by pixel, [4][4 * slots]. */
  rowsOut: place(TILE * ROW_BYTES),
} as const

/** Size of a page of WebAssembly's memory. */
export const PAGE_BYTES = 65_536
export const SRCNN_PAGES = Math.ceil(end() / PAGE_BYTES)
