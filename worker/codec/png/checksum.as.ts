// Checksums: CRC-32 of a chunk of PNG, sixteen bytes at a time by sixteen tables, and Adler-32 of a zlib stream.
import { CRC_AT, CRC_TABLES } from './encoderLayout'

/** Bytes after which Adler's sums must be reduced, so that 32 bits hold them: zlib's NMAX, in whole vectors. */
@inline const ADLER_BYTES: usize = 5552
@inline const ADLER_MODULUS: u32 = 65521

export function initCrc(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >> 1) : crc >> 1
    store<u32>(CRC_AT + (<usize>byte << 2), crc)
  }
  for (let at = CRC_AT + 1024; at < CRC_AT + CRC_TABLES * 1024; at += 4) {
    const before = load<u32>(at - 1024)
    store<u32>(at, load<u32>(CRC_AT + (<usize>(before & 0xff) << 2)) ^ (before >> 8))
  }
}

/** Returns the CRC of `byte` and of `zeros` bytes of zero behind it. */
@inline
function entry(zeros: usize, byte: u32): u32 {
  return load<u32>(CRC_AT + (zeros << 10) + (<usize>(byte & 0xff) << 2))
}

@inline
function fourEntries(zeros: usize, word: u32): u32 {
  return entry(zeros + 3, word) ^ entry(zeros + 2, word >> 8) ^ entry(zeros + 1, word >> 16) ^ entry(zeros, word >> 24)
}

/** Continues the CRC `crc`, which begins as 0xffffffff and is inverted at the end. */
export function crcOf(from: usize, end: usize, crc: u32): u32 {
  for (; from + 16 <= end; from += 16) {
    crc =
      fourEntries(12, load<u32>(from) ^ crc) ^
      fourEntries(8, load<u32>(from, 4)) ^
      fourEntries(4, load<u32>(from, 8)) ^
      fourEntries(0, load<u32>(from, 12))
  }
  for (; from < end; from++) crc = entry(0, crc ^ load<u8>(from)) ^ (crc >> 8)
  return crc
}

/** Continues the checksum `adler`, which begins as 1. */
export function adlerOf(from: usize, end: usize, adler: u32): u32 {
  let sum = adler & 0xffff
  let sums = adler >> 16
  while (from < end) {
    const stop = min<usize>(end, from + ADLER_BYTES)
    const vectors = <u32>(stop - from) >> 4
    // `sums` grows by each value of `sum`: by the bytes before a vector, 16 times, and by its own bytes, weighted.
    let bytes = i32x4.splat(0)
    let before = i32x4.splat(0)
    let weighted = i32x4.splat(0)
    for (let i: u32 = 0; i < vectors; i++, from += 16) {
      const sixteen = v128.load(from)
      before = i32x4.add(before, bytes)
      bytes = i32x4.add(bytes, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(sixteen)))
      const low = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(sixteen), i16x8(16, 15, 14, 13, 12, 11, 10, 9))
      const high = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(sixteen), i16x8(8, 7, 6, 5, 4, 3, 2, 1))
      weighted = i32x4.add(weighted, i32x4.add(low, high))
    }
    sums += 16 * (vectors * sum + lanesOf(before)) + lanesOf(weighted)
    sum += lanesOf(bytes)
    for (; from < stop; from++) {
      sum += load<u8>(from)
      sums += sum
    }
    sum %= ADLER_MODULUS
    sums %= ADLER_MODULUS
  }
  return (sums << 16) | sum
}

/** Returns the sum of the four lanes. */
@inline
function lanesOf(vector: v128): u32 {
  const pairs = i32x4.add(vector, v128.shuffle<i32>(vector, vector, 2, 3, 2, 3))
  return i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1)
}
