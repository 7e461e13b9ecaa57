// The materials of a scene: a few lumas and colours, each with a texture. Many leaves share a material, because a
// photograph shows grass, stone and sky rather than a thousand different surfaces.
import type { Plane } from '../../worker/image/plane.ts'
import type { Random } from '../../worker/image/prng.ts'
import type { Paint } from './canvas.ts'
import { barTile, grainTile, noiseTile, sampleTile, TILE_SIDE } from './tile.ts'

export interface Material {
  /** Mean luma, 0..1. */
  readonly luma: number
  /** `red` is red minus luma, `blue` is blue minus luma. */
  readonly red: number
  readonly blue: number
  readonly tile: Plane
  /** Standard deviation of the texture's luma. */
  readonly strength: number
  /**
   * Matrix [ux, uy, vx, vy] from a pixel offset (x, y) to a texture offset (u, v). It rotates, scales and stretches.
   */
  readonly turn: readonly [number, number, number, number]
}

/** Bounds of a paint's luma before shading, because photographs have few black or white pixels. */
const DARKEST = 0.06
const BRIGHTEST = 0.92

export function createMaterials(count: number, random: Random): readonly Material[] {
  const tiles = [
    noiseTile(0.6 + 0.2 * random.next(), random),
    noiseTile(0.8 + 0.2 * random.next(), random),
    grainTile(1.5 + 2 * random.next(), random),
    barTile(random),
  ]
  const mean = 0.3 + 0.35 * random.next()
  const spread = 0.12 + 0.16 * random.next()
  return Array.from({ length: count }, () => {
    const choice = random.next()
    const tile = tiles[choice < 0.4 ? 0 : choice < 0.72 ? 1 : choice < 0.92 ? 2 : 3]
    const angle = 2 * Math.PI * random.next()
    const scale = 0.5 + 0.8 * random.next()
    // A texture that is stretched along one direction resembles grass, fur or wood.
    const stretch = choice < 0.92 && random.next() < 0.45 ? 0.08 + 0.5 * random.next() : 1
    const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)]
    return {
      luma: mean + spread * random.normal(),
      red: 0.06 * random.normal(),
      blue: 0.06 * random.normal(),
      tile,
      strength: 0.014 + 0.14 * random.next() ** 2,
      turn: [cos, sin, -stretch * sin, stretch * cos],
    }
  })
}

/**
 * Returns how much contrast and colour a luma allows: 1 in the middle, 0 at black and white, as in a camera's tone
 * curve.
 */
export function roomAt(luma: number): number {
  return 4 * luma * (1 - luma)
}

/**
 * Returns a paint of this material for a shape at (cx, cy) with radius `size`, in pixels. Varies the material's luma at
 * random and adds shading from one side of the shape to the other.
 */
export function paintOf(
  { luma, red, blue, tile, strength, turn }: Material,
  cx: number,
  cy: number,
  size: number,
  random: Random,
): Paint {
  const base = Math.min(BRIGHTEST, Math.max(DARKEST, luma + 0.07 * random.normal()))
  const room = roomAt(base)
  const depth = room * strength
  const [slopeX, slopeY] = [random.normal(), random.normal()].map((v) => (0.07 * room * v) / size)
  const bend = (0.045 * room * random.normal()) / (size * size)
  const [u, v] = [TILE_SIDE * random.next(), TILE_SIDE * random.next()]
  const [ux, uy, vx, vy] = turn
  return {
    luma(y, left, right, shares, row) {
      const dy = y - cy
      for (let x = left; x <= right; x++) {
        if (shares[x] === 0) continue
        const dx = x - cx
        const texture = sampleTile(tile, u + ux * dx + uy * dy, v + vx * dx + vy * dy)
        const shade = slopeX * dx + slopeY * dy + bend * (dx * dx + dy * dy)
        row[x] = base + shade + depth * texture
      }
    },
    red: room * red,
    blue: room * blue,
  }
}
