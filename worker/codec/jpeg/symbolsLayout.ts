// The layout of the WebAssembly memory that symbols.as.ts and strips.ts share. strips.ts writes the tables and the
// coded bytes. The build inserts these constants into symbols.as.ts.

/** Codes of up to 9 bits are looked up in one step. Nine in ten symbols have such a code. */
export const SHORT = 9
/** Length of the longest code that JPEG allows. */
export const MAX_CODE_BITS = 16
/** A symbol is a byte, so there are at most 256. */
export const SYMBOLS = 256
/** Number of samples in a block (8x8). */
export const BLOCK_SAMPLES = 64

const U8 = 1
const U16 = 2
const U32 = 4

let end = 0
function place(bytes: number): number {
  const at = end
  end += Math.ceil(bytes / U32) * U32
  return at
}

/** Offsets of the parts of a Huffman table, in bytes. */
export const TABLE = {
  /** Indexed by the next SHORT bits: (bits of code + bits of value) << 8 | symbol, or 0 if the code is longer. */
  short: place(2 ** SHORT * U16),
  /** Indexed by code length: the first longer code, left-aligned in 16 bits. */
  limits: place((MAX_CODE_BITS + 1) * U32),
  /** Indexed by code length: the number that is added to a code to get the index in `symbols`. */
  offsets: place((MAX_CODE_BITS + 1) * U32),
  /** The symbols in the order of their codes. */
  symbols: place(SYMBOLS * U8),
  /** Indexed by symbol: how often the symbol was read. */
  frequencies: place(SYMBOLS * U32),
  /**
   * Indexed by symbol, two numbers: the code to write, shifted left by the bits of the value; and the bits of code +
   * value.
   */
  codes: place(SYMBOLS * 2 * U32),
} as const
const TABLE_BYTES = end
/** Size in bytes of the parts that reading needs, which come first in a table. */
export const LOOKUP_BYTES = TABLE.frequencies

end = 0
/** Address of the four tables: luma DC, luma AC, chroma DC, chroma AC. */
export const TABLES_AT = place(4 * TABLE_BYTES)
/** Bytes from one table to the next, and so from a DC table to the AC table of the same blocks. */
export const NEXT_TABLE = TABLE_BYTES
/**
 * Address of a list: for each block of a unit, in order, the address of its DC table. A unit has up to four luma blocks
 * and two chroma blocks.
 */
export const BLOCKS_AT = place(6 * U32)
/** Address of the strip's coded bytes. The bytes that `write` writes follow them. */
export const CODED_AT = end
