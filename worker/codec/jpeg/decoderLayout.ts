// The layout of the WebAssembly memory that decoder.as.ts and decoder.ts share. The build inserts these constants into
// decoder.as.ts.

import { createPlacer } from '../placer.ts'
import { BLOCK_SAMPLES, MAX_CODE_BITS } from './tables.ts'

export { MAX_CODE_BITS }

const U8 = 1
const U16 = 2
const U32 = 4
const F32 = 4

/** A Huffman symbol is a byte, so there are at most 256. */
const SYMBOLS = 256

/** Codes of up to 9 bits are looked up in one step. Nine in ten symbols have such a code. */
export const SHORT = 9

const table = createPlacer()

/** Offsets of the parts of a Huffman table, in bytes. */
export const TABLE = {
  /** Indexed by the next SHORT bits: (bits of code + bits of value) << 8 | symbol, or 0 if the code is longer. */
  short: table.place(2 ** SHORT * U16),
  /** Indexed by code length: the first longer code, left-aligned in 16 bits. */
  limits: table.place((MAX_CODE_BITS + 1) * U32),
  /** Indexed by code length: the number that is added to a code to get the index in `symbols`. */
  offsets: table.place((MAX_CODE_BITS + 1) * U32),
  /** The symbols in the order of their codes. */
  symbols: table.place(SYMBOLS * U8),
} as const
export const TABLE_BYTES = table.end()

/**
 * A record: 64 bits that are the set of places whose coefficient is not zero, then the coefficients that the scale
 * needs, as 16-bit integers.
 */
export const PLACES_BYTES = 8

/** A component of the scan or of the picture. All fields are 32-bit integers. */
export const COMPONENT = {
  /** Addresses of the Huffman tables, and of the quantisation table. */
  dcTable: 0,
  acTable: U32,
  quantizer: 2 * U32,
  /** DC coefficient of the previous block. */
  predicted: 3 * U32,
  /** Blocks of an MCU: columns and rows. */
  across: 4 * U32,
  down: 5 * U32,
  /** Address and bytes per row of the plane into which a row of MCUs is drawn. */
  plane: 6 * U32,
  stride: 7 * U32,
  /** Address of the first block's record, and bytes per row of blocks. */
  records: 8 * U32,
  recordsStride: 9 * U32,
  /** Samples that are decoded for each side of a block: 8, 4, 2 or 1; and the address of the offsets for this number. */
  side: 10 * U32,
  offsets: 11 * U32,
  recordBytes: 12 * U32,
} as const
export const COMPONENT_BYTES = 13 * U32
export const MAX_COMPONENTS = 3

const { place } = createPlacer()

/** For each component of a scan, its DC table and its AC table. */
export const TABLES_AT = place(2 * MAX_COMPONENTS * TABLE_BYTES)
/** A table for each component: factors of the coefficients, in the order of a record. */
export const QUANTIZERS_AT = place(MAX_COMPONENTS * BLOCK_SAMPLES * F32)
export const QUANTIZER_BYTES = BLOCK_SAMPLES * F32
/**
 * For each side (1, 2, 4, 8), indexed by place in zig-zag order: the offset of the coefficient behind a record's set of
 * places, in bytes; or DROPPED if the side does not need the coefficient.
 */
export const OFFSETS_AT = place(4 * BLOCK_SAMPLES * U8)
export const DROPPED = 255
export const COMPONENTS_AT = place(MAX_COMPONENTS * COMPONENT_BYTES)
/** Scratch space of the transform: a block of floats before each pass. */
export const SCRATCH_AT = place(2 * BLOCK_SAMPLES * F32)
/** The record of the block that is decoded, if blocks are drawn at once. */
export const BLOCK_AT = place(PLACES_BYTES + BLOCK_SAMPLES * U16)
/** Planes, records and the file, whose sizes depend on the picture (decoder.ts). */
export const HEAP_AT = place(0)

/** How a scan codes its blocks. */
export const SEQUENTIAL = 0
export const DC_FIRST = 1
export const DC_REFINING = 2
export const AC_FIRST = 3
export const AC_REFINING = 4
