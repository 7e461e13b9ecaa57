// Writes the blocks of a deflate stream (RFC 1951): tokens with codes fitted to them, or the bytes as they are.
import {
  CODE_LENGTHS,
  DISTANCES,
  DISTANCE_BITS_AT,
  DISTANCE_CODES_AT,
  DISTANCE_COSTS_AT,
  DISTANCE_COUNTS_AT,
  END_OF_BLOCK,
  HEAD_BITS_AT,
  HEAD_CODES_AT,
  HEAD_COUNTS_AT,
  HEAD_SYMBOLS_AT,
  IS_MATCH,
  LENGTH_CLASSES_AT,
  LENGTH_COSTS_AT,
  LITERALS,
  LITERAL_BITS_AT,
  LITERAL_CODES_AT,
  LITERAL_COSTS_AT,
  LITERAL_COUNTS_AT,
  MATCH_CODES_AT,
  MAX_LENGTH,
  MIN_LENGTH,
  TOKEN_BYTES,
} from './encoderLayout'
import { assignCodes, fitLengths } from './huffman.as'
import { distanceClass } from './tokens.as'

/** The largest code lengths of the tokens' codes, and of the code in a block's head. */
@inline const MAX_BITS: u32 = 15
@inline const MAX_HEAD_BITS: u32 = 7
/** Symbols of the code of code lengths: the last length 3 to 6 times, and zeros 3 to 10 and 11 to 138 times. */
@inline const REPEAT: u32 = 16
@inline const FEW_ZEROS: u32 = 17
@inline const MANY_ZEROS: u32 = 18
/** A stored block holds at most this many bytes. */
@inline const MAX_STORED_BYTES: usize = 0xffff
/** Expected bits of symbols that the last block did not have. */
@inline const RARE_BITS: u8 = 13

// The bits that are not written yet: the lowest `heldBits` bits of `held`, fewer than 8.
let held: u64 = 0
let heldBits: u64 = 0

/** Adds bits, lowest first, and writes whole bytes to `to`. Returns the address behind them. */
@inline
export function putBits(to: usize, bits: u32, count: u32): usize {
  held |= <u64>bits << heldBits
  heldBits += count
  store<u64>(to, held)
  to += <usize>(heldBits >> 3)
  held >>= heldBits & ~7
  heldBits &= 7
  return to
}

/** Fills the last byte with zeros and writes it. */
export function alignToByte(to: usize): usize {
  return putBits(to, 0, <u32>(-heldBits & 7))
}

/** Returns the number of additional bits of a class of distances. */
@inline
function distanceExtra(distance: u32): u32 {
  return distance < 4 ? 0 : (distance >> 1) - 1
}

/** Fills the table of the classes of lengths, and the expected bits before the first block. */
export function initLengths(): void {
  let length = <u32>MIN_LENGTH
  for (let symbol: u32 = <u32>END_OF_BLOCK + 1; symbol < <u32>LITERALS; symbol++) {
    const extra: u32 = symbol < 265 || symbol == 285 ? 0 : (symbol - 261) >> 2
    // 258 is the last value of class 284, but has a class of its own.
    if (symbol == 285) length = <u32>MAX_LENGTH
    for (let i: u32 = 0; i < 1 << extra; i++, length++) {
      store<u32>(LENGTH_CLASSES_AT + (<usize>length << 2), symbol | (extra << 9) | (i << 12))
    }
  }
  memory.fill(LITERAL_COSTS_AT, 8, 256)
  for (let i: usize = MIN_LENGTH; i <= MAX_LENGTH; i++) store<u8>(LENGTH_COSTS_AT + i, 8)
  for (let i: u32 = 0; i < <u32>DISTANCES; i++) store<u8>(DISTANCE_COSTS_AT + <usize>i, 5 + distanceExtra(i))
  clearCounts()
}

function clearCounts(): void {
  memory.fill(LITERAL_COUNTS_AT, 0, (LITERALS + DISTANCES) << 2)
  store<u32>(LITERAL_COUNTS_AT + (END_OF_BLOCK << 2), 1)
}

/**
 * Writes a block to `to` and returns the address behind its whole bytes. The block has the tokens from `from` to `end`,
 * which stand for the bytes from `bytes` to `bytesEnd`. `bytes` is 0 if they are no longer in memory.
 */
