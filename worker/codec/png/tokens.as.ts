// Turns bytes into the tokens of deflate (LZ77): literals, and matches with earlier bytes. Two hash tables have the last
// position of each hash of six and of four bytes, so that a byte has at most two candidates. The idea is that of zstd's
// `dfast`. Filtered rows have so many short matches that longer chains of candidates cost much time for few bytes.
//
// A match is taken if it is expected to take fewer bits than its bytes as literals. The expectation comes from the codes
// of the block before.
import {
  DISTANCE_COSTS_AT,
  DISTANCE_COUNTS_AT,
  IS_MATCH,
  LENGTH_CLASSES_AT,
  LENGTH_COSTS_AT,
  LITERAL_COSTS_AT,
  LITERAL_COUNTS_AT,
  LONG_HASHED_AT,
  LONG_HASH_BITS,
  MAX_DISTANCE,
  MAX_LENGTH,
  SHORT_HASHED_AT,
  SHORT_HASH_BITS,
  TOKEN_BYTES,
  WINDOW_AT,
} from './encoderLayout'

/** After a match of this length, no better one is looked for at the next byte. */
@inline const NICE_LENGTH: u32 = 32
/** Up to this length, the literals that a match replaces are added up. A longer match is always taken. */
@inline const PRICED_LENGTH: u32 = 16
/** Candidates of four bytes are compared if that of six bytes has fewer equal bytes than this. */
@inline const SHORT_LENGTH: u32 = 6
/** The last bytes become literals, because hashes read eight bytes. */
@inline const HASHED_BYTES: usize = 8
/** Bytes behind a position that decide about its token: a match, one at the next byte, and what their hashes read. */
@inline export const LOOKAHEAD: usize = MAX_LENGTH + 1 + HASHED_BYTES

/** The distance of the last match found, less one, and the bits that it saves. */
let matchOffset: u32 = 0
let matchGain: i32 = 0

/** Returns the address of the last position of six bytes, the lowest ones of eight. */
@inline
function longHashOf(bytes: u64): usize {
  return LONG_HASHED_AT + (<usize>(((bytes << 16) * 0x9e3779b185ebca87) >> (64 - <u64>LONG_HASH_BITS)) << 1)
}

/** Returns the address of the last position of four bytes, the lowest ones of eight. */
@inline
function shortHashOf(bytes: u64): usize {
  return SHORT_HASHED_AT + (<usize>((<u32>bytes * 0x9e3779b1) >> (32 - <u32>SHORT_HASH_BITS)) << 1)
}

/** Enters a position into the hash tables. */
@inline
function insert(at: usize): void {
  const bytes = load<u64>(at)
  store<u16>(longHashOf(bytes), <u16>at)
  store<u16>(shortHashOf(bytes), <u16>at)
}

/** Returns the number of equal bytes at `a` and `b`, at most `most`. Reads up to 7 bytes more. */
@inline
function equalBytes(a: usize, b: usize, most: u32): u32 {
  let equal: u32 = 0
  while (equal < most) {
    const difference = load<u64>(a + equal) ^ load<u64>(b + equal)
    if (difference != 0) {
      equal += <u32>(ctz(difference) >> 3)
      break
    }
    equal += 8
  }
  return min(equal, most)
}

/** Returns the class of a distance, which is `offset` + 1. */
@inline
export function distanceClass(offset: u32): u32 {
  if (offset < 4) return offset
  const extra = 30 - clz(offset)
  return 2 * extra + 2 + ((offset >> extra) & 1)
}

/** Returns the bits that a match is expected to save. */
@inline
function gainOf(at: usize, length: u32, offset: u32): i32 {
  let gain: i32 = -<i32>load<u8>(LENGTH_COSTS_AT + length) - <i32>load<u8>(DISTANCE_COSTS_AT + distanceClass(offset))
  for (const end = at + min(length, PRICED_LENGTH); at < end; at++) {
    gain += load<u8>(LITERAL_COSTS_AT + <usize>load<u8>(at))
  }
  return gain
}

