// The WebAssembly module of strips.ts. It reads the Huffman symbols of a strip, to count them or to write them again
// with other codes. The code is scalar: a variable holds up to 64 bits, and four bytes without 0xff take a fast path. A
// strip is decoded twice, to count and to write, because a list of its symbols would take four times as much memory as
// its bytes. symbolsLayout.ts defines where tables and bytes are in memory.
//
// `count` and `write` have the same loop and differ in what they do with a symbol. The loop is written twice, because
// reading a symbol changes three local variables, which an inlined function cannot do.
//
// CPU time for all strips of 1536x1536 pixels in 420 kB, with Node 24 (V8 13.6) on one thread of an AMD EPYC (Zen 4):
// count 2.7 ms, write 3.7 ms. TypeScript code that decoded only once took 30 ms for both. Tried and not adopted: a
// look-up of 10 or 11 bits instead of 9 (1.0 times as fast); a copy of the inner loop for DC, which saves two
// conditions (1.04 times as fast for 870 bytes more).
import { BLOCK_SAMPLES, BLOCKS_AT, MAX_CODE_BITS, NEXT_TABLE, SHORT, TABLE } from './symbolsLayout'

/** Upper bound on the bytes of a block: 4 for each symbol (31 bits), and a stuffed byte behind each of these bytes. */
@inline const BLOCK_BYTES: usize = BLOCK_SAMPLES * 2 * 4
/**
 * Upper bound on the bytes left over from the previous blocks: fewer than 32 bits, and a stuffed byte behind each byte.
 */
@inline const LEFT_BYTES: usize = 2 * 4
@inline const ROOM: usize = BLOCK_BYTES + LEFT_BYTES
/** A page of memory is 2^16 bytes. */
@inline const PAGE_BITS: usize = 16
@inline const SHORT_MASK: u64 = (1 << SHORT) - 1

/** Counts the symbols in the coded bytes from `at` to `end`. */
export function count(at: usize, end: usize, units: u32, blocksEnd: usize): void {
  let held: u64 = 0 // the lowest `heldBits` bits are still to be read
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

/**
 * Reads the symbols like `count`, and writes them from `to` on with the codes in TABLE.codes. Returns the address
 * behind the last byte written.
 */
export function write(at: usize, end: usize, units: u32, blocksEnd: usize, to: usize): usize {
  let made: u64 = 0 // the lowest `madeBits` bits are still to be written
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

/** Returns the next SHORT bits, which are an index into TABLE.short. */
@inline function shortCode(held: u64, heldBits: u64): u32 {
  return <u32>((held >> (heldBits - SHORT)) & SHORT_MASK)
}

/**
 * Looks up the next symbol, whose code is longer than SHORT bits. Returns an entry as in TABLE.short: (bits of code +
 * bits of value) << 8 | symbol. The value has symbol & 15 bits; code and value together have at most 31.
 */
@inline function lookUpLong(table: u32, held: u64, heldBits: u64): u64 {
  const code = <i32>(held >> (heldBits - MAX_CODE_BITS)) & 0xffff
  let bits: i32 = SHORT + 1
  while (bits < <i32>MAX_CODE_BITS && code >= load<i32>(table + bits * 4, TABLE.limits)) bits++
  const place = (code >> (<i32>MAX_CODE_BITS - bits)) + load<i32>(table + bits * 4, TABLE.offsets)
  const symbol: u64 = load<u8>(table + (place & 0xff), TABLE.symbols)
  return ((bits + (symbol & 15)) << 8) | symbol
}

/** Returns non-zero if one of the four bytes is 0xff. Behind each 0xff, entropy-coded data has a stuffed zero. */
@inline function hasStuffing(four: u32): u32 {
  return (~four - 0x01010101) & four & 0x80808080
}

@inline function writeByte(to: usize, byte: u32): usize {
  store<u8>(to, byte)
  if ((byte & 0xff) != 0xff) return to + 1
  store<u8>(to + 1, 0)
  return to + 2
}
