// Sizes that the kernels share, and the layout of srcnn.as.ts's memory. Kernels and generators use these addresses, and
// driver/srcnn.ts writes weights and rows there. Memory is laid out once, for the largest network and the widest strip,
// so it never grows.
//
// Tiles are 4x4 pixels. Pixel x = 4 t + p of a row is in tile t at phase p. Rows are stored as [4 phases][slots], with
// one slot per tile, so that a vector of four floats holds one phase of four neighbouring tiles (a vector of tiles). A
// group is two vectors of tiles.

/** Side of a tile in pixels, and number of f32 values in a vector. */
export const TILE = 4
/** Side of layer 1's kernel, which is cut into 3x3 blocks of 3x3 taps. */
export const KERNEL_1 = 9
export const KERNEL_3 = 5
/** Side of a block of taps for Winograd's algorithm, and the number of such blocks in layer 1's kernel. */
export const BLOCK = 3
export const BLOCKS = BLOCK * BLOCK
/** Number of frequencies (transformed values) of Winograd's F(4x4, 3x3), along a side and in total: 6 and 36. */
export const SIDE = TILE + BLOCK - 1
export const FREQUENCIES = SIDE * SIDE
/** Number of output channels that the GEMM and the 1x1 layer compute at a time. */
export const STEP = 4

/** Maximum number of channels of layers 1 and 2, which bounds the memory. The paper's largest number is 64. */
export const MAX_CHANNELS = 128

/** Number of tiles that are computed together: two vectors. The last group of a row may have only one vector. */
export const GROUP = 8

/** Padding of the input on each side, in pixels: (9 - 1 + 1 - 1 + 5 - 1) / 2. */
export const HALO = (KERNEL_1 - 1 + KERNEL_3 - 1) / 2

/**
 * Maximum width of a strip in pixels: 511 tiles of the result. The margin of the last layer needs one more tile of
 * features, i.e. 512, which fill whole groups.
 */
export const MAX_WIDTH = 2044

export const FLOAT = 4
export const VECTOR = TILE * FLOAT
/**
 * Size of a cache line, in bytes. Each position of A1 (see features1) is followed by a gap of one line. Without the gap
 * the positions would compete for the same lines of the CPU's cache.
 */
export const CACHE_LINE = 64

/**
 * Number of slots (one per tile) of a phase in a row: a strip's tiles, 3 more for the padded input, and space for whole
 * vectors that run over the end.
 */
export const SLOTS = 528
export const PHASE_BYTES = SLOTS * FLOAT
export const ROW_BYTES = TILE * PHASE_BYTES

/**
 * Number of rows in the ring of the input. 12 rows are in use at a time. 16 is a power of two, so a mask can replace
 * the modulus.
 */
export const INPUT_ROWS = 16
/** Number of rows in the ring of the result: 4 rows of features with 5 rows of taps add to 8 rows. */
export const OUTPUT_ROWS = 8

/** Slots in a row of R or A2: a group, and the two tiles that the taps reach beyond it, rounded up to whole vectors. */
export const GROUP_SLOTS = GROUP + TILE
/** The slot of A2 at which a group begins. The slot before it contains the last tile of the previous group. */
export const CARRY = TILE

/**
 * Distance between two channels in the weights of layer 3, in floats. It is half the distance in A2, so that a shift
 * converts an offset in A2 to an offset in the weights.
 */
export const WEIGHTS_3 = ((TILE + 1) * GROUP_SLOTS) / 2

/** Returns the distance in bytes between two positions of A1 if layer 1 has `channels` channels. */
export const activationStride = (channels: number) => channels * GROUP * FLOAT + CACHE_LINE

/** Distance in bytes between two channels in V, M and A1, where a channel has the 8 tiles of a group. */
export const GROUP_BYTES = GROUP * FLOAT
/**
 * Bytes between two phases and between two channels of A2. A channel has four phases and their union (the bitwise or).
 */
