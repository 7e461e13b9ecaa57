// The module of strips.ts: reads the Huffman symbols of a strip, to count them or to write them again by
// other codes. Scalar code on 64 bits, with a fast way for four bytes none of which is 0xff. A strip is
// decoded twice: its symbols would take four times as much memory as its bytes.
//
// Times are ms of CPU for all strips of 1536x1536 pixels in 420 kB, Node 24 (V8 13.6), one thread of an
// AMD EPYC (Zen 4): count 2.7, write 3.7; in TypeScript, decoded once, both took 30.
// Taken out again: look-up of 10 or 11 bits instead of 9 (1.0x); a second copy of the inner loop for DC,
// without its two conditions (1.04x for 870 bytes).
import { BLOCK_SAMPLES, BLOCKS, MAX_CODE_BITS, NEXT_TABLE, SHORT, TABLE } from './symbolsLayout.ts'

/** Of 32 bits, whether a byte is 0xff: in entropy-coded bytes a zero is stuffed behind it. */
const hasStuffing = (four: string) => `((~${four} - 0x01010101) & ${four} & 0x80808080)`

/** Most bytes that a block makes: 31 bits a symbol, behind each byte a stuffed one. */
const BLOCK_BYTES = BLOCK_SAMPLES * 2 * 4
/** Less than 32 bits are left of the blocks before. */
const LEFT_BYTES = 2 * 4
const PAGE_BITS = 16

/** The next symbol of `table`, and the value behind it, whose number of bits is symbol & 15: 31 bits at most. */
const READ = `
      if (heldBits < 32) {
        const four: u32 = at + 4 <= end ? bswap(load<u32>(at)) : 0xffffffff
        if (${hasStuffing('four')}) {
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
      let found: u64 = load<u16>(table + <usize>((held >> (heldBits - ${SHORT})) & ${2 ** SHORT - 1}) * 2, ${TABLE.short})
      if (found == 0) {
        const code = <i32>(held >> (heldBits - ${MAX_CODE_BITS})) & 0xffff
        let bits = ${SHORT + 1}
        while (bits < ${MAX_CODE_BITS} && code >= load<i32>(table + bits * 4, ${TABLE.limits})) bits++
        const place = (code >> (${MAX_CODE_BITS} - bits)) + load<i32>(table + bits * 4, ${TABLE.offsets})
        const symbol: u64 = load<u8>(table + (place & 0xff), ${TABLE.symbols})
        found = ((bits + (symbol & 15)) << 8) | symbol
      }
      heldBits -= found >> 8
      const symbol = <u32>found & 0xff`

const COUNT = `
      const counter = table + symbol * 4
      store<u32>(counter, load<u32>(counter, ${TABLE.frequencies}) + 1, ${TABLE.frequencies})`

const WRITE = `
      const code = table + symbol * 8
      const value = <u32>(held >> heldBits) & ((1 << (symbol & 15)) - 1)
      const bits: u64 = load<u32>(code, ${TABLE.codes} + 4)
      made = (made << bits) | (load<u32>(code, ${TABLE.codes}) | value)
      madeBits += bits
      if (madeBits >= 32) {
        madeBits -= 32
        const four = <u32>(made >> madeBits)
        if (${hasStuffing('four')}) {
          for (let shift = 24; shift >= 0; shift -= 8) to = writeByte(to, four >> shift)
        } else {
          store<u32>(to, bswap(four))
          to += 4
        }
      }`

/** Where that fails, what is written next traps. */
const MAKE_ROOM = `if (to + ${BLOCK_BYTES + LEFT_BYTES} > <usize>memory.size() << ${PAGE_BITS}) memory.grow(1)`

/** All symbols of a strip: `before` each block, and `use` of each symbol. */
const forSymbols = (before: string, use: string) => `
  let held: u64 = 0 // the lowest \`heldBits\` bits are to be read, the rest is history
  let heldBits: u64 = 0
  for (let unit: u32 = 0; unit < units; unit++) {
    for (let block: usize = ${BLOCKS}; block < blocksEnd; block += 4) {
      ${before}
      let table = load<u32>(block)
      const ac = table + ${NEXT_TABLE}
      for (let index: u32 = 0; index < ${BLOCK_SAMPLES}; index++) {
        ${READ}
        ${use}
        if (symbol == 0 && index > 0) break // end of block
        index += symbol >> 4
        table = ac
      }
    }
  }`

/** The module in AssemblyScript. */
export function symbolsSource(): string {
  return `// Written by worker/codec/jpeg/symbols.ts

// @ts-ignore: decorator
@inline function writeByte(to: usize, byte: u32): usize {
  store<u8>(to, byte)
  if ((byte & 0xff) != 0xff) return to + 1
  store<u8>(to + 1, 0)
  return to + 2
}

// Counts the symbols of the bytes from \`at\` to \`end\`.
export function count(at: usize, end: usize, units: u32, blocksEnd: usize): void {
  ${forSymbols('', COUNT)}
}

// Writes them from \`to\` on, and returns where that ends.
export function write(at: usize, end: usize, units: u32, blocksEnd: usize, to: usize): usize {
  let made: u64 = 0 // the lowest \`madeBits\` bits are to be written
  let madeBits: u64 = 0
  ${forSymbols(MAKE_ROOM, WRITE)}
  const padding = (8 - madeBits) & 7
  made = (made << padding) | ((1 << padding) - 1)
  for (madeBits += padding; madeBits > 0; madeBits -= 8) to = writeByte(to, <u32>(made >> (madeBits - 8)))
  return to
}
`
}
