// MATLAB's imresize (bicubic, with antialiasing), computed directly from its definition: each output sample is one 2-D
// sum in f64 over its whole window, with weights computed for that sample. This is the slow reference for
// worker/image/resize.ts, and shares no code with it.
import type { Plane } from '../../../worker/image/plane.ts'

export function imresize(plane: Plane, width: number, height: number): Float64Array {
  const out = new Float64Array(width * height)
  for (let y = 0; y < height; y++) {
    const down = windowOf(y + 1, plane.height, height)
    for (let x = 0; x < width; x++) {
      const across = windowOf(x + 1, plane.width, width)
      let sum = 0
      for (const [row, wy] of down) {
        for (const [column, wx] of across) {
          sum += wy * wx * plane.data[(row - 1) * plane.width + (column - 1)]
        }
      }
      out[y * width + x] = sum
    }
  }
  return out
}

/**
 * Returns the input samples and their weights for output sample `x`. All indices count from 1, as in contributions() of
 * imresize.m.
 */
function windowOf(x: number, inLength: number, outLength: number): [number, number][] {
  const scale = outLength / inLength
  const kernelWidth = scale < 1 ? 4 / scale : 4
  const h = (t: number) => (scale < 1 ? scale * cubic(scale * t) : cubic(t))
  const u = x / scale + 0.5 * (1 - 1 / scale)
  const left = Math.floor(u - kernelWidth / 2)
  const taps: [number, number][] = []
  let total = 0
  for (let p = 0; p < Math.ceil(kernelWidth) + 2; p++) {
    const weight = h(u - (left + p))
    taps.push([symmetric(left + p, inLength), weight])
    total += weight
  }
  return taps.map(([index, weight]) => [index, weight / total])
}

/** Mirrors an index at both ends, as imresize.m does: aux = [1:n, n:-1:1]; aux(mod(index - 1, 2 n) + 1). */
function symmetric(index: number, n: number): number {
  const aux: number[] = []
  for (let i = 1; i <= n; i++) aux.push(i)
  for (let i = n; i >= 1; i--) aux.push(i)
  const m = (index - 1) % aux.length
  return aux[m < 0 ? m + aux.length : m]
}

function cubic(x: number): number {
  const a = Math.abs(x)
  if (a <= 1) return 1.5 * a ** 3 - 2.5 * a ** 2 + 1
  if (a <= 2) return -0.5 * a ** 3 + 2.5 * a ** 2 - 4 * a + 2
  return 0
}
