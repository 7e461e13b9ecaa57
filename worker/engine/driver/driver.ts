// The contract of a driver. Each kernel has its own driver, through which fused.ts runs it. The driver writes a
// network's weights and a picture's rows to the kernel's memory, and calls the kernel band by band.
import type { Network } from '../../model/network.ts'
import type { Planes } from '../engine.ts'

/** The exports that all kernels have. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory
}

export interface Driver<K extends KernelExports = KernelExports, Weights = unknown> {
  /** Returns whether the kernel can run `network`. */
  supports(network: Network): boolean
  /** Returns the weights in the order in which the kernel reads them. Called once for each network. */
  pack(network: Network): Weights
  /** Writes the weights to the kernel's memory, where all following strips use them. */
  setWeights(kernel: K, weights: Weights): void
  /** Maximum width of a strip, in pixels. Wider pictures are cut into strips. */
  readonly maxWidth: number
  /**
   * Begins a strip: at most `maxWidth` columns of the input, starting at column `left`. Its bands are written to
   * `result`.
   */
  openStrip(kernel: K, network: Network, weights: Weights, input: Planes, result: Planes, left: number): Strip
}

export interface Strip {
  /** Number of bands in the strip. Each band costs the same. */
  readonly bands: number
  /** Computes a band. Bands must be computed in order, starting with 0. */
  compute(band: number): void
}

/**
 * Fills `rows` with consecutive rows of the picture, starting at column `left` and row `top`. Outside the picture the
 * pixels of its edge are repeated.
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
