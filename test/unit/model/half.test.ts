import { expect, test } from 'vitest'
import { decodeHalf, encodeHalf, isHalf, roundToHalf } from '../../../worker/model/half.ts'

const ALL = Array.from({ length: 2 ** 16 }, (_, bits) => bits)
const isNaNs = (bits: number) => Number.isNaN(decodeHalf(bits))

test('all 65,536 half-precision numbers keep their bits when decoded and encoded', () => {
  const numbers = ALL.filter((bits) => !isNaNs(bits))
  expect(numbers).toHaveLength(2 ** 16 - 2 * (2 ** 10 - 1))
  expect(numbers.filter((bits) => encodeHalf(decodeHalf(bits)) !== bits)).toEqual([])
  expect(numbers.filter((bits) => !isHalf(decodeHalf(bits)))).toEqual([])
  expect(decodeHalf(encodeHalf(NaN))).toBeNaN()
})

test('half-precision numbers decode to the values that IEEE 754 defines', () => {
  const values = [0x0001, 0x03ff, 0x0400, 0x3555, 0x3c00, 0xc000, 0x7bff, 0x7c00, 0x8000].map(decodeHalf)
  expect(values).toEqual([2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1365 / 4096, 1, -2, 65_504, Infinity, -0])
})

test('a number is rounded to the nearest half-precision number, ties to even', () => {
  for (let bits = 0; bits < 0x7bff; bits += 7) {
    const [low, high] = [decodeHalf(bits), decodeHalf(bits + 1)]
    const middle = (low + high) / 2
    expect(roundToHalf(middle)).toBe(bits % 2 === 0 ? low : high)
    expect(roundToHalf(middle - (high - low) / 8)).toBe(low)
    expect(roundToHalf(-middle - (high - low) / 8)).toBe(-high)
  }
  expect(roundToHalf(65_519)).toBe(65_504)
  expect(roundToHalf(65_536)).toBe(Infinity)
  expect(roundToHalf(1e-9)).toBe(0)
  expect(roundToHalf(NaN)).toBeNaN()
  expect(isHalf(0.1)).toBe(false)
})
