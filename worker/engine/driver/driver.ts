// What stands between fused.ts and a kernel: it puts a network's weights and a picture's rows where the
// kernel looks for them, and calls it band by band. One driver for each kernel.
import type { Network } from '../../model/network.ts'
import type { Planes } from '../engine.ts'

/** What the drivers have in common of a kernel's exports. */
export interface Kernel {
  readonly memory: WebAssembly.Memory
}

export interface Driver<K extends Kernel = Kernel, Weights = unknown> {
  /** Whether the kernel can run it. */
  supports(network: Network): boolean
  /** In the order in which the kernel reads them; once a network. */
  pack(network: Network): Weights
  /** For all strips that follow. */
  setWeights(kernel: K, weights: Weights): void
  /** Widest piece of a picture in pixels; wider ones are cut into strips. */
  readonly maxWidth: number
  /** Columns `left` .. of a picture, at most `maxWidth` of them, into as many times `network.scale` of the result. */
  openStrip(kernel: K, network: Network, weights: Weights, input: Planes, result: Planes, left: number): Strip
}

export interface Strip {
  /** How many bands there are, all of one cost. */
  readonly bands: number
  /** One after another from 0. */
  compute(band: number): void
}

/**
 * Fills views of rows of a picture that is padded with its edge's pixels: `left` is where they begin, and
 * rows outside the picture are its first and last.
 */
export function padRows(
  { data, width, height }: Planes,
  left: number,
  top: number,
  rows: readonly Float32Array[],
): void {
  const from = Math.max(0, left)
  const before = from - left
  for (const [row, padded] of rows.entries()) {
    const start = width * Math.min(height - 1, Math.max(0, top + row))
    const inside = Math.min(width, left + padded.length) - from
    padded.set(data.subarray(start + from, start + from + inside), before)
    padded.fill(padded[before], 0, before)
    padded.fill(padded[before + inside - 1], before + inside)
  }
}
