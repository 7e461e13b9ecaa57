// The module of strips.ts: reads the Huffman symbols of a strip, to count them or to write them again by other codes.
// Scalar code on 64 bits, with a fast path for four bytes none of which is 0xff. A strip is decoded twice: its symbols
// would take four times as much memory as its bytes. symbolsLayout.ts says where tables and bytes are.
//
// `count` and `write` have the same loop and differ in what they do with a symbol. The loop is written twice: what it
// reads changes three variables at once, which no inlined function can.
//
// Times are ms of CPU for all strips of 1536x1536 pixels in 420 kB, Node 24 (V8 13.6), one thread of an AMD EPYC (Zen
// 4): count 2.7, write 3.7; TypeScript, which decoded once, took 30 for both. Tried without gain: a look-up of 10 or 11
// bits instead of 9 (1.0x); a second copy of the inner loop for DC, without its two conditions (1.04x for 870 bytes).
import { BLOCK_SAMPLES, BLOCKS_AT, MAX_CODE_BITS, NEXT_TABLE, SHORT, TABLE } from './symbolsLayout'

/** Upper bound of a block's bytes: 31 bits a symbol, and a stuffed byte behind each byte. */
@inline const BLOCK_BYTES: usize = BLOCK_SAMPLES * 2 * 4
/** Fewer than 32 bits are left of the blocks before. */
@inline const LEFT_BYTES: usize = 2 * 4
@inline const ROOM: usize = BLOCK_BYTES + LEFT_BYTES
/** A page of memory is 2^16 bytes. */
@inline const PAGE_BITS: usize = 16
@inline const SHORT_MASK: u64 = (1 << SHORT) - 1

/** Counts the symbols of the bytes from `at` to `end`. */
export function count(at: usize, end: usize, units: u32, blocksEnd: usize): void {
  let held: u64 = 0 // the lowest `heldBits` bits are to be read, those above were read before
  let heldBits: u64 = 0
  for (let unit: u32 = 0; unit < units; unit++) {
    for (let block: usize = BLOCKS_AT; block < blocksEnd; block += 4) {
      let table = load<u32>(block)
      const ac = table + NEXT_TABLE
      for (let index: u32 = 0; index < <u32>BLOCK_SAMPLES; index++) {
        if (heldBits < 32) {
          const four: u32 = at + 4 <= end ? bswap(load<u32>(at)) : 0xffffffff
          if (hasStuffing(four)) {
            for (; heldBits < 32; heldBits += 8) {
              const byte: u64 = at < end ? load<u8>(at++) : 0
              if (byte == 0xff) at++ // the zero stuffed behind it
              held = (held << 8) | byte
            }
          } else {
            held = (held << 32) | four
            heldBits += 32
            at += 4
          }
        }
        let found: u64 = load<u16>(table + shortCode(held, heldBits) * 2, TABLE.short)
        if (found == 0) found = lookUpLong(table, held, heldBits)
        heldBits -= found >> 8
        const symbol = <u32>found & 0xff
        const counter = table + symbol * 4
        store<u32>(counter, load<u32>(counter, TABLE.frequencies) + 1, TABLE.frequencies)
        if (symbol == 0 && index > 0) break // end of block
        index += symbol >> 4
        table = ac
      }
    }
  }
}

/** Writes them from `to` on, and returns the address behind the last byte. */
export function write(at: usize, end: usize, units: u32, blocksEnd: usize, to: usize): usize {
  let made: u64 = 0 // the lowest `madeBits` bits are to be written
  let madeBits: u64 = 0
  let held: u64 = 0
  let heldBits: u64 = 0
  for (let unit: u32 = 0; unit < units; unit++) {
    for (let block: usize = BLOCKS_AT; block < blocksEnd; block += 4) {
      // If memory cannot grow, the next store beyond its end traps.
      if (to + ROOM > <usize>memory.size() << PAGE_BITS) memory.grow(1)
      let table = load<u32>(block)
      const ac = table + NEXT_TABLE
      for (let index: u32 = 0; index < <u32>BLOCK_SAMPLES; index++) {
        if (heldBits < 32) {
          const four: u32 = at + 4 <= end ? bswap(load<u32>(at)) : 0xffffffff
          if (hasStuffing(four)) {
            for (; heldBits < 32; heldBits += 8) {
              const byte: u64 = at < end ? load<u8>(at++) : 0
              if (byte == 0xff) at++
              held = (held << 8) | byte
            }
          } else {
            held = (held << 32) | four
            heldBits += 32
            at += 4
          }
        }
        let found: u64 = load<u16>(table + shortCode(held, heldBits) * 2, TABLE.short)
        if (found == 0) found = lookUpLong(table, held, heldBits)
        heldBits -= found >> 8
        const symbol = <u32>found & 0xff
        const code = table + symbol * 8
        const value = <u32>(held >> heldBits) & ((1 << (symbol & 15)) - 1)
        const bits: u64 = load<u32>(code, TABLE.codes + 4)
        made = (made << bits) | (load<u32>(code, TABLE.codes) | value)
        madeBits += bits
        if (madeBits >= 32) {
          madeBits -= 32
          const four = <u32>(made >> madeBits)
          if (hasStuffing(four)) {
            for (let shift = 24; shift >= 0; shift -= 8) to = writeByte(to, four >> shift)
          } else {
            store<u32>(to, bswap(four))
            to += 4
          }
        }
        if (symbol == 0 && index > 0) break
        index += symbol >> 4
        table = ac
      }
    }
  }
  const padding = (8 - madeBits) & 7
  made = (made << padding) | ((1 << padding) - 1)
  for (madeBits += padding; madeBits > 0; madeBits -= 8) to = writeByte(to, <u32>(made >> (madeBits - 8)))
  return to
}

/** Returns the next SHORT bits, by which TABLE.short is read. */
@inline function shortCode(held: u64, heldBits: u64): u32 {
  return <u32>((held >> (heldBits - SHORT)) & SHORT_MASK)
}

/**
 * Returns the next symbol, whose code is longer than SHORT bits, as TABLE.short has it: bits of code and value << 8 |
 * symbol. The number of bits of the value is symbol & 15; both together have at most 31.
 */
@inline function lookUpLong(table: u32, held: u64, heldBits: u64): u64 {
  const code = <i32>(held >> (heldBits - MAX_CODE_BITS)) & 0xffff
  let bits: i32 = SHORT + 1
  while (bits < <i32>MAX_CODE_BITS && code >= load<i32>(table + bits * 4, TABLE.limits)) bits++
  const place = (code >> (<i32>MAX_CODE_BITS - bits)) + load<i32>(table + bits * 4, TABLE.offsets)
  const symbol: u64 = load<u8>(table + (place & 0xff), TABLE.symbols)
  return ((bits + (symbol & 15)) << 8) | symbol
}

/** Returns non-zero if one of four bytes is 0xff: in entropy-coded bytes a zero is stuffed behind it. */
@inline function hasStuffing(four: u32): u32 {
  return (~four - 0x01010101) & four & 0x80808080
}

@inline function writeByte(to: usize, byte: u32): usize {
  store<u8>(to, byte)
  if ((byte & 0xff) != 0xff) return to + 1
  store<u8>(to + 1, 0)
  return to + 2
}
