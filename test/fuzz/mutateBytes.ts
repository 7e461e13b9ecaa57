// Changes to bytes that know nothing of their format, and small things that mutators of formats share.
import { concat } from '../../worker/base/concat.ts'
import type { Random } from '../../worker/image/prng.ts'

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.below(list.length)]
}

/** True once in `n` times. */
export function oneIn(random: Random, n: number): boolean {
  return random.below(n) === 0
}

export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256))
}

/** The text's characters, which are below 256, as bytes. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

export const u16le = (value: number) => Uint8Array.of(value, value >>> 8)
export const u16be = (value: number) => Uint8Array.of(value >>> 8, value)
export const u24le = (value: number) => Uint8Array.of(value, value >>> 8, value >>> 16)
export const u32le = (value: number) => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)
export const u32be = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)

/** Where fields overflow, turn negative, or are one off. */
const NUMBERS = [
  0, 1, 2, 3, 4, 7, 8, 12, 13, 16, 40, 64, 100, 127, 128, 255, 256, 1000, 0x3fff, 0x4000, 0x7fff, 0x8000, 0xfffe,
  0xffff, 0x10000, 0xffffff, 0x1000000, 0x7ffffff4, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffff4, 0xffffffff,
]

/** An integer that readers get wrong; some have to do with the length of a file. */
export function boundaryInteger(random: Random, length: number): number {
  const near = length + random.below(17) - 8
  return oneIn(random, 4) ? near >>> 0 : pick(random, NUMBERS)
}

/** A place, more often than not in the first bytes, where headers are. */
function placeIn(random: Random, bytes: Uint8Array): number {
  return random.below(oneIn(random, 2) ? Math.min(bytes.length, 64) : bytes.length)
}

type Mutator = (random: Random, bytes: Uint8Array, other: Uint8Array) => Uint8Array

/** Writes an integer of 1 to 4 bytes, in either order, wherever it happens to lie. */
const setInteger: Mutator = (random, bytes) => {
  const value = boundaryInteger(random, bytes.length)
  const width = pick(random, [1, 2, 3, 4])
  const isLittle = oneIn(random, 2)
  const at = placeIn(random, bytes)
  const copy = bytes.slice()
  for (let i = 0; i < width; i++) copy[at + i] = value >>> (8 * (isLittle ? i : width - 1 - i))
  return copy
}

const flipBits: Mutator = (random, bytes) => {
  const copy = bytes.slice()
  for (let flips = 1 + random.below(4); flips > 0; flips--) {
    copy[placeIn(random, copy)] ^= 1 << random.below(8)
  }
  return copy
}

const addToByte: Mutator = (random, bytes) => {
  const copy = bytes.slice()
  copy[placeIn(random, copy)] += random.below(33) - 16
  return copy
}

const setByte: Mutator = (random, bytes) => {
  const copy = bytes.slice()
  copy[placeIn(random, copy)] = pick(random, [0, 1, 0x7f, 0x80, 0xff, random.below(256)])
  return copy
}

const truncate: Mutator = (random, bytes) => bytes.slice(0, placeIn(random, bytes))

const cutOut: Mutator = (random, bytes) => {
  const at = placeIn(random, bytes)
  return concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16))])
}

const duplicate: Mutator = (random, bytes) => {
  const at = placeIn(random, bytes)
  const piece = bytes.subarray(at, at + 1 + random.below(64))
  const to = placeIn(random, bytes)
  return concat([bytes.subarray(0, to), piece, bytes.subarray(to)])
}

const insert: Mutator = (random, bytes) => {
  const at = placeIn(random, bytes)
  const piece = oneIn(random, 2)
    ? randomBytes(random, 1 + random.below(8))
    : new Uint8Array(1 + random.below(32)).fill(pick(random, [0, 0xff, 0x20]))
  return concat([bytes.subarray(0, at), piece, bytes.subarray(at)])
}

const fill: Mutator = (random, bytes) => {
  const at = placeIn(random, bytes)
  return bytes.slice().fill(pick(random, [0, 0xff, random.below(256)]), at, at + 1 + random.below(32))
}

const splice: Mutator = (random, bytes, other) =>
  other.length === 0
    ? bytes
    : concat([bytes.subarray(0, placeIn(random, bytes)), other.subarray(placeIn(random, other))])

const append: Mutator = (_, bytes, other) => concat([bytes, other])

// The most fruitful ones more than once.
const MUTATORS = [
  setInteger,
  setInteger,
  setInteger,
  flipBits,
  flipBits,
  addToByte,
  setByte,
  setByte,
  truncate,
  cutOut,
  duplicate,
  insert,
  fill,
  splice,
  append,
]

/** One change; `other` is what may be spliced in. */
export function mutateBytes(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  if (bytes.length === 0) return other.slice(0, random.below(other.length + 1))
  return pick(random, MUTATORS)(random, bytes, other)
}
