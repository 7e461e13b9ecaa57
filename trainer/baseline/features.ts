// Features of the baseline: first and second differences of the bicubic picture, horizontal and vertical, in a window
// of 3x3 pixels of the small picture (Zeyde, Elad and Protter, Curves and Surfaces 2010). Differences are taken over a
// distance of one small pixel, so they measure the small picture and not the interpolation.
import type { Plane } from '../../worker/image/plane.ts'

/** Side of a window in pixels of the small picture. */
const WINDOW = 3
/** Number of difference maps: first and second order, horizontal and vertical. */
const MAPS = 4

/** Returns the side of a window in pixels of the large picture. */
export function windowSide(scale: number): number {
  return WINDOW * scale
}

/** Returns the number of values in one window, before they are projected on principal components. */
export function windowLength(scale: number): number {
  return MAPS * windowSide(scale) ** 2
}

/**
 * Returns the number of windows along a side of the large picture that is `size` pixels long. Neighbouring windows are
 * one pixel of the small picture apart.
 */
export function windowCount(size: number, scale: number): number {
  return Math.max(0, size / scale - WINDOW + 1)
}

/** Returns four planes of the bicubic picture's size and units: dx, dy, dxx, dyy. Edge pixels are repeated. */
export function differencesOf({ width, height, data }: Plane, scale: number): Float32Array[] {
  const maps = Array.from({ length: MAPS }, () => new Float32Array(data.length))
  const [dx, dy, dxx, dyy] = maps
  for (let y = 0, i = 0; y < height; y++) {
    const above = Math.max(0, y - scale) * width
    const below = Math.min(height - 1, y + scale) * width
    for (let x = 0; x < width; x++, i++) {
      const left = data[y * width + Math.max(0, x - scale)]
      const right = data[y * width + Math.min(width - 1, x + scale)]
      const up = data[above + x]
      const down = data[below + x]
      dx[i] = (right - left) / 2
      dy[i] = (down - up) / 2
      dxx[i] = (right + left) / 2 - data[i]
      dyy[i] = (down + up) / 2 - data[i]
    }
  }
  return maps
}

/** Copies the window with top left corner (x, y) of each map into `target`, map after map. `stride`: width of a map. */
export function readWindow(
  maps: readonly Float32Array[],
  stride: number,
  x: number,
  y: number,
  side: number,
  target: Float64Array,
): void {
  let o = 0
  for (const map of maps) {
    for (let row = 0; row < side; row++) {
      let i = (y + row) * stride + x
      for (const end = i + side; i < end; i++, o++) target[o] = map[i]
    }
  }
}

/** Projects a window on the principal components [count, length]. Writes `count` values to `target` from `offset`. */
export function project(components: Float64Array, window: Float64Array, target: Float64Array, offset = 0): void {
  const { length } = window
  for (let c = 0, k = 0; k < components.length; c++, k += length) {
    let even = 0
    let odd = 0 // two independent sums, which the processor computes in parallel
    for (let i = 0; i < length; i += 2) {
      even += components[k + i] * window[i]
      odd += components[k + i + 1] * window[i + 1]
    }
    target[offset + c] = even + odd
  }
}
