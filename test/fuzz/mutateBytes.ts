// Random changes to bytes, without any knowledge of their format.
import { concat } from '../../worker/base/concat.ts'
import type { Random } from '../../worker/image/prng.ts'
import { boundaryInteger, oneIn, pick, randomBytes } from './draw.ts'

/** Returns a random offset, half of the time within the first 64 bytes, where headers are. */
function placeIn(random: Random, bytes: Uint8Array): number {
  return random.below(oneIn(random, 2) ? Math.min(bytes.length, 64) : bytes.length)
}

type Mutator = (random: Random, bytes: Uint8Array, other: Uint8Array) => Uint8Array

/** Overwrites 1 to 4 bytes with an integer, in either byte order and at any alignment. */
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

// Mutators that find the most bugs are listed more than once, so that they are drawn more often.
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

/** Returns a copy with one random change. `other` contains bytes that may be inserted. */
export function mutateBytes(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  if (bytes.length === 0) return other.slice(0, random.below(other.length + 1))
  return pick(random, MUTATORS)(random, bytes, other)
}
