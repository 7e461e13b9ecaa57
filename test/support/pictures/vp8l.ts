// Writes WebP files that are valid, but that no encoder writes: they have too many Huffman codes or chunks.
// https://developers.google.com/speed/webp/docs/webp_lossless_bitstream_specification (RFC 9649, section 3).

import { concat } from '../../../worker/base/concat.ts'
import { latin1, riffChunk, u24le, u32le } from '../../fuzz/encode.ts'

/** The only symbol of each code: green, red, blue, alpha, distance. */
const BLACK = [0, 0, 0, 255, 0]

/**
 * Returns a black picture of `side` x `side` pixels with `groups` groups of Huffman codes, at most one for each block of
 * 4x4 pixels. Each code has one symbol, so that a pixel takes no bits. With a colour cache, each group takes more memory.
 */
export function manyHuffmanGroups(side: number, groups: number, cacheBits = 0): Uint8Array {
  return riff([riffChunk('VP8L', codedPicture(side, groups, cacheBits))])
}

/** Returns a lossy WebP of `side` x `side` pixels whose alpha is coded with as many groups. `still` has no alpha. */
export function alphaOfManyHuffmanGroups(still: Uint8Array, side: number, groups: number): Uint8Array {
  const LOSSLESS = 1
  const alpha = concat([Uint8Array.of(LOSSLESS), codedPicture(side, groups, 0).subarray(HEADER_BYTES)])
  const ALPHA_FLAG = 0x10
  const head = concat([Uint8Array.of(ALPHA_FLAG, 0, 0, 0), sizeOf(side, side)])
  return riff([riffChunk('VP8X', head), riffChunk('ALPH', alpha), still.subarray(12)])
}

const HEADER_BYTES = 5

function codedPicture(side: number, groups: number, cacheBits: number): Uint8Array {
  const bits = bitWriter()
  bits.write(0x2f, 8) // signature
  bits.write(side - 1, 14)
  bits.write(side - 1, 14)
  bits.write(0, 1) // no alpha
  bits.write(0, 3) // version
  bits.write(0, 1) // no transform
  writeCacheBits(bits, cacheBits)
  bits.write(1, 1) // a picture states the group of each block
  bits.write(0, 3) // blocks of 4x4 pixels
  const blocks = Math.ceil(side / 4) ** 2
  if (groups > blocks) throw new Error(`expected at most ${blocks} groups, got ${groups}`)
  writeGroupPicture(bits, blocks, groups)
  for (let group = 0; group < groups; group++) for (const symbol of BLACK) writeSingleSymbol(bits, symbol)
  return bits.finish()
}

/** Returns a file whose only frame has `chunks` empty chunks, followed by the picture of a file without alpha. */
export function frameOfChunks(still: Uint8Array, width: number, height: number, chunks: number): Uint8Array {
  const empty = concat([latin1('junk'), u32le(0)])
  const flood = new Uint8Array(chunks * empty.length)
  for (let at = 0; at < flood.length; at += empty.length) flood.set(empty, at)
  const frame = concat([new Uint8Array(6), sizeOf(width, height), new Uint8Array(4), flood, still.subarray(12)])
  const ANIMATION_FLAG = 2
  const head = concat([Uint8Array.of(ANIMATION_FLAG, 0, 0, 0), sizeOf(width, height)])
  return riff([riffChunk('VP8X', head), riffChunk('ANIM', new Uint8Array(6)), riffChunk('ANMF', frame)])
}

type BitWriter = ReturnType<typeof bitWriter>

/** Writes a picture that gives block i the group min(i, groups - 1), whose low byte is green and whose high byte is red. */
function writeGroupPicture(bits: BitWriter, blocks: number, groups: number): void {
  writeCacheBits(bits, 0)
  for (let i = 0; i < 2; i++) writeBytes(bits, i === 0 ? 280 : 256)
  for (let i = 0; i < 3; i++) writeSingleSymbol(bits, 0)
  for (let block = 0; block < blocks; block++) {
    const group = Math.min(block, groups - 1)
    bits.write(reversed(group & 255), 8)
    bits.write(reversed(group >> 8), 8)
  }
}

/** Writes a Huffman code in which each byte has 8 bits, for an alphabet of `symbols`. */
function writeBytes(bits: BitWriter, symbols: number): void {
  bits.write(0, 1) // not a simple code
  // The code of the code lengths: length 8 has one bit, and so has length 0. These are the 12th and the 3rd in
  // the order 17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8.
  bits.write(12 - 4, 4)
  for (let i = 0; i < 12; i++) bits.write(i === 2 || i === 11 ? 1 : 0, 3)
  bits.write(0, 1) // all lengths follow
  for (let symbol = 0; symbol < symbols; symbol++) bits.write(symbol < 256 ? 1 : 0, 1)
}

/** Writes a Huffman code of one symbol, a byte, which takes no bits. */
function writeSingleSymbol(bits: BitWriter, symbol: number): void {
  bits.write(1, 1) // a simple code
  bits.write(0, 1) // of one symbol
  bits.write(symbol > 1 ? 1 : 0, 1) // which is stated in 8 bits, or in one
  bits.write(symbol, symbol > 1 ? 8 : 1)
}

function writeCacheBits(bits: BitWriter, cacheBits: number): void {
  bits.write(cacheBits > 0 ? 1 : 0, 1)
  if (cacheBits > 0) bits.write(cacheBits, 4)
}

function reversed(byte: number): number {
  let result = 0
  for (let i = 0; i < 8; i++) result |= ((byte >> i) & 1) << (7 - i)
  return result
}

/** Creates a writer of at most 16 bits at a time, lowest bit first. */
function bitWriter() {
  const bytes: number[] = []
  let held = 0
  let heldBits = 0
  const write = (value: number, count: number) => {
    held |= value << heldBits
    heldBits += count
    for (; heldBits >= 8; heldBits -= 8) {
      bytes.push(held & 255)
      held >>>= 8
    }
  }
  return {
    write,
    finish(): Uint8Array {
      write(0, 7)
      return Uint8Array.from(bytes)
    },
  }
}

function sizeOf(width: number, height: number): Uint8Array {
  return concat([u24le(width - 1), u24le(height - 1)])
}

function riff(chunks: readonly Uint8Array[]): Uint8Array {
  return riffChunk('RIFF', concat([latin1('WEBP'), ...chunks]))
}