/**
 * Enters the position `at` into the hash tables and looks for a match of at most `most` bytes. Returns its length, or 0
 * if none saves bits. Sets `matchOffset` and `matchGain`.
 */
@inline
function findMatch(at: usize, most: u32): u32 {
  const bytes = load<u64>(at)
  const longHash = longHashOf(bytes)
  const shortHash = shortHashOf(bytes)
  // Positions are 16 bits. An older one than that seems nearer than it is, but then, too, bytes are compared.
  const farthest = <u32>min(at - WINDOW_AT, MAX_DISTANCE)
  const longOffset = (<u32>(at - load<u16>(longHash)) & 0xffff) - 1
  const shortOffset = (<u32>(at - load<u16>(shortHash)) & 0xffff) - 1
  store<u16>(longHash, <u16>at)
  store<u16>(shortHash, <u16>at)

  let length: u32 = 0
  matchGain = 0
  if (longOffset < farthest) {
    const other = at - longOffset - 1
    if (load<u32>(other) == <u32>bytes) {
      length = 4 + equalBytes(other + 4, at + 4, most - 4)
      matchOffset = longOffset
      matchGain = length < PRICED_LENGTH ? gainOf(at, length, longOffset) : ALWAYS
    }
  }
  if (length < SHORT_LENGTH && shortOffset < farthest) {
    const other = at - shortOffset - 1
    if (load<u32>(other) == <u32>bytes) {
      const equal: u32 = 4 + equalBytes(other + 4, at + 4, most - 4)
      const gain = gainOf(at, equal, shortOffset)
      if (gain > matchGain) {
        matchGain = gain
        matchOffset = shortOffset
        length = equal
      }
    }
  }
  return matchGain > 0 ? length : 0
}

/** Bits that a long match is said to save: more than PRICED_LENGTH literals can take. */
@inline const ALWAYS: i32 = 255

@inline
function count(counts: usize, symbol: usize): void {
  const at = counts + (symbol << 2)
  store<u32>(at, load<u32>(at) + 1)
}

/** The byte of the window that follows those that the last call of `makeTokens` turned into tokens. */
let nextByte: usize = 0
export function tokenizedTo(): usize {
  return nextByte
}

/**
 * Turns bytes from `at` on into tokens at `to`, until `stop` or until `toEnd`, and counts their symbols. Returns the
 * address behind the tokens. `end` is the end of the bytes, at least LOOKAHEAD behind `stop` unless they are the last.
 */
export function makeTokens(at: usize, stop: usize, end: usize, to: usize, toEnd: usize): usize {
  while (at < stop && to < toEnd) {
    let length = at + HASHED_BYTES <= end ? findMatch(at, <u32>min(end - at, MAX_LENGTH)) : 0
    if (length == 0) {
      to = putLiteral(at++, to)
      continue
    }
    let offset = matchOffset
    let inserted = at + 1
    // If the match at the next byte saves more bits, this byte becomes a literal. Both tokens need space.
    while (length < NICE_LENGTH && inserted + HASHED_BYTES <= end && to + TOKEN_BYTES < toEnd) {
      const gain = matchGain
      const next = findMatch(inserted, <u32>min(end - inserted, MAX_LENGTH))
      inserted++
      if (matchGain <= gain) break
      to = putLiteral(at++, to)
      length = next
      offset = matchOffset
    }
    store<u32>(to, IS_MATCH | (length << 16) | offset)
    to += TOKEN_BYTES
    count(LITERAL_COUNTS_AT, <usize>(load<u32>(LENGTH_CLASSES_AT + (<usize>length << 2)) & 511))
    count(DISTANCE_COUNTS_AT, <usize>distanceClass(offset))
    at += length
    for (; inserted < at; inserted++) insert(inserted)
  }
  nextByte = at
  return to
}

@inline
function putLiteral(at: usize, to: usize): usize {
  const byte = load<u8>(at)
  count(LITERAL_COUNTS_AT, <usize>byte)
  store<u32>(to, byte)
  return to + TOKEN_BYTES
}
