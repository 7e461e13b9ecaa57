import { expect, test } from 'vitest'
import { assignCodes, fitCodeLengths } from '../../../worker/codec/huffman.ts'

test('frequent symbols get short codes', () => {
  expect([...fitCodeLengths([8, 4, 2, 1, 1], 15)]).toEqual([1, 2, 3, 4, 4])
  expect([...fitCodeLengths([1, 1, 1, 1], 15)]).toEqual([2, 2, 2, 2])
})

test('a symbol that does not occur gets no code, and neither does the only symbol that occurs', () => {
  expect([...fitCodeLengths([0, 5, 0], 15)]).toEqual([0, 0, 0])
  expect([...fitCodeLengths([0, 5, 3], 15)]).toEqual([0, 1, 1])
})

// With Fibonacci numbers as frequencies, a Huffman tree is as deep as possible, so that every limit takes effect.
test.each([7, 8, 15, 16])('codes that are limited to %i bits fill the whole code space', (maxBits) => {
  const fibonacci = [1, 1]
  while (fibonacci.length < 40) fibonacci.push(fibonacci.at(-1)! + fibonacci.at(-2)!)
  const lengths = fitCodeLengths(fibonacci, maxBits)
  expect(Math.max(...lengths)).toBe(maxBits)
  expect(lengths.reduce((sum, bits) => sum + 2 ** -bits, 0)).toBe(1)
})

test('no code is a prefix of another', () => {
  const lengths = fitCodeLengths([9, 1, 5, 0, 3, 3, 1, 40], 15)
  const codes = [...assignCodes(lengths)]
    .map((code, symbol) => code.toString(2).padStart(lengths[symbol], '0'))
    .filter((_, symbol) => lengths[symbol] > 0)
  for (const code of codes) {
    expect(codes.filter((other) => other.startsWith(code))).toEqual([code])
  }
})
