// Draws dead leaves: opaque shapes that overlap, with radii from a power law with exponent -3, so that the picture
// looks alike at every scale, as photographs do (Lee, Mumford and Huang, IJCV 2001). Achddou, Gousseau and Ladjal, SSVM
// 2021, train restoration networks on such pictures.
import type { Plane } from '../../worker/image/plane.ts'
import type { Random } from '../../worker/image/prng.ts'
import { type Canvas, drawBehind, type Shape } from './canvas.ts'
import { type Material, paintOf } from './material.ts'
import { sampleTile, TILE_SIDE } from './tile.ts'

export interface Leaves {
  readonly materials: readonly Material[]
  /** Smallest radius of a leaf, in pixels. */
  readonly smallest: number
  /** Maximum number of leaves. Fewer are drawn if the canvas is full earlier. */
  readonly count: number
  /** A tile of noise. The noise deforms outlines, and small leaves cluster where the noise is low. */
  readonly noise: Plane
}

/** Assumed bound of the noise, in standard deviations. Larger values are rare. */
const NOISE_BOUND = 3
/** Share of the canvas that may remain uncovered. */
const LEFT_OPEN = 0.002

export function drawLeaves(canvas: Canvas, { materials, smallest, count, noise }: Leaves, random: Random): void {
  const { side } = canvas
  let open = side * side
  for (let i = 0; i < count && open > LEFT_OPEN * side * side; i++) {
    const radius = Math.min(side / 3, smallest / Math.sqrt(1 - random.next()))
    const [x, y] = [side * random.next(), side * random.next()]
    const cluster = sampleTile(noise, (x * TILE_SIDE) / side, (y * TILE_SIDE) / side)
    if (radius < smallest * Math.exp(1.1 * cluster)) continue
    // Leaves near each other tend to have the same material.
    const nearby = Math.floor(materials.length * (0.5 + 0.2 * cluster + 0.25 * random.normal()))
    const material = materials[Math.min(materials.length - 1, Math.max(0, nearby))]
    const leaf = createLeaf(x, y, radius, noise, random)
    open -= drawBehind(canvas, leaf, paintOf(material, x, y, radius, random))
  }
}

/** Returns a random ellipse or polygon with a smooth or ragged outline. */
function createLeaf(x: number, y: number, radius: number, noise: Plane, random: Random): Shape {
  // Width of the edge in pixels. Most edges are sharp; some are out of focus or rounded.
  const softness = random.next() < 0.6 ? 1 : 1 + Math.min(0.3 * radius, 5 * random.next())
  const raggedness = random.next() < 0.35 ? radius * (0.05 + 0.2 * random.next()) : 0
  const grain = (0.2 + 0.5 * random.next()) * Math.min(1, 40 / radius)
  const { distances, across, down } = random.next() < 0.6 ? ellipse(radius, random) : polygon(radius, random)
  const margin = NOISE_BOUND * raggedness + softness
  const outside = new Float64Array(2 * Math.ceil(across + margin) + 3) // one row of the shape's box
  return {
    left: x - across - margin,
    top: y - down - margin,
    right: x + across + margin,
    bottom: y + down + margin,
    cover(py, first, last, shares) {
      distances(py - y, first - x, last - first + 1, outside)
      for (let px = first; px <= last; px++) {
        if (shares[px] === 0) continue
        let far = outside[px - first]
        if (far >= margin) shares[px] = 0
        if (far >= margin || far <= -margin) continue
        if (raggedness > 0) far += raggedness * sampleTile(noise, grain * px, grain * py)
        shares[px] *= Math.min(1, Math.max(0, 0.5 - far / softness))
      }
    },
  }
}

/** The outline of a shape that is centred on the origin. */
interface Outline {
  /**
   * Writes to outside[i], for i from 0 to `count` - 1, the approximate distance in pixels of the point (dx + i, dy)
   * from the shape. Inside the shape the distance is negative.
   */
  readonly distances: (dy: number, dx: number, count: number, outside: Float64Array) => void
  /** Half the width and half the height of a box that contains the shape. */
  readonly across: number
  readonly down: number
}

function ellipse(radius: number, random: Random): Outline {
  const angle = Math.PI * random.next()
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const flatness = 0.15 + 0.85 * random.next()
  return {
    distances(dy, dx, count, outside) {
      for (let i = 0; i < count; i++) {
        const along = flatness * (cos * (dx + i) + sin * dy)
        const across = cos * dy - sin * (dx + i)
        outside[i] = Math.sqrt(along * along + across * across) - flatness * radius
      }
    },
    across: radius * Math.hypot(cos, flatness * sin),
    down: radius * Math.hypot(sin, flatness * cos),
  }
}

/** Returns a disc that is cut off by three to five straight edges. */
function polygon(radius: number, random: Random): Outline {
  const sides = 3 + random.below(3)
  const angle = 2 * Math.PI * random.next()
  const edges = new Float64Array(3 * sides)
  for (let i = 0; i < sides; i++) {
    const normal = angle + (2 * Math.PI * (i + 0.6 * random.next())) / sides
    edges.set([Math.cos(normal), Math.sin(normal), radius * (0.15 + 0.55 * random.next())], 3 * i)
  }
  return {
    distances(dy, dx, count, outside) {
      for (let i = 0; i < count; i++) {
        const x = dx + i
        let far = Math.sqrt(x * x + dy * dy) - radius
        for (let e = 0; e < edges.length; e += 3) {
          far = Math.max(far, edges[e] * x + edges[e + 1] * dy - edges[e + 2])
        }
        outside[i] = far
      }
    },
    across: radius,
    down: radius,
  }
}