export function writeBlock(from: usize, end: usize, bytes: usize, bytesEnd: usize, isLast: bool, to: usize): usize {
  fitLengths(LITERAL_COUNTS_AT, LITERALS, MAX_BITS, LITERAL_BITS_AT)
  fitLengths(DISTANCE_COUNTS_AT, DISTANCES, MAX_BITS, DISTANCE_BITS_AT)
  const literals = usedSymbols(LITERAL_BITS_AT, LITERALS)
  const distances = usedSymbols(DISTANCE_BITS_AT, DISTANCES)
  const symbols = makeHead(literals, distances)
  fitLengths(HEAD_COUNTS_AT, CODE_LENGTHS, MAX_HEAD_BITS, HEAD_BITS_AT)

  const stored = <u64>(bytesEnd - bytes + 5 * (1 + (bytesEnd - bytes) / MAX_STORED_BYTES)) << 3
  if (bytes != 0 && stored <= bitsOfHead() + bitsOfTokens()) {
    to = writeStored(bytes, bytesEnd, isLast, to)
  } else {
    to = putBits(to, (2 << 1) | isLast, 3)
    to = writeHead(literals, distances, symbols, to)
    assignCodes(LITERAL_BITS_AT, LITERALS, LITERAL_CODES_AT)
    assignCodes(DISTANCE_BITS_AT, DISTANCES, DISTANCE_CODES_AT)
    for (let length: usize = MIN_LENGTH; length <= MAX_LENGTH; length++) {
      const sort = load<u32>(LENGTH_CLASSES_AT + (length << 2))
      const code = load<u32>(LITERAL_CODES_AT + (<usize>(sort & 511) << 2))
      const extra = (sort >> 9) & 7
      store<u32>(MATCH_CODES_AT + (length << 2), (((sort >> 12) << (code & 31)) << 5) | (code + extra))
    }
    to = writeTokens(from, end, to)
    const last = load<u32>(LITERAL_CODES_AT + (END_OF_BLOCK << 2))
    to = putBits(to, last >> 5, last & 31)
  }
  expectAsBefore()
  clearCounts()
  return to
}

/** Returns the number of symbols up to the last one that has a code. */
function usedSymbols(lengths: usize, symbols: usize): u32 {
  while (load<u8>(lengths + symbols - 1) == 0) symbols--
  return <u32>symbols
}

/** Returns about the bits of the block's head, with fitted codes. */
function bitsOfHead(): u64 {
  let bits: u64 = 14 + 3 * CODE_LENGTHS
  for (let i: usize = 0; i < CODE_LENGTHS; i++) {
    const extra = i < <usize>REPEAT ? 0 : i == <usize>REPEAT ? 2 : i == <usize>FEW_ZEROS ? 3 : 7
    bits += <u64>load<u32>(HEAD_COUNTS_AT + (i << 2)) * (load<u8>(HEAD_BITS_AT + i) + extra)
  }
  return bits
}

/** Returns the bits of the tokens, with fitted codes. */
function bitsOfTokens(): u64 {
  let bits: u64 = 0
  for (let i: usize = 0; i < LITERALS + DISTANCES; i++) {
    let each: u32 = load<u8>(LITERAL_BITS_AT + i)
    if (i >= LITERALS) each += distanceExtra(<u32>(i - LITERALS))
    else if (i >= 265 && i < 285) each += <u32>((i - 261) >> 2)
    bits += <u64>load<u32>(LITERAL_COUNTS_AT + (i << 2)) * each
  }
  return bits
}

/** Stores the sequence of symbols for the code lengths, counts them, and returns the address behind the sequence. */
function makeHead(literals: u32, distances: u32): usize {
  memory.fill(HEAD_COUNTS_AT, 0, CODE_LENGTHS << 2)
  const total = literals + distances
  let to = HEAD_SYMBOLS_AT
  for (let i: u32 = 0; i < total; ) {
    const bits = headLength(i, literals)
    let run: u32 = 1
    while (i + run < total && headLength(i + run, literals) == bits) run++
    i += run
    if (bits == 0) {
      for (; run >= 11; run -= min<u32>(run, 138)) to = putSymbol(to, MANY_ZEROS, min<u32>(run, 138) - 11)
      if (run >= 3) {
        to = putSymbol(to, FEW_ZEROS, run - 3)
        run = 0
      }
    } else {
      to = putSymbol(to, bits, 0)
      for (run--; run >= 3; run -= min<u32>(run, 6)) to = putSymbol(to, REPEAT, min<u32>(run, 6) - 3)
    }
    for (; run > 0; run--) to = putSymbol(to, bits, 0)
  }
  return to
}

@inline
function headLength(i: u32, literals: u32): u32 {
  return i < literals ? load<u8>(LITERAL_BITS_AT + <usize>i) : load<u8>(DISTANCE_BITS_AT + <usize>(i - literals))
}

