// Lossless coding of an alpha plane, the "ALPH" chunk of a lossy WebP. The coder writes a run of pixels as a copy of
// pixels to the left or in the row above, and uses Huffman codes. libwebp's own coder takes 28 bytes of memory per
// pixel, this coder takes two.
// https://developers.google.com/speed/webp/docs/riff_container#alpha and, for the bitstream,
// https://developers.google.com/speed/webp/docs/webp_lossless_bitstream_specification (RFC 9649, 3.4 to 3.7).

import { release } from '../../base/release.ts'
import { assignCodes, fitCodeLengths } from '../huffman.ts'

/** Flags in the chunk's first byte. */
const LOSSLESS = 1
const GRADIENT_FILTER = 3 << 2

const MAX_CODE_BITS = 15
const LITERALS = 256
const LENGTH_PREFIXES = 24
const DISTANCE_PREFIXES = 40
const MAX_RUN = 4096
/** The codes take fewer bytes: 4 bits for each symbol of two codes, 60 for their code lengths, and three simple codes. */
const MAX_CODES_BYTES = 256
/**
 * Shortest run that is coded as a run, in pixels. A shorter run takes fewer bits if its pixels are coded one by one.
 */
const MIN_RUN = 4

/** Encodes `plane`, one byte per pixel, as the content of an ALPH chunk. */
export function encodeAlpha(plane: Uint8Array, width: number): Uint8Array {
  const filtered = gradientFiltered(plane, width)
  const [plainCounts, filteredCounts] = [countSymbols(plane, width), countSymbols(filtered, width)]
  const content =
    plainCounts.bits <= filteredCounts.bits
      ? encodePlane(plane, width, LOSSLESS, plainCounts)
      : encodePlane(filtered, width, LOSSLESS | GRADIENT_FILTER, filteredCounts)
  release(filtered)
  return content
}

/**
 * Subtracts a prediction from each pixel: left + above - above left, clamped to 0..255. In the first row the prediction
 * is the left pixel, in the first column the pixel above.
 */
function gradientFiltered(plane: Uint8Array, width: number): Uint8Array {
  const out = new Uint8Array(plane.length)
  out[0] = plane[0]!
  for (let x = 1; x < width; x++) out[x] = plane[x] - plane[x - 1]
  for (let row = width; row < plane.length; row += width) {
    out[row] = plane[row] - plane[row - width]
    for (let i = row + 1; i < row + width; i++) {
      const guess = plane[i - 1] + plane[i - width] - plane[i - width - 1]
      out[i] = plane[i] - Math.max(0, Math.min(255, guess))
    }
  }
  return out
}

/** How often each symbol occurs in a coded plane, and what it takes to write them. */
interface Counts {
  /** Levels, and prefixes of run lengths. */
  readonly pixels: Uint32Array
  readonly distances: Uint32Array
  /** Bits that the pixels take, without the codes before them. */
  readonly bits: number
}

function countSymbols(plane: Uint8Array, width: number): Counts {
  const pixels = new Uint32Array(LITERALS + LENGTH_PREFIXES)
  const distances = new Uint32Array(DISTANCE_PREFIXES)
  let extraBits = 0
  walk(plane, width, {
    literal: (value) => pixels[value]++,
    run: (length, distance) => {
      const prefix = prefixOf(length)
      pixels[LITERALS + prefix.prefix]++
      extraBits += prefix.extraBits
      distances[distance]++
    },
  })
  return { pixels, distances, bits: codedBits(pixels) + codedBits(distances) + extraBits }
}

function codedBits(counts: Uint32Array): number {
  return fitCodeLengths(counts, MAX_CODE_BITS).reduce((sum, length, symbol) => sum + length * counts[symbol], 0)
}

/** Encodes a plane behind the byte `flags`. */
function encodePlane(plane: Uint8Array, width: number, flags: number, counts: Counts): Uint8Array {
  const out = bitWriter(1 + Math.ceil(counts.bits / 8) + MAX_CODES_BYTES)
  out.write(flags, 8)
  out.write(0, 3) // no transform, no colour cache, one set of codes
  const pixelCode = out.writeCode(counts.pixels) // for green, which holds the alpha, and for run lengths
  for (let channel = 0; channel < 3; channel++) out.writeCode(new Uint32Array(LITERALS))
  const distanceCode = out.writeCode(counts.distances)
  walk(plane, width, {
    literal: (value) => out.writeSymbol(pixelCode, value),
    run: (length, distance) => {
      const { prefix, extra, extraBits } = prefixOf(length)
      out.writeSymbol(pixelCode, LITERALS + prefix)
      out.write(extra, extraBits)
      out.writeSymbol(distanceCode, distance)
    },
  })
  return out.finish()
}

