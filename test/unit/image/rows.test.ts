import { describe, expect, test } from 'vitest'
import { collectRows, type Rows, rowsOf, windowsOf } from '../../../worker/image/rows.ts'
import { sampleRgba } from '../../support/engine/samples.ts'

const WIDTH = 3
const ROW = 4 * WIDTH

/** Returns the rows of a picture in bands of these numbers of rows. */
function inBands(height: number, counts: readonly number[]): Rows {
  const { data } = sampleRgba(
    WIDTH,
    counts.reduce((sum, count) => sum + count),
  )
  let at = 0
  const bands = counts.map((count) => data.subarray(at, (at += count * ROW)))
  return { width: WIDTH, height, bands }
}

test('rows are collected to the picture from which they come', async () => {
  const picture = sampleRgba(WIDTH, 7)
  expect((await collectRows(rowsOf(picture))).data).toEqual(new Uint8ClampedArray(picture.data))
  expect((await collectRows(inBands(7, [1, 0, 4, 2]))).data).toEqual(new Uint8ClampedArray(picture.data))
})

test.each([[[3, 3]], [[7, 1]]])('bands of %j rows are not a picture of seven', async (counts) => {
  await expect(collectRows(inBands(7, counts))).rejects.toThrow('expected 7 rows of 3 pixels')
})

describe.each([
  [20, 6, 3],
  [20, 7, 3],
  [20, 20, 4],
  [20, 100, 4],
  [5, 1, 9],
  [1, 4, 2],
  [13, 4, 0],
])('windows of a picture of %i rows, with at most %i rows of their own and a margin of %i,', (height, most, margin) => {
  test.each([[[height]], [Array.from({ length: height }, () => 1)], [[1, 0, height - 1]]])(
    'from bands of %j rows, cover each row once, with the rows around them',
    async (counts) => {
      const { data } = sampleRgba(WIDTH, height)
      let next = 0
      for await (const { picture, top, bottom } of windowsOf(inBands(height, counts), most, margin)) {
        const first = next - top
        expect(bottom - top).toBeLessThanOrEqual(most)
        expect(first).toBe(Math.max(0, next - margin))
        const end = Math.min(height, next + bottom - top + margin)
        expect(picture.height).toBeGreaterThanOrEqual(end - first)
        expect([...picture.data]).toEqual([...data.subarray(ROW * first, ROW * (first + picture.height))])
        next += bottom - top
      }
      expect(next).toBe(height)
    },
  )
})
