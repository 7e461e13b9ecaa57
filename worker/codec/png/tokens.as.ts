// Turns bytes into the tokens of deflate (LZ77): literals, and matches with earlier bytes. Three hash tables have the
// last position of each hash of 12, of six and of four bytes, so that a byte has at most three candidates. The idea is
// that of zstd's `dfast`. Filtered rows have so many short matches that chains of candidates with the same few bytes cost
// much time for few bytes, while the last place with the same 12 bytes is likely to begin a long match.
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
  MEDIUM_HASHED_AT,
  MEDIUM_HASH_BITS,
  SHORT_HASHED_AT,
  SHORT_HASH_BITS,
  TOKEN_BYTES,
  WINDOW_AT,
} from './encoderLayout'

/** The bytes that the hashes of the three tables read. */
@inline const LONG_LENGTH: u32 = 12
@inline const MEDIUM_LENGTH: u32 = 6
@inline const SHORT_LENGTH: u32 = 4
/** A match of this length is always taken, and no better one is looked for. Shorter matches have to save bits. */
@inline const NICE_LENGTH: u32 = 16
/** Bits that such a match is said to save: more than shorter ones can. */
@inline const NICE_GAIN: i32 = 255
/** The last bytes become literals, because hashes read so many bytes. */
@inline const HASHED_BYTES: usize = 12
/** Bytes behind a position that decide about its token: a match, one at the next byte, and what their hashes read. */
@inline export const LOOKAHEAD: usize = MAX_LENGTH + 1 + HASHED_BYTES

@inline const MULTIPLIER: u64 = 0x9e3779b185ebca87

/** The best match found: its length, its distance less one, and the bits that it saves. */
let matchLength: u32 = 0
let matchOffset: u32 = 0
let matchGain: i32 = 0

/** Returns the address of the last position of 12 bytes: the eight of `bytes`, and those behind. */
@inline
function longHashOf(at: usize, bytes: u64): usize {
  const hash = (bytes ^ (load<u64>(at, 4) * MULTIPLIER)) * MULTIPLIER
  return LONG_HASHED_AT + (<usize>(hash >> (64 - <u64>LONG_HASH_BITS)) << 1)
}

/** Returns the address of the last position of six bytes, the lowest ones of eight. */
@inline
function mediumHashOf(bytes: u64): usize {
  return MEDIUM_HASHED_AT + (<usize>(((bytes << 16) * MULTIPLIER) >> (64 - <u64>MEDIUM_HASH_BITS)) << 1)
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
  store<u16>(longHashOf(at, bytes), <u16>at)
  store<u16>(mediumHashOf(bytes), <u16>at)
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

/** Returns the bits that a match of less than NICE_LENGTH bytes is expected to save. */
@inline
function gainOf(at: usize, length: u32, offset: u32): i32 {
  let gain: i32 = -<i32>load<u8>(LENGTH_COSTS_AT + length) - <i32>load<u8>(DISTANCE_COSTS_AT + distanceClass(offset))
  for (const end = at + length; at < end; at++) gain += load<u8>(LITERAL_COSTS_AT + <usize>load<u8>(at))
  return gain
}

/** Makes a match of at most `most` bytes the best one, if it saves more bits and is not shorter. */
@inline
function tryMatch(at: usize, offset: u32, most: u32): void {
  const other = at - offset - 1
  // Compares first the bytes at which the match would be shorter.
  const tail = max(matchLength, SHORT_LENGTH) - SHORT_LENGTH
  if (load<u32>(other + tail) != load<u32>(at + tail)) return
  const length = equalBytes(other, at, most)
  if (length < SHORT_LENGTH) return
  const gain = length < NICE_LENGTH ? gainOf(at, length, offset) : NICE_GAIN
  if (gain <= matchGain) return
  matchLength = length
  matchOffset = offset
  matchGain = gain
}

/**
 * Enters the position `at` into the hash tables and looks for a match of at most `most` bytes that saves more bits than
 * the best one so far. Returns whether there is one. At the next byte after one with a match, four bytes are not looked
 * for, because so short a match is hardly ever better.
 */
@inline
function findMatch(at: usize, most: u32, isNext: bool): bool {
  const bytes = load<u64>(at)
  const longHash = longHashOf(at, bytes)
  const mediumHash = mediumHashOf(bytes)
  const shortHash = shortHashOf(bytes)
  // Positions are 16 bits. An older one than that seems nearer than it is, but then, too, bytes are compared.
  const farthest = <u32>min(at - WINDOW_AT, MAX_DISTANCE)
  const longOffset = (<u32>(at - load<u16>(longHash)) & 0xffff) - 1
  const mediumOffset = (<u32>(at - load<u16>(mediumHash)) & 0xffff) - 1
  const shortOffset = (<u32>(at - load<u16>(shortHash)) & 0xffff) - 1
  store<u16>(longHash, <u16>at)
  store<u16>(mediumHash, <u16>at)
  store<u16>(shortHash, <u16>at)

  const gain = matchGain
  if (longOffset < farthest) tryMatch(at, longOffset, most)
  if (matchLength < LONG_LENGTH && mediumOffset < farthest) tryMatch(at, mediumOffset, most)
  if (!isNext && matchLength < MEDIUM_LENGTH && shortOffset < farthest) tryMatch(at, shortOffset, most)
  return matchGain > gain
}

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
    matchLength = 0
    matchGain = 0
    if (at + HASHED_BYTES > end || !findMatch(at, <u32>min(end - at, MAX_LENGTH), false)) {
      to = putLiteral(at++, to)
      continue
    }
    let inserted = at + 1
    // If the match at the next byte saves more bits, this byte becomes a literal. Both tokens need space.
    while (matchLength < NICE_LENGTH && inserted + HASHED_BYTES <= end && to + TOKEN_BYTES < toEnd) {
      const isBetter = findMatch(inserted, <u32>min(end - inserted, MAX_LENGTH), true)
      inserted++
      if (!isBetter) break
      to = putLiteral(at++, to)
    }
    store<u32>(to, IS_MATCH | (matchLength << 16) | matchOffset)
    to += TOKEN_BYTES
    count(LITERAL_COUNTS_AT, <usize>(load<u32>(LENGTH_CLASSES_AT + (<usize>matchLength << 2)) & 511))
    count(DISTANCE_COUNTS_AT, <usize>distanceClass(matchOffset))
    at += matchLength
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
