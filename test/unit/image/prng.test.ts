import { expect, test } from 'vitest'
import { createRandom } from '../../../worker/image/prng.ts'

test.each([0, 1, -1, 123456789, 2 ** 32 - 1])('seed %i gives the same numbers as sfc32 by its definition', (seed) => {
  const random = createRandom(seed)
  const want = sfc32(seed)
  for (let i = 0; i < 100; i++) expect(random.next()).toBe(Number(want()) / 2 ** 32)
})

test('seed 1 gives the recorded numbers on every machine and in every version', () => {
  const random = createRandom(1)
  expect(Array.from({ length: 4 }, () => random.next() * 2 ** 32)).toEqual([
    473542192, 3964317691, 2295682031, 2113742504,
  ])
})

test('below() and normal() have the right range, mean and variance', () => {
  const random = createRandom(7)
  const counts = [0, 0, 0, 0, 0]
  let sum = 0
  let squares = 0
  for (let i = 0; i < 50_000; i++) {
    counts[random.below(5)]++
    const v = random.normal()
    expect(Number.isFinite(v)).toBe(true)
    sum += v
    squares += v * v
  }
  // The bounds are five standard deviations of each estimate.
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(450)
  expect(Math.abs(sum / 50_000)).toBeLessThan(0.0224)
  expect(Math.abs(squares / 50_000 - 1)).toBeLessThan(0.0316)
})

test('two seeds give different numbers', () => {
  const [a, b] = [createRandom(1), createRandom(2)]
  const equal = Array.from({ length: 100 }, () => a.next() === b.next()).filter(Boolean)
  expect(equal).toHaveLength(0)
})

/** Returns PractRand's sfc32 in BigInt, with this project's start values. The first 15 numbers are discarded. */
function sfc32(seed: number): () => bigint {
  const u32 = (v: bigint) => BigInt.asUintN(32, v)
  let [a, b, c, counter] = [0x9e3779b9n, 0x243f6a88n, 0xb7e15162n, u32(BigInt(seed))]
  const next = () => {
    const out = u32(a + b + counter)
    counter = u32(counter + 1n)
    a = b ^ (b >> 9n)
    b = u32(c + (c << 3n))
    c = u32(u32((c << 21n) | (c >> 11n)) + out)
    return out
  }
  for (let i = 0; i < 15; i++) next()
  return next
}
