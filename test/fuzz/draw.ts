// Random choices that all mutators and generators of the fuzzer share.
import type { Random } from '../../worker/image/prng.ts'

/** Returns a random element of the list. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.below(list.length)]
}

/** Returns true with a probability of 1 / n. */
export function oneIn(random: Random, n: number): boolean {
  return random.below(n) === 0
}

export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256))
}

/** Values near which a field overflows or turns negative, or a parser makes an off-by-one error. */
const BOUNDARIES = [
  0, 1, 2, 3, 4, 7, 8, 12, 13, 16, 40, 64, 100, 127, 128, 255, 256, 1000, 0x3fff, 0x4000, 0x7fff, 0x8000, 0xfffe,
  0xffff, 0x10000, 0xffffff, 0x1000000, 0x7ffffff4, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffff4, 0xffffffff,
]

/** Returns an integer that parsers often handle wrongly: a boundary, or a value near `length`, the size of the file. */
export function boundaryInteger(random: Random, length: number): number {
  const near = length + random.below(17) - 8
  return oneIn(random, 4) ? near >>> 0 : pick(random, BOUNDARIES)
}
