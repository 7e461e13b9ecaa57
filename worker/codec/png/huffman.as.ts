// Huffman codes of limited length, fitted to counts, as deflate wants them (RFC 1951, 3.2.2).
import { CODE_COUNTS_AT, LEAVES_AT, NODES_AT, PARENTS_AT } from './encoderLayout'

@inline const INFINITE: u32 = 0xffffffff

/**
 * Writes the bits of each symbol's code to `lengths`, as bytes. A symbol that does not occur gets 0, but at least two
 * symbols get a code, because some decoders refuse codes that are not complete. Lengths above `limit` are shortened as
 * in ITU-T T.81, K.2. The sum of the counts is less than 2^22.
 */
export function fitLengths(counts: usize, symbols: usize, limit: u32, lengths: usize): void {
  const leaves = sortedLeaves(counts, symbols)
  // Leaves by weight, and inner nodes in the order in which they are made, which is by weight, too.
  let leaf: u32 = 0
  let node: u32 = 0
  store<u32>(LEAVES_AT + (<usize>leaves << 2), INFINITE)
  for (let made: u32 = 0; made < leaves - 1; made++) {
    let weight: u32 = 0
    for (let child = 0; child < 2; child++) {
      const leafWeight = load<u32>(LEAVES_AT + (<usize>leaf << 2)) >> 9
      const nodeWeight = node < made ? load<u32>(NODES_AT + (<usize>node << 2)) : INFINITE
      const isLeaf = leaf < leaves && leafWeight <= nodeWeight
      weight += isLeaf ? leafWeight : nodeWeight
      store<u16>(PARENTS_AT + (<usize>(isLeaf ? leaf++ : leaves + node++) << 1), <u16>(leaves + made))
    }
    store<u32>(NODES_AT + (<usize>made << 2), weight)
  }
  // From the root, which is the last node, parents are replaced by depths.
  memory.fill(CODE_COUNTS_AT, 0, 64 << 2)
  let at = <usize>(2 * leaves - 2)
  store<u16>(PARENTS_AT + (at << 1), 0)
  while (at-- > 0) {
    const depth = load<u16>(PARENTS_AT + (<usize>load<u16>(PARENTS_AT + (at << 1)) << 1)) + 1
    store<u16>(PARENTS_AT + (at << 1), depth)
    if (at < <usize>leaves) add(depth, 1)
  }
  limitLengths(limit)

  memory.fill(lengths, 0, symbols)
  let bits: u32 = limit
  for (let i: usize = 0; i < <usize>leaves; i++) {
    while (countOf(bits) == 0) bits--
    add(bits, -1)
    store<u8>(lengths + <usize>(load<u32>(LEAVES_AT + (i << 2)) & 511), bits)
  }
}

/** Writes count << 9 | symbol of each symbol that occurs to LEAVES_AT, in ascending order, and returns their number. */
function sortedLeaves(counts: usize, symbols: usize): u32 {
  let leaves: u32 = 0
  for (let symbol: usize = 0; symbol < symbols; symbol++) {
    const count = load<u32>(counts + (symbol << 2))
    if (count > 0) store<u32>(LEAVES_AT + (<usize>(leaves++) << 2), (count << 9) | <u32>symbol)
  }
  for (let symbol: usize = 0; leaves < 2; symbol++) {
    if (load<u32>(counts + (symbol << 2)) == 0) store<u32>(LEAVES_AT + (<usize>(leaves++) << 2), (1 << 9) | <u32>symbol)
  }
  // Shell's sort, with Ciura's gaps.
  sortByGap(leaves, 132)
  sortByGap(leaves, 57)
  sortByGap(leaves, 23)
  sortByGap(leaves, 10)
  sortByGap(leaves, 4)
  sortByGap(leaves, 1)
  return leaves
}

function sortByGap(leaves: u32, gap: usize): void {
  for (let i: usize = gap; i < <usize>leaves; i++) {
    const moved = load<u32>(LEAVES_AT + (i << 2))
    let to = i
    while (to >= gap) {
      const other = load<u32>(LEAVES_AT + ((to - gap) << 2))
      if (other <= moved) break
      store<u32>(LEAVES_AT + (to << 2), other)
      to -= gap
    }
    store<u32>(LEAVES_AT + (to << 2), moved)
  }
}

/**
 * Shortens two codes that are too long and differ only in their last bit: one of the symbols gets their common prefix,
 * and a shorter code is split for the other one.
 */
function limitLengths(limit: u32): void {
  for (let bits: u32 = 40; bits > limit; bits--) {
    while (countOf(bits) > 0) {
      let shorter = bits - 2
      while (countOf(shorter) == 0) shorter--
      add(bits, -2)
      add(bits - 1, 1)
      add(shorter, -1)
      add(shorter + 1, 2)
    }
  }
}

@inline
function countOf(bits: u32): u32 {
  return load<u32>(CODE_COUNTS_AT + (<usize>bits << 2))
}

@inline
function add(bits: u32, change: i32): void {
  store<u32>(CODE_COUNTS_AT + (<usize>bits << 2), countOf(bits) + change)
}

/** Writes code << 5 | bits of each symbol to `codes`. The bits of a code are reversed. */
export function assignCodes(lengths: usize, symbols: usize, codes: usize): void {
  memory.fill(CODE_COUNTS_AT, 0, 64 << 2)
  for (let symbol: usize = 0; symbol < symbols; symbol++) add(load<u8>(lengths + symbol), 1)
  // Counts are replaced by the first code of each length.
  let code: u32 = 0
  let count: u32 = 0
  for (let bits: u32 = 1; bits < 16; bits++) {
    code = (code + count) << 1
    count = countOf(bits)
    store<u32>(CODE_COUNTS_AT + (<usize>bits << 2), code)
  }
  for (let symbol: usize = 0; symbol < symbols; symbol++) {
    const bits: u32 = load<u8>(lengths + symbol)
    let reversed: u32 = 0
    if (bits > 0) {
      reversed = reverse(countOf(bits)) >> (32 - bits)
      add(bits, 1)
    }
    store<u32>(codes + (symbol << 2), (reversed << 5) | bits)
  }
}

@inline
function reverse(value: u32): u32 {
  value = ((value >> 1) & 0x55555555) | ((value & 0x55555555) << 1)
  value = ((value >> 2) & 0x33333333) | ((value & 0x33333333) << 2)
  value = ((value >> 4) & 0x0f0f0f0f) | ((value & 0x0f0f0f0f) << 4)
  return bswap(value)
}
