// Draws the kernels of a network's first layer side by side, sorted by falling variance, as in the paper's figure (Dong
// et al., TPAMI 2016). Each kernel is scaled by its own largest absolute weight: grey is 0, white is plus that weight,
// black is minus that weight. If there are three inputs, their weights are drawn as red, green and blue.
import type { Rgba } from '../../worker/image/plane.ts'
import type { Layer } from '../../worker/model/network.ts'

/** Side in pixels of the square that shows one weight. */
const WEIGHT = 6
/** Width in pixels of the transparent gap between kernels. */
const GAP = 6

/** Draws the kernels of all outputs as one nearly square sheet. The layer must have one or three inputs. */
export function drawFilters({ kernel, inputs, outputs, weights }: Layer): Rgba {
  const area = kernel * kernel
  const filters = Array.from({ length: outputs }, (_, i) =>
    weights.subarray(i * inputs * area, (i + 1) * inputs * area),
  ).toSorted((a, b) => varianceOf(b) - varianceOf(a))
  const columns = Math.ceil(Math.sqrt(filters.length))
  const rows = Math.ceil(filters.length / columns)
  const pitch = kernel * WEIGHT + GAP
  const width = columns * pitch - GAP
  const height = rows * pitch - GAP
  const data = new Uint8ClampedArray(4 * width * height)
  filters.forEach((filter, i) => {
    const left = (i % columns) * pitch
    const top = Math.floor(i / columns) * pitch
    const largest = filter.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) || 1
    for (let y = 0; y < kernel * WEIGHT; y++) {
      for (let x = 0; x < kernel * WEIGHT; x++) {
        const at = Math.floor(y / WEIGHT) * kernel + Math.floor(x / WEIGHT)
        const levels = [0, 1, 2].map((c) => 127.5 + (127.5 * filter[(c % inputs) * area + at]) / largest)
        data.set([...levels, 255], 4 * ((top + y) * width + left + x))
      }
    }
  })
  return { width, height, data }
}

function varianceOf(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
}
