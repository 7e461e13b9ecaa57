// Draws textures: small planes that repeat endlessly. They are drawn once per scene, and many leaves use them.
import { createPlane, type Plane } from '../../worker/image/plane.ts'
import type { Random } from '../../worker/image/prng.ts'

/** Side of a tile in samples. It is a power of two, so that a bit mask wraps positions. */
export const TILE_SIDE = 256
const MASK = TILE_SIDE - 1

/** Returns the tile's value at (u, v), interpolated bilinearly. Positions beyond the tile wrap around. */
export function sampleTile({ data }: Plane, u: number, v: number): number {
  const left = Math.floor(u)
  const top = Math.floor(v)
  const dx = u - left
  const x0 = left & MASK
  const x1 = (left + 1) & MASK
  const y0 = (top & MASK) * TILE_SIDE
  const y1 = ((top + 1) & MASK) * TILE_SIDE
  const upper = data[y0 + x0] + dx * (data[y0 + x1] - data[y0 + x0])
  const lower = data[y1 + x0] + dx * (data[y1 + x1] - data[y1 + x0])
  return upper + (v - top) * (lower - upper)
}

/**
 * Returns noise whose power spectrum falls with a power of the frequency, as in photographs (about 1 / f^2; Field, JOSA
 * A 1987). It starts with 4x4 random cells, then repeatedly enlarges them twofold and adds finer cells with
 * `persistence` times the previous weight. A persistence of 1 results in 1 / f^2, a lower persistence in smoother
 * noise.
 */
export function noiseTile(persistence: number, random: Random): Plane {
  let cells = new Float32Array(16)
  for (let side = 4, strength = 1; ; side *= 2, strength *= persistence) {
    for (let i = 0; i < cells.length; i++) cells[i] += strength * (random.next() - 0.5)
    if (side === TILE_SIDE) break
    cells = enlargeTwofold(cells, side)
  }
  return normalise(cells)
}

/**
 * Enlarges bilinearly; the cells wrap around at the edges. New samples are a quarter of a cell away from the old ones.
 */
function enlargeTwofold(cells: Float32Array, side: number): Float32Array<ArrayBuffer> {
  const large = new Float32Array(4 * side * side)
  for (let y = 0; y < 2 * side; y++) {
    const near = (y >> 1) * side
    const far = (((y >> 1) + (y % 2 === 0 ? side - 1 : 1)) % side) * side
    for (let x = 0; x < side; x++) {
      const [left, right] = [(x + side - 1) % side, (x + 1) % side]
      const here = 0.75 * cells[near + x] + 0.25 * cells[far + x]
      large[2 * y * side + 2 * x] = 0.75 * here + 0.25 * (0.75 * cells[near + left] + 0.25 * cells[far + left])
      large[2 * y * side + 2 * x + 1] = 0.75 * here + 0.25 * (0.75 * cells[near + right] + 0.25 * cells[far + right])
    }
  }
  return large
}

/** Returns small overlapping discs, like gravel, foliage or crowds. Their radii follow the power law of the leaves. */
export function grainTile(smallest: number, random: Random): Plane {
  const tile = createPlane(TILE_SIDE, TILE_SIDE)
  for (let covered = 0; covered < 3 * TILE_SIDE * TILE_SIDE;) {
    const radius = Math.min(TILE_SIDE / 8, smallest / Math.sqrt(1 - random.next()))
    const [cx, cy] = [random.below(TILE_SIDE), random.below(TILE_SIDE)]
    const value = random.next()
    const rows = Math.floor(radius)
    for (let dy = -rows; dy <= rows; dy++) {
      const half = Math.floor(Math.sqrt(radius * radius - dy * dy))
      const row = ((cy + dy) & MASK) * TILE_SIDE
      for (let dx = -half; dx <= half; dx++) tile.data[row + ((cx + dx) & MASK)] = value
      covered += 2 * half + 1
    }
  }
  return normalise(tile.data)
}

/** Returns bars or a grid of rectangles, like fabric, bricks or windows. */
export function barTile(random: Random): Plane {
  const tile = createPlane(TILE_SIDE, TILE_SIDE)
  const [across, down] = [8 << random.below(3), 8 << random.below(3)]
  const [filledAcross, filledDown] = [0.2 + 0.6 * random.next(), 0.4 + 0.5 * random.next()]
  const isGrid = random.next() < 0.5
  const shift = random.next() < 0.5 ? across / 2 : 0 // shift of every other row, as in a brick wall
  for (let i = 0; i < tile.data.length; i++) {
    const [x, y] = [i % TILE_SIDE, Math.floor(i / TILE_SIDE)]
    const moved = isGrid && Math.floor(y / down) % 2 === 1 ? x + shift : x
    const isBar = moved % across < filledAcross * across
    tile.data[i] = isBar && (!isGrid || y % down < filledDown * down) ? 1 : 0
  }
  return normalise(tile.data)
}

/** Scales a tile in place to mean 0 and standard deviation 1. */
function normalise(data: Float32Array): Plane {
  let [sum, squares] = [0, 0]
  for (const value of data) {
    sum += value
    squares += value * value
  }
  const mean = sum / data.length
  const deviation = Math.sqrt(squares / data.length - mean * mean)
  for (let i = 0; i < data.length; i++) data[i] = (data[i] - mean) / deviation
  return { width: TILE_SIDE, height: TILE_SIDE, data }
}
