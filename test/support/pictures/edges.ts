// Synthetic pictures with what super-resolution must restore: edges at all angles, and bars of several widths.
import type { Rgba } from '../../../worker/image/plane.ts'
import { createRandom } from '../../../worker/image/prng.ts'

/** Draws overlapping discs and bars in random colours over a gradient, antialiased. The same seed gives the same picture. */
export function drawPicture(width: number, height: number, seed: number): Rgba {
  const random = createRandom(seed)
  const data = new Uint8ClampedArray(4 * width * height).fill(255)
  const shapes = Array.from({ length: 24 }, () => ({
    x: random.next() * width,
    y: random.next() * height,
    radius: 4 + random.next() * 20,
    angle: random.next() * Math.PI,
    isDisc: random.next() < 0.6,
    color: [0, 1, 2].map(() => 255 * random.next()),
  }))
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p += 4) {
      let color = [(200 * x) / width, (200 * y) / height, 100]
      for (const shape of shapes) {
        const [dx, dy] = [x - shape.x, y - shape.y]
        const across = Math.abs(dx * Math.cos(shape.angle) + dy * Math.sin(shape.angle))
        const distance = shape.isDisc ? Math.hypot(dx, dy) - shape.radius : across - shape.radius / 4
        const cover = Math.min(1, Math.max(0, 0.5 - distance))
        color = color.map((v, c) => v + cover * (shape.color[c] - v))
      }
      data.set(color, p)
    }
  }
  return { width, height, data }
}
