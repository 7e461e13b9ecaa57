// The layout of the WebAssembly memory that encoder.as.ts and encoder.ts share. The build inserts these constants into
// encoder.as.ts.

import { createPlacer } from '../placer.ts'
import { BLOCK_SAMPLES } from './tables.ts'

const U8 = 1
const I16 = 2
const U32 = 4
const F32 = 4
const U64 = 8

/** Number of values of a byte. A Huffman symbol is a byte, too. */
const BYTES = 256

const quantizer = createPlacer()

/** Samples are integers that hold this many bits of a fraction of a level: luma, and chroma at full size. */
export const WEIGHT_BITS = 14
/** The same for chroma at half size, which is the sum of four pixels. */
export const HALF_CHROMA_BITS = 16

/** Luma and chroma have quantisers and Huffman tables of their own. */
export const LUMA = 0
export const CHROMA = 1

/**
 * A quantiser: for each coefficient, in transposed order, its factor (1 / step and the scale of the transform), then
 * the width by which the interval that becomes zero is larger than a step on each side, in steps.
 */
export const QUANTIZER = {
  factors: quantizer.place(BLOCK_SAMPLES * F32),
  deadZones: quantizer.place(BLOCK_SAMPLES * F32),
} as const
export const QUANTIZER_BYTES = quantizer.end()

const { place } = createPlacer()

export const QUANTIZERS_AT = place(2 * QUANTIZER_BYTES)
/** Indexed by place in zig-zag order: the offset of the coefficient in BLOCK_AT, in bytes. */
export const OFFSETS_AT = place(BLOCK_SAMPLES * U8)
/**
 * For each row of eight coefficients of BLOCK_AT: indexed by a byte that has bit i set if the row's coefficient i is
 * not zero, the same as a set of places in zig-zag order.
 */
export const PLACES_AT = place(8 * BYTES * U64)
/** How often each symbol occurs, for four Huffman tables: luma DC, luma AC, chroma DC, chroma AC. */
export const FREQUENCIES_AT = place(4 * BYTES * U32)
/** For each symbol of the four tables: code << bits of the value, then << 5 | bits of code + value. */
export const CODES_AT = place(4 * BYTES * U32)
/** The quantised coefficients of a block, in transposed order. */
export const BLOCK_AT = place(BLOCK_SAMPLES * I16)
/** The samples of an MCU, less 128: up to four luma blocks, then Cb, then Cr. */
export const SAMPLES_AT = place(6 * BLOCK_SAMPLES * F32)
/** Scratch space of the transform: a block between its passes, and a block behind them. */
export const SCRATCH_AT = place(2 * BLOCK_SAMPLES * F32)
/** The rows of a band, and behind them tokens and bytes, whose sizes depend on the picture (encoder.ts). */
export const BAND_AT = place(0)

/** A token is 32 bits: value << 10 | table << 8 | symbol. */
export const TOKEN_BYTES = U32
export const SYMBOLS = BYTES
