// Where the kernel keeps what in its linear memory: shared by the generator, which writes addresses
// into the source, and by fused.ts, which fills weights and rows in. All of it is placed once, for
// the largest network and the widest strip, so that no picture makes the memory grow.
//
// Tiles are 4x4 pixels. Pixel x = 4 t + p of a row is in tile t at phase p, and rows are kept as
// [4 phases][slots], so that a vector of four floats holds one phase of four tiles side by side.

/** Side of a tile in pixels, and how many f32 a vector holds. */
export const TILE = 4
/** Taps of layer 1: 3x3 blocks of 3x3. */
export const KERNEL_1 = 9
export const KERNEL_3 = 5
/** Side of a Winograd block of taps, and how many of them make up layer 1 a side. */
export const BLOCK = 3
export const BLOCKS = BLOCK * BLOCK
/** F(4x4, 3x3) has 6x6 frequencies. */
export const SIDE = TILE + BLOCK - 1
export const FREQUENCIES = SIDE * SIDE
/** Channels that the GEMM and the 1x1 layer compute at a time. */
export const STEP = 4

/** Most channels of layer 1 and of layer 2: bounds the memory, twice the paper's network. */
export const MAX_CHANNELS = 128

/** Tiles that are worked on at a time: two vectors. At the end of a row maybe one. */
export const GROUP = 8

/** How far the padded input reaches beyond the picture: (9 - 1 + 1 - 1 + 5 - 1) / 2. */
export const HALO = (KERNEL_1 - 1 + KERNEL_3 - 1) / 2

/**
 * Widest piece of a picture in pixels; wider ones are cut into strips. 512 tiles of features make
 * 511 of the result: groups come out even.
 */
export const MAX_WIDTH = 2044

export const FLOAT = 4
export const VECTOR = TILE * FLOAT
/** Between the rows of A1, beyond their length: one cache line, so that they do not fall on each other. */
export const CACHE_LINE = 64

/** Slots of a phase of a row: a strip's tiles, 3 more that the padded input has, and what vectors overrun. */
export const SLOTS = 528
export const PHASE_BYTES = SLOTS * FLOAT
export const ROW_BYTES = TILE * PHASE_BYTES

/** Input rows in the ring: 12 are in use, and the next power of two makes a mask of the modulus. */
export const INPUT_ROWS = 16
/** Result rows in the ring: 5 rows of taps beside 4 of features. */
export const OUTPUT_ROWS = 8

/** Tiles of a row of R and A2: a group, two that the taps reach beyond it, rounded to vectors. */
export const GROUP_SLOTS = GROUP + TILE
/** A2's first slot that is new in a group; the one before it is carried over from the last group. */
export const CARRY = TILE

/** From the taps of one channel of layer 3 to the next: half of what its features take in A2. */
export const WEIGHTS_3 = ((TILE + 1) * GROUP_SLOTS) / 2

/** Distance of A1's rows in bytes for a first layer of so many channels. */
export const activationStride = (channels: number) => channels * GROUP * FLOAT + CACHE_LINE

/** Bytes between two channels of a group of 8 tiles, in V, M and A1. */
export const GROUP_BYTES = GROUP * FLOAT
/** Bytes between two phases and between two channels of A2: four phases and their union. */
export const FEATURE_PHASE_BYTES = GROUP_SLOTS * FLOAT
export const FEATURE_CHANNEL_BYTES = (TILE + 1) * FEATURE_PHASE_BYTES

/** Gives out addresses from `start` on, each at the beginning of a cache line. */
export function createPlacer(start: number) {
  let end = start
  return {
    place(bytes: number): number {
      const at = end
      end += Math.ceil(bytes / CACHE_LINE) * CACHE_LINE
      return at
    },
    /** What has been given out lies below. */
    end: () => end,
  }
}

/** Nothing of ours lies at a null pointer. */
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
  /** A vector of fours: a load is quicker than making it. */
  four: place(VECTOR),
  /** Channels that are not all zero in the pixels at hand: offsets into A1. One more than is ever read. */
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
  /** Four rows of the padded input as they come, [4][4 * slots]. */
  rowsIn: place(TILE * ROW_BYTES),
  /** Four rows of the result, [4][4 * slots]. */
  rowsOut: place(TILE * ROW_BYTES),
} as const

/** Of WebAssembly: 64 KiB each. */
export const PAGE_BYTES = 65_536
export const MEMORY_PAGES = Math.ceil(end() / PAGE_BYTES)
