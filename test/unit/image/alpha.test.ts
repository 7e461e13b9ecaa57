import { expect, test } from 'vitest'
import { bleedColor, isOpaque } from '../../../worker/image/alpha.ts'
import type { Rgba } from '../../../worker/image/plane.ts'

/** Red, opaque in the middle; hidden green around it. */
function dot(): Rgba {
  const data = new Uint8Array(9 * 9 * 4)
  for (let i = 0; i < 81; i++) data.set([0, 255, 0, 0], 4 * i)
  data.set([200, 30, 20, 255], 4 * 40)
  return { width: 9, height: 9, data }
}

test('hidden colours are replaced by the nearest visible ones, alpha is kept', () => {
  const picture = dot()
  const before = picture.data.slice()
  const bled = bleedColor(picture)
  for (let i = 0; i < 81; i++) {
    expect(Array.from(bled.data.subarray(4 * i, 4 * i + 3))).toEqual([200, 30, 20])
    expect(bled.data[4 * i + 3]).toBe(picture.data[4 * i + 3])
  }
  expect(picture.data).toEqual(before)
})

test('between two visible colours lies a mixture', () => {
  const data = new Uint8Array(12)
  data.set([100, 0, 0, 255], 0)
  data.set([0, 0, 100, 255], 8)
  expect(Array.from(bleedColor({ width: 3, height: 1, data }).data.subarray(4, 8))).toEqual([
    50, 0, 50, 0,
  ])
})

test('a picture that is all visible, or not at all, is left alone', () => {
  for (const alpha of [0, 8, 255]) {
    const data = Uint8Array.from({ length: 64 }, (_, i) => (i % 4 === 3 ? alpha : i * 3))
    expect(Array.from(bleedColor({ width: 4, height: 4, data }).data)).toEqual(Array.from(data))
  }
})

test('opaque means that every pixel is', () => {
  const data = new Uint8Array(8).fill(255)
  expect(isOpaque({ width: 2, height: 1, data })).toBe(true)
  data[7] = 254
  expect(isOpaque({ width: 2, height: 1, data })).toBe(false)
})
