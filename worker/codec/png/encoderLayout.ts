// The layout of the WebAssembly memory that encoder.as.ts and encoder.ts share. The build inserts these constants into
// encoder.as.ts and the files that it imports.

import { createPlacer } from '../placer.ts'

const U8 = 1
const U16 = 2
const U32 = 4

/** Number of values of a byte. */
const BYTES = 256

const { place, end } = createPlacer()

/** A match is at most this far back, and so much of the past is kept. */
export const MAX_DISTANCE = 2 ** 15
export const MIN_LENGTH = 3
export const MAX_LENGTH = 258

/** Symbols of deflate's first code: 256 literals, the end of a block, and 29 classes of lengths. */
export const LITERALS = 286
export const END_OF_BLOCK = 256
/** Symbols of its second code, the classes of distances. */
export const DISTANCES = 30
/** Symbols of the code in which the lengths of the other two codes are written. */
export const CODE_LENGTHS = 19

/**
 * Tokens of a block. A block has codes of its own, which are fitted to it and take 60 to 90 bytes. The tokens wait in
 * memory until it is complete.
 */
export const BLOCK_TOKENS = 16_384
/** A token is 32 bits: a literal, or IS_MATCH | length << 16 | (distance - 1). */
export const TOKEN_BYTES = U32
export const IS_MATCH = 2 ** 31

/** For each of `CRC_TABLES` tables and each byte: the CRC of the byte, followed by as many zeros as the table's index. */
export const CRC_TABLES = 16
export const CRC_AT = place(CRC_TABLES * BYTES * U32)

/** For each length: symbol | extra bits << 9 | (length - smallest of the class) << 12. */
export const LENGTH_CLASSES_AT = place((MAX_LENGTH + 1) * U32)
/** How often each symbol occurs in the block. */
export const LITERAL_COUNTS_AT = place((LITERALS + DISTANCES) * U32)
export const DISTANCE_COUNTS_AT = LITERAL_COUNTS_AT + LITERALS * U32
/** The code lengths of literals and distances, as they follow one another in a block's head. */
export const LITERAL_BITS_AT = place((LITERALS + DISTANCES) * U8)
export const DISTANCE_BITS_AT = LITERAL_BITS_AT + LITERALS * U8
/** For each symbol: code << 5 | bits. Deflate writes codes from their highest bit, so they are stored reversed. */
export const LITERAL_CODES_AT = place(LITERALS * U32)
export const DISTANCE_CODES_AT = place(DISTANCES * U32)
/** For each length the same, with the extra bits behind the code. */
export const MATCH_CODES_AT = place((MAX_LENGTH + 1) * U32)
/** Expected bits of each literal, length and class of distances in the next tokens. */
export const LITERAL_COSTS_AT = place(BYTES * U8)
export const LENGTH_COSTS_AT = place((MAX_LENGTH + 1) * U8)
export const DISTANCE_COSTS_AT = place(DISTANCES * U8)
/** The code of code lengths: counts, lengths, codes; and the sequence that it codes, as symbol | extra bits << 8. */
export const HEAD_COUNTS_AT = place(CODE_LENGTHS * U32)
export const HEAD_BITS_AT = place(CODE_LENGTHS * U8)
export const HEAD_CODES_AT = place(CODE_LENGTHS * U32)
export const HEAD_SYMBOLS_AT = place((LITERALS + DISTANCES) * U16)
/** Scratch space for a Huffman tree: leaves by weight, weights of inner nodes, and parents, later depths. */
export const LEAVES_AT = place((LITERALS + 1) * U32)
export const NODES_AT = place((LITERALS + 1) * U32)
export const PARENTS_AT = place(2 * (LITERALS + 1) * U16)
/** Number of codes of each length, before and after it is limited; then the next code of each length. */
export const CODE_COUNTS_AT = place(64 * U32)

/**
 * Hash tables of the match finder: the last position of each hash of 12, of six and of four bytes. A position is an
 * address modulo 2^16.
 */
export const LONG_HASH_BITS = 14
export const MEDIUM_HASH_BITS = 15
export const SHORT_HASH_BITS = 15
export const LONG_HASHED_AT = place(2 ** LONG_HASH_BITS * U16)
export const MEDIUM_HASHED_AT = place(2 ** MEDIUM_HASH_BITS * U16)
export const SHORT_HASHED_AT = place(2 ** SHORT_HASH_BITS * U16)

/** Bytes by which the window moves. A multiple of 2^16, so that positions stay what they are. */
export const SLIDE = 2 ** 16
/** The bytes to compress, and those before them. The space behind is read, but not used. */
export const WINDOW_BYTES = 2 * SLIDE
const behindTables = createPlacer(Math.ceil(end() / SLIDE) * SLIDE)
export const WINDOW_AT = behindTables.place(WINDOW_BYTES + 16)

export const TOKENS_AT = behindTables.place(BLOCK_TOKENS * TOKEN_BYTES)

/**
 * The compressed bytes of one block. A block whose bytes are still in the window takes at most as many as these, and one
 * that is longer takes less than the largest tokens, of 48 bits.
 */
export const OUTPUT_AT = behindTables.place(Math.max(WINDOW_BYTES, 6 * BLOCK_TOKENS) + 1024)

/** A row of RGBA, and behind it the rows whose size depends on the picture (encoder.ts). */
export const ROWS_AT = behindTables.place(0)
