// Where the module of symbols.ts keeps what in its linear memory: shared by the generator, which writes
// addresses into the source, and by strips.ts, which fills tables and coded bytes in.

/** Codes of no more bits than this are looked up. Nine in ten symbols have no longer one. */
export const SHORT = 9
/** Longest code that a JPEG may use. */
export const MAX_CODE_BITS = 16
/** A symbol is a byte. */
export const SYMBOLS = 256
/** Of a block of 8x8. */
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

/** A Huffman table, in bytes from its start. */
export const TABLE = {
  /** For the next SHORT bits, where a code of no more is in them: bits of symbol and value << 8 | symbol. */
  short: place(2 ** SHORT * U16),
  /** By code length, the first longer code, left-aligned in 16 bits, ... */
  limits: place((MAX_CODE_BITS + 1) * U32),
  /** ... and what to add to a code of this length for its place among the symbols. */
  offsets: place((MAX_CODE_BITS + 1) * U32),
  symbols: place(SYMBOLS * U8),
  /** How often each symbol was read. */
  frequencies: place(SYMBOLS * U32),
  /** What to write for each symbol: its code with room for the value behind it, and how many bits are both. */
  codes: place(SYMBOLS * 2 * U32),
} as const
const TABLE_BYTES = end
/** Of it, what its codes are read with. */
export const LOOKUP_BYTES = TABLE.frequencies

end = 0
/** DC and AC of luma, then those of chroma. */
export const TABLES = place(4 * TABLE_BYTES)
/** From a DC table to the AC table of the same blocks, and from that to the next. */
export const NEXT_TABLE = TABLE_BYTES
/** Addresses of the DC tables of a unit's blocks, in order: luma has up to four, chroma two more. */
export const BLOCKS = place(6 * U32)
/** Coded bytes of a strip, and behind them what becomes of them. */
export const CODED = end