export const FEATURE_PHASE_BYTES = GROUP_SLOTS * FLOAT
export const FEATURE_CHANNEL_BYTES = (TILE + 1) * FEATURE_PHASE_BYTES

/** Creates an allocator of addresses from `start` on. Each address is at the beginning of a cache line. */
export function createPlacer(start: number) {
  let end = start
  return {
    place(bytes: number): number {
      const at = end
      end += Math.ceil(bytes / CACHE_LINE) * CACHE_LINE
      return at
    },
    /** Returns the address after everything that has been placed. */
    end: () => end,
  }
}

/** Lowest address in use. Address 0 would look like a null pointer. */
export const LOWEST = 1024

const { place, end } = createPlacer(LOWEST)

/** Addresses in the kernel's memory, in bytes. n1 and n2 are the numbers of channels of layers 1 and 2. */
export const AT = {
  /** Transformed weights of layer 1: [n1 / 4][36 frequencies][9 blocks][4]. */
  weights1: place((MAX_CHANNELS / STEP) * FREQUENCIES * BLOCKS * STEP * FLOAT),
  /** Bias of layer 1: [n1]. */
  bias1: place(MAX_CHANNELS * FLOAT),
  /** Weights of layer 2: [n2 / 4][n1][4]. */
  weights2: place(MAX_CHANNELS * MAX_CHANNELS * FLOAT),
  /** Bias of layer 2: [n2]. */
  bias2: place(MAX_CHANNELS * FLOAT),
  /** Weights of layer 3: [n2][5 columns][5 rows], with channels WEIGHTS_3 floats apart. */
  weights3: place(MAX_CHANNELS * WEIGHTS_3 * FLOAT),
  bias3: place(FLOAT),
  /** A vector of the value 4. Loading the vector is faster than building a constant. */
  four: place(VECTOR),
  /**
   * The list: offsets of the channels with a non-zero value in the pixels being computed. One more entry may be written
   * after the last one, but is never read.
   */
  list: place((MAX_CHANNELS + 1) * FLOAT),
  /** R: the result of the input transform's vertical pass, [3 block rows][6][4 phases][12 slots]. */
  half: place(BLOCK * SIDE * TILE * GROUP_SLOTS * FLOAT),
  /** V: the transformed input, [36 frequencies][9 blocks][8 tiles]. */
  transformed: place(FREQUENCIES * BLOCKS * GROUP * FLOAT),
  /** M: the products of four channels, [36 frequencies][4][8 tiles]. */
  products: place(FREQUENCIES * STEP * GROUP * FLOAT),
  /**
   * A1: layer 1 after ReLU, [16 positions = row * 4 + phase][n1][8 tiles], with positions activationStride bytes apart.
   */
  features1: place(TILE * TILE * activationStride(MAX_CHANNELS)),
  /** A2: layer 2 after ReLU, [4 rows][n2][4 phases and their union][12 slots]. */
  features2: place(TILE * MAX_CHANNELS * (TILE + 1) * GROUP_SLOTS * FLOAT),
  /** The padded input, [16 rows: y & 15][4 phases][slots]; slot k holds tile k. */
  input: place(INPUT_ROWS * ROW_BYTES),
  /** Sums of layer 3, [8 rows: y & 7][4 phases][slots]; slot k holds tile k - 1. */
  output: place(OUTPUT_ROWS * ROW_BYTES),
  /** Four rows of the padded input, with pixels in order, [4][4 * slots]. */
  rowsIn: place(TILE * ROW_BYTES),
  /** Four rows of the result, with pixels in order, [4][4 * slots]. */
  rowsOut: place(TILE * ROW_BYTES),
} as const

/** Size of a page of WebAssembly's memory, in bytes. */
export const PAGE_BYTES = 65_536
export const SRCNN_PAGES = Math.ceil(end() / PAGE_BYTES)
