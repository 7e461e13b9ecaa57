// Draws lines of constant width: letters, curves, hatching.
import type { Random } from '../../worker/image/prng.ts'
import { type Canvas, drawBehind, type Paint } from './canvas.ts'
import { GLYPHS } from './glyphs.ts'
import { roomAt } from './material.ts'

type Point = readonly [number, number]

/** Draws `count` lines of text, each with its own size, weight, slant and colour. */
export function drawText(canvas: Canvas, count: number, random: Random): void {
  const { side } = canvas
  for (let line = 0; line < count; line++) {
    const height = 14 + 60 * random.next() ** 2
    const weight = height * (0.06 + 0.12 * random.next())
    const paint = randomPaint(random)
    const slant = random.next() < 0.3 ? 0.25 : 0
    const angle = random.next() < 0.7 ? 0 : 0.4 * random.normal()
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
    const width = height * (0.7 + 0.5 * random.next())
    const [left, top] = [0.4 * side * random.next(), side * random.next()]
    for (let at = 0; left + at < side; at += width * (random.next() < 0.15 ? 1.4 : 0.9)) {
      for (const stroke of GLYPHS[random.below(GLYPHS.length)]) {
        const points = stroke.map(([x, y]): Point => {
          const [across, down] = [at + width * (x + slant * (1 - y)), height * y]
          return [left + across * cos - down * sin, top + across * sin + down * cos]
        })
        drawPolyline(canvas, points, weight, paint)
      }
    }
  }
}

const BEZIER_PARTS = 16

/** Draws `count` cubic curves. A curve is drawn once, or repeated side by side as a bundle. */
export function drawCurves(canvas: Canvas, count: number, random: Random): void {
  for (let i = 0; i < count; i++) {
    const paint = randomPaint(random)
    const weight = 1.5 + 6 * random.next() ** 2
    const ends = Array.from({ length: 4 }, (): Point => [canvas.side * random.next(), canvas.side * random.next()])
    const repeats = random.next() < 0.5 ? 1 : 4 + random.below(10)
    const apart = weight * (1.5 + 4 * random.next())
    const curve = Array.from({ length: BEZIER_PARTS + 1 }, (_, k) => bezier(ends, k / BEZIER_PARTS))
    for (let r = 0; r < repeats; r++) {
      drawPolyline(
        canvas,
        curve.map(([x, y]): Point => [x + r * apart, y]),
        weight,
        paint,
      )
    }
  }
}

function bezier([a, b, c, d]: readonly Point[], t: number): Point {
  const s = 1 - t
  const at = (axis: 0 | 1) =>
    s * s * s * a[axis] + 3 * s * s * t * b[axis] + 3 * s * t * t * c[axis] + t * t * t * d[axis]
  return [at(0), at(1)]
}

function drawPolyline(canvas: Canvas, points: readonly Point[], weight: number, paint: Paint): void {
  const reach = weight / 2 + 1
  for (let i = 1; i < points.length; i++) {
    const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]]
    const [dx, dy] = [x1 - x0, y1 - y0]
    const squared = dx * dx + dy * dy || 1
    const segment = {
      left: Math.min(x0, x1) - reach,
      top: Math.min(y0, y1) - reach,
      right: Math.max(x0, x1) + reach,
      bottom: Math.max(y0, y1) + reach,
      cover(y: number, left: number, right: number, shares: Float32Array) {
        for (let x = left; x <= right; x++) {
          const t = Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / squared))
          const ox = x - x0 - t * dx
          const oy = y - y0 - t * dy
          shares[x] *= Math.min(1, Math.max(0, weight / 2 + 0.5 - Math.sqrt(ox * ox + oy * oy)))
        }
      },
    }
    drawBehind(canvas, segment, paint)
  }
}

/** Returns a paint of one random colour. */
function randomPaint(random: Random): Paint {
  const luma = 0.03 + 0.94 * random.next()
  const strength = 0.1 * roomAt(luma)
  return {
    luma: (_, left, right, __, row) => row.fill(luma, left, right + 1),
    red: strength * random.normal(),
    blue: strength * random.normal(),
  }
}