interface Visitor {
  literal(value: number): void
  run(length: number, distanceCode: number): void
}

function walk(plane: Uint8Array, width: number, visitor: Visitor): void {
  // Runs are copied from the pixels above, left, above left or above right. Their distance codes, 1 to 4, have no extra
  // bits.
  const distances = [width, 1, width + 1, width - 1]
  for (let at = 0; at < plane.length;) {
    let best = 0
    let length = 0
    for (let i = 0; i < distances.length; i++) {
      const run = runLength(plane, at, distances[i])
      if (run > length) [length, best] = [run, i]
    }
    if (length >= MIN_RUN) {
      visitor.run(length, best)
      at += length
    } else visitor.literal(plane[at++])
  }
}

function runLength(plane: Uint8Array, at: number, distance: number): number {
  if (distance < 1 || distance > at) return 0
  const end = Math.min(plane.length, at + MAX_RUN)
  let i = at
  while (i < end && plane[i] === plane[i - distance]) i++
  return i - at
}

/**
 * Splits `length - 1` into a prefix, which stands for the highest two bits and their position, and extra bits, which
 * are the others (5.2.2 of the specification).
 */
function prefixOf(length: number): { prefix: number; extra: number; extraBits: number } {
  const n = length - 1
  if (n < 4) return { prefix: n, extra: 0, extraBits: 0 }
  const extraBits = 30 - Math.clz32(n)
  return {
    prefix: 2 * (extraBits + 1) + ((n >> extraBits) & 1),
    extra: n & ((1 << extraBits) - 1),
    extraBits,
  }
}

interface Code {
  readonly lengths: Uint8Array
  /** The bits of each code are reversed, because bits are written lowest first. */
  readonly codes: Uint16Array
}

/** Creates a writer of bits, Huffman codes and symbols in the format of lossless WebP, of at most `maxBytes`. */
function bitWriter(maxBytes: number) {
  const bytes = new Uint8Array(maxBytes)
  let at = 0
  let held = 0
  let heldBits = 0

  /** Writes at most 16 bits, lowest bit first. */
  function write(value: number, count: number): void {
    held |= value << heldBits
    heldBits += count
    while (heldBits >= 8) {
      bytes[at++] = held & 255
      held >>>= 8
      heldBits -= 8
    }
  }

  /** Builds a Huffman code for these counts and writes its code lengths. */
  function writeCode(counts: Uint32Array): Code {
    const lengths = fitCodeLengths(counts, MAX_CODE_BITS)
    if (lengths.every((bits) => bits === 0)) {
      // If only one symbol occurs, a "simple" code states this symbol in 8 bits, and its occurrences take no bits. 8
      // bits suffice: each plane begins with a literal, so the only symbol is not a run, which would be above 255.
      const symbol = counts.findIndex((count) => count > 0)
      write(0b101, 3)
      write(Math.max(0, symbol), 8)
      return { lengths, codes: new Uint16Array(counts.length) }
    }
    // The code lengths are Huffman-coded, too. This second code has a code of 4 bits for each length from 0 to 15. Its
    // symbols 16 to 18, which stand for runs of equal lengths, are not used.
    write(0, 1) // not a "simple" code
    write(19 - 4, 4)
    for (const symbol of LENGTH_ORDER) write(symbol < 16 ? 4 : 0, 3)
    write(0, 1) // the lengths of the whole alphabet follow
    for (const bits of lengths) write(reversed(bits, 4), 4)
    return { lengths, codes: assignCodes(lengths).map((code, i) => reversed(code, lengths[i])) }
  }

  return {
    write,
    writeCode,
    writeSymbol({ codes, lengths }: Code, symbol: number): void {
      write(codes[symbol], lengths[symbol])
    },
    finish(): Uint8Array {
      write(0, 7)
      return bytes.subarray(0, at)
    },
  }
}

/**
 * The symbols of the second Huffman code, with which code lengths are written, in the order in which the lengths of
 * their own codes are stored.
 */
const LENGTH_ORDER = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]

function reversed(code: number, bits: number): number {
  let result = 0
  for (let i = 0; i < bits; i++) result |= ((code >> i) & 1) << (bits - 1 - i)
  return result
}
