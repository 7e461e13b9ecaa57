// The layout of the WebAssembly memory that decoder.as.ts and decoder.ts share. The build inserts these constants into
// decoder.as.ts.

import { createPlacer } from '../placer.ts'

const U32 = 4
const VECTOR = 16

/** Vectors may be read and written beyond the end of a row by fewer than this many bytes. */
export const SLACK = 64

/** How the samples of a row become RGBA. TABLE looks up grey or a palette's index, of 1 to 8 bits. */
export const TABLE = 0
export const GREY_ALPHA = 1
export const RGB = 2
export const RGBA = 3

const { place } = createPlacer()

/** The pixels of TABLE: 256 times RGBA. */
export const COLORS_AT = place(256 * U32)
/**
 * Five shuffles for Sub: four that move a vector by 1, 2, 4 and 8 pixels towards its end and fill up with zeros, and
 * one that repeats its last whole pixel.
 */
export const SHUFFLES_AT = place(5 * VECTOR)
/** A pixel as in the file that is transparent, as 64 bits; and the bits of a pixel. */
export const KEY_AT = place(2 * U32)
export const KEY_MASK_AT = place(2 * U32)
/** Rows, whose size depends on the picture (decoder.ts). */
export const HEAP_AT = place(0)
