// The linear memory of the module of symbols.as.ts, which imports these constants (the build passes them on). strips.ts
// writes the tables and the coded bytes.

/** Codes of up to this many bits are looked up in one step: nine in ten symbols. */
export const SHORT = 9
/** Length of the longest code that JPEG allows. */
export const MAX_CODE_BITS = 16
/** A symbol is a byte, so there are at most 256. */
export const SYMBOLS = 256
/** Samples of a block of 8x8. */
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
  /** By the next SHORT bits, if a code is complete in them: bits of code and value << 8 | symbol. Else 0. */
  short: place(2 ** SHORT * U16),
  /** By code length: the first longer code, left-aligned in 16 bits. */
  limits: place((MAX_CODE_BITS + 1) * U32),
  /** By code length: what is added to a code for its index in `symbols`. */
  offsets: place((MAX_CODE_BITS + 1) * U32),
  /** The symbols in the order of their codes. */
  symbols: place(SYMBOLS * U8),
  /** By symbol: how often it was read. */
  frequencies: place(SYMBOLS * U32),
  /** By symbol: the code to write, shifted left by the value's bits; and the bits of code and value. */
  codes: place(SYMBOLS * 2 * U32),
} as const
const TABLE_BYTES = end
/** Bytes from a table's start that reading needs. */
export const LOOKUP_BYTES = TABLE.frequencies

end = 0
/** The tables: DC and AC of luma, then those of chroma. */
export const TABLES_AT = place(4 * TABLE_BYTES)
/** From a DC table to the AC table of the same blocks, and from that to the next. */
export const NEXT_TABLE = TABLE_BYTES
/** Addresses of the DC tables of a unit's blocks, in order: luma has up to four, chroma two more. */
export const BLOCKS_AT = place(6 * U32)
/** The strip's coded bytes, followed by the bytes that are written from them. */
export const CODED_AT = end
