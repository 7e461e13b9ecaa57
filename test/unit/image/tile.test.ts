import { describe, expect, test } from 'vitest'
import { tilesOf } from '../../../worker/image/tile.ts'

describe.each([
  [1, 1, 32, 6],
  [32, 32, 32, 6],
  [33, 32, 32, 6],
  [257, 19, 64, 8],
  [1000, 700, 256, 6],
  [50, 50, Infinity, 6],
])('for %i x %i pixels, tiles of up to %i pixels a side and a halo of %i pixels,', (width, height, maxSide, halo) => {
  const tiles = tilesOf(width, height, maxSide, halo)

  test('the cores cover every pixel exactly once', () => {
    const seen = new Uint8Array(width * height)
    for (const { core } of tiles) {
      for (let y = core.y; y < core.y + core.height; y++) {
        for (let x = core.x; x < core.x + core.width; x++) seen[y * width + x]++
      }
    }
    expect(seen.every((count) => count === 1)).toBe(true)
  })

  test('the input of a tile is its core plus the halo, without pixels outside the picture', () => {
    for (const { core, input } of tiles) {
      expect(Math.max(input.width, input.height)).toBeLessThanOrEqual(maxSide)
      expect(input.x).toBe(Math.max(0, core.x - halo))
      expect(input.y).toBe(Math.max(0, core.y - halo))
      expect(input.x + input.width).toBe(Math.min(width, core.x + core.width + halo))
      expect(input.y + input.height).toBe(Math.min(height, core.y + core.height + halo))
    }
  })
})

test('a tile size that leaves no pixel inside the halo is refused', () => {
  expect(() => tilesOf(100, 100, 16, 8)).toThrow('leave nothing inside a halo of 8')
})
