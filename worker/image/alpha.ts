// Colour under transparency. A pixel that cannot be seen has an arbitrary colour (often black), and
// any filter that mixes it into its neighbours draws a fringe. So before filtering, invisible pixels
// take on the colours of the nearest visible ones ("alpha bleeding"); alpha itself is filtered apart.
import type { Rgba } from './plane.ts'

/** At or below this alpha, colour is taken to be invisible: it weighs under 3 % where it is shown. */
const INVISIBLE = 7

export function isOpaque(picture: Rgba): boolean {
  for (let p = 3; p < picture.data.length; p += 4) if (picture.data[p] !== 255) return false
  return true
}

/** The picture with colour spread outwards from what is visible; alpha unchanged, the input too. */
export function bleedColor(picture: Rgba): Rgba {
  const { width, height } = picture
  const rgba = Uint8ClampedArray.from(picture.data)
  const size = width * height
  // Breadth first from the visible pixels; ring[i] is the distance, 0 for visible, -1 for not yet reached.
  const ring = new Int32Array(size)
  const queue = new Int32Array(size)
  let head = 0
  let tail = 0
  for (let i = 0; i < size; i++) {
    if (rgba[4 * i + 3] > INVISIBLE) queue[tail++] = i
    else ring[i] = -1
  }
  if (tail === 0 || tail === size) return { width, height, data: rgba }
  while (head < tail) {
    const i = queue[head++]
    const distance = ring[i]
    const x = i % width
    const y = (i - x) / width
    let red = 0
    let green = 0
    let blue = 0
    let count = 0
    for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
      for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
        const n = ny * width + nx
        if (ring[n] === -1) {
          ring[n] = distance + 1
          queue[tail++] = n
        } else if (ring[n] < distance) {
          red += rgba[4 * n]
          green += rgba[4 * n + 1]
          blue += rgba[4 * n + 2]
          count++
        }
      }
    }
    if (distance > 0) {
      rgba[4 * i] = red / count
      rgba[4 * i + 1] = green / count
      rgba[4 * i + 2] = blue / count
    }
  }
  return { width, height, data: rgba }
}