function putSymbol(to: usize, symbol: u32, extra: u32): usize {
  const counter = HEAD_COUNTS_AT + (<usize>symbol << 2)
  store<u32>(counter, load<u32>(counter) + 1)
  store<u16>(to, <u16>(symbol | (extra << 8)))
  return to + 2
}

/** Writes the code lengths of a block. */
function writeHead(literals: u32, distances: u32, symbolsEnd: usize, to: usize): usize {
  assignCodes(HEAD_BITS_AT, CODE_LENGTHS, HEAD_CODES_AT)
  let lengths = <u32>CODE_LENGTHS
  while (lengths > 4 && load<u8>(HEAD_BITS_AT + headOrder(lengths - 1)) == 0) lengths--
  to = putBits(to, (literals - 257) | ((distances - 1) << 5) | ((lengths - 4) << 10), 14)
  for (let i: u32 = 0; i < lengths; i++) to = putBits(to, load<u8>(HEAD_BITS_AT + headOrder(i)), 3)
  for (let at = HEAD_SYMBOLS_AT; at < symbolsEnd; at += 2) {
    const symbol: u32 = load<u8>(at)
    const code = load<u32>(HEAD_CODES_AT + (<usize>symbol << 2))
    to = putBits(to, code >> 5, code & 31)
    if (symbol >= REPEAT) to = putBits(to, load<u8>(at, 1), symbol == REPEAT ? 2 : symbol == FEW_ZEROS ? 3 : 7)
  }
  return to
}

/** Returns the symbol at a place in the order in which a block's head has the lengths of code lengths. */
function headOrder(place: u32): usize {
  // 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
  if (place < 3) return <usize>(place + 16)
  if (place == 3) return 0
  const step = (place - 3) >> 1
  return <usize>(place & 1 ? 8 - step : 8 + step)
}

function writeTokens(from: usize, end: usize, to: usize): usize {
  let bits = held
  let count = heldBits
  for (; from < end; from += TOKEN_BYTES) {
    const token = load<u32>(from)
    if (token < <u32>IS_MATCH) {
      const code = load<u32>(LITERAL_CODES_AT + (<usize>token << 2))
      bits |= <u64>(code >> 5) << count
      count += code & 31
      if (count < 32) continue
    } else {
      store<u64>(to, bits)
      to += <usize>(count >> 3)
      bits >>= count & ~7
      count &= 7
      const match = load<u32>(MATCH_CODES_AT + (<usize>((token >> 16) & 511) << 2))
      bits |= <u64>(match >> 5) << count
      count += match & 31
      const offset = token & 0x7fff
      const distance = distanceClass(offset)
      const code = load<u32>(DISTANCE_CODES_AT + (<usize>distance << 2))
      bits |= <u64>(code >> 5) << count
      count += code & 31
      const extra = distanceExtra(distance)
      bits |= <u64>(offset & ((1 << extra) - 1)) << count
      count += extra
    }
    store<u64>(to, bits)
    to += <usize>(count >> 3)
    bits >>= count & ~7
    count &= 7
  }
  held = bits
  heldBits = count
  return putBits(to, 0, 0)
}

function writeStored(from: usize, end: usize, isLast: bool, to: usize): usize {
  do {
    const size = min(end - from, MAX_STORED_BYTES)
    to = alignToByte(putBits(to, isLast && from + size == end, 3))
    store<u32>(to, <u32>size | (<u32>(size ^ MAX_STORED_BYTES) << 16))
    memory.copy(to + 4, from, size)
    to += 4 + size
    from += size
  } while (from < end)
  return to
}

/** Sets the expected bits of the next tokens to those of the block's codes. */
function expectAsBefore(): void {
  for (let i: usize = 0; i < 256; i++) store<u8>(LITERAL_COSTS_AT + i, expected(load<u8>(LITERAL_BITS_AT + i)))
  for (let i: usize = MIN_LENGTH; i <= MAX_LENGTH; i++) {
    const sort = load<u32>(LENGTH_CLASSES_AT + (i << 2))
    store<u8>(LENGTH_COSTS_AT + i, expected(load<u8>(LITERAL_BITS_AT + <usize>(sort & 511))) + <u8>((sort >> 9) & 7))
  }
  for (let i: u32 = 0; i < <u32>DISTANCES; i++) {
    const bits = expected(load<u8>(DISTANCE_BITS_AT + <usize>i))
    store<u8>(DISTANCE_COSTS_AT + <usize>i, bits + <u8>distanceExtra(i))
  }
}

@inline
function expected(bits: u8): u8 {
  return bits == 0 ? RARE_BITS : bits
}
