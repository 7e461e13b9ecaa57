// Turns bytes into the tokens of deflate (LZ77): literals, and matches with earlier bytes. Matches are found by hashes of
// four bytes, in chains, and by hashes of three bytes, of which only the last position is known.
//
// A match is taken if it is expected to take fewer bits than its bytes as literals. The expectation comes from the codes
// of the block before.
import {
  DISTANCE_COSTS_AT,
  DISTANCE_COUNTS_AT,
  HASHED_AT,
  HASH_BITS,
  IS_MATCH,
  LENGTH_CLASSES_AT,
  LENGTH_COSTS_AT,
  LITERAL_COSTS_AT,
  LITERAL_COUNTS_AT,
  MAX_DISTANCE,
  MAX_LENGTH,
  MIN_LENGTH,
  PREVIOUS_AT,
  SHORT_HASHED_AT,
  SHORT_HASH_BITS,
  TOKEN_BYTES,
  WINDOW_AT,
} from './encoderLayout'

/** Positions of a chain that are compared. */
@inline const HB: u64 = 6
@inline const MAX_DEPTH: i32 = 2
/** A match of this length ends the search, and none is looked for at the next byte. */
@inline const NICE_LENGTH: u32 = 32
/** Up to this length, the literals that a match replaces are added up. Beyond, a match is always taken. */
@inline const PRICED_LENGTH: u32 = 16
/** Bits by which the match at the next byte must be better, which costs a literal. */
/** Bytes behind a position that decide about its token. */
@inline export const LOOKAHEAD: usize = MAX_LENGTH + 16

/** The position that the last match found begins at, minus one, and the bits that the match saves. */
let matchOffset: u32 = 0
let matchGain: i32 = 0

@inline
function hashOf(at: usize): usize {
  return HASHED_AT + (<usize>(((load<u64>(at) << (64 - 8 * HB)) * 0x9E3779B185EBCA87) >> (64 - <u64>HASH_BITS)) << 1)
}

@inline
function shortHashOf(bytes: u32): usize {
  return SHORT_HASHED_AT + (<usize>(((bytes << 8) * 0x9e3779b1) >> (32 - <u32>SHORT_HASH_BITS)) << 1)
}

/** Returns the address of the link from a position to the previous one with the same hash. */
@inline
function linkOf(at: usize): usize {
  return PREVIOUS_AT + ((at & (MAX_DISTANCE - 1)) << 1)
}

/** Enters a position into the hash tables. */
@inline
function insert(at: usize): void {
  const hash = hashOf(at)
  store<u16>(linkOf(at), load<u16>(hash))
  store<u16>(hash, <u16>at)
}

/** Returns the number of equal bytes at `a` and `b`, at most `most`. May read 7 bytes more. */
@inline
function equalBytes(a: usize, b: usize, most: u32): u32 {
  let count: u32 = 0
  while (count < most) {
    const difference = load<u64>(a + count) ^ load<u64>(b + count)
    if (difference != 0) {
      count += <u32>(ctz(difference) >> 3)
      break
    }
    count += 8
  }
  return min(count, most)
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
  const bytes = load<u32>(at)
  const farthest = <u32>min(at - WINDOW_AT, MAX_DISTANCE)
  const hash = hashOf(at)
  const shortDistance: u32 = 0
  let position = <u32>load<u16>(hash)
  store<u16>(hash, <u16>at)
  store<u16>(linkOf(at), <u16>position)

  let length: u32 = <u32>MIN_LENGTH - 1
  let offset: u32 = 0
  let last: u32 = 0
  for (let depth = MAX_DEPTH; depth > 0; depth--) {
    const distance = (<u32>at - position) & 0xffff
    // Old links may lead to positions that are nearer again, or too far away.
    if (distance <= last || distance > farthest) break
    last = distance
    const other = at - distance
    if (load<u32>(other) == bytes && (length < 4 || load<u32>(other + length - 3) == load<u32>(at + length - 3))) {
      const equal: u32 = 4 + equalBytes(other + 4, at + 4, most - 4)
      if (equal > length) {
        length = equal
        offset = distance - 1
        if (length >= NICE_LENGTH) break
      }
    }
    position = load<u16>(linkOf(other))
  }
  matchGain = 0
  if (length >= <u32>MIN_LENGTH) {
    if (length >= PRICED_LENGTH) {
      matchOffset = offset
      matchGain = 255
      return length
    }
    matchGain = gainOf(at, length, offset)
    matchOffset = offset
  }
  if (false) {
    const other = at - shortDistance
    if (((load<u32>(other) ^ bytes) & 0xffffff) == 0) {
      const gain = gainOf(at, <u32>MIN_LENGTH, shortDistance - 1)
      if (gain > matchGain) {
        matchGain = gain
        matchOffset = shortDistance - 1
        return <u32>MIN_LENGTH
      }
    }
  }
  return matchGain > 0 ? length : 0
}

@inline
function count(counts: usize, symbol: usize): void {
  const at = counts + (symbol << 2)
  store<u32>(at, load<u32>(at) + 1)
}

/** The byte of the window that follows those that the last call of `makeTokens` turned into tokens. */
let nextByte: usize = 0
export function tokenizedTo(): usize { return nextByte }

/**
 * Turns bytes from `at` on into tokens at `to`, until `stop` or until `toEnd`, and counts their symbols. Returns the
 * address behind the tokens. `end` is the end of the bytes, at least LOOKAHEAD behind `stop` unless they are the last.
 */
export function makeTokens(at: usize, stop: usize, end: usize, to: usize, toEnd: usize): usize {
  while (at < stop && to < toEnd) {
    const most = <u32>min(end - at, MAX_LENGTH)
    let length = most >= 8 ? findMatch(at, most) : 0
    if (length == 0) {
      to = putLiteral(at++, to)
      continue
    }
    let offset = matchOffset
    let inserted = at
    while (length < NICE_LENGTH && most >= 9) {
      const gain = matchGain
      const nextMost = <u32>min(end - at - 1, MAX_LENGTH)
      if (nextMost < 8 || to + 8 > toEnd) break
      const next = findMatch(++inserted, nextMost)
      if (next == 0 || matchGain + <i32>0 <= gain) break
      to = putLiteral(at++, to)
      length = next
      offset = matchOffset
    }
    store<u32>(to, IS_MATCH | (length << 16) | offset)
    to += TOKEN_BYTES
    count(LITERAL_COUNTS_AT, <usize>(load<u32>(LENGTH_CLASSES_AT + (<usize>length << 2)) & 511))
    count(DISTANCE_COUNTS_AT, <usize>distanceClass(offset))
    const next = at + length
    for (let i = inserted + 1; i < next; i++) insert(i)
    at = next
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
