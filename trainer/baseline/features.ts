// What the baseline looks at: first and second differences of the bicubic picture, across and down,
// in a window of three small pixels a side (Zeyde, Elad and Protter, Curves and Surfaces 2010). The
// differences reach as far as one small pixel, so that they are those of the small picture.
import type { Plane } from '../../worker/image/plane.ts'

/** Side of a window in pixels of the small picture. */
const WINDOW = 3
/** Difference pictures: first and second order, across and down. */
const MAPS = 4

/** Side of a window in pixels of the large picture. */
export function windowSide(scale: number): number {
  return WINDOW * scale
}

/** Values of one window before they are compressed. */
export function windowLength(scale: number): number {
  return MAPS * windowSide(scale) ** 2
}

/** The corners of windows in one direction: one for each small pixel that has a whole window. */
export function windowCount(size: number, scale: number): number {
  return Math.max(0, size / scale - WINDOW + 1)
}

/** Four planes of the bicubic picture's size, in its units; beyond its edges it is repeated. */
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

/** Copies the windows at the corner (x, y) of all maps, `stride` wide, one after the other into `target`. */
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

/** A window's coordinates along the principal components [count, length]; into `target` from `offset`. */
export function project(components: Float64Array, window: Float64Array, target: Float64Array, offset = 0): void {
  const { length } = window
  for (let c = 0, k = 0; k < components.length; c++, k += length) {
    let even = 0
    let odd = 0 // two sums: the processor adds them side by side
    for (let i = 0; i < length; i += 2) {
      even += components[k + i] * window[i]
      odd += components[k + i + 1] * window[i + 1]
    }
    target[offset + c] = even + odd
  }
}
