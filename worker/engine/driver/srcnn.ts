// Drives kernel/srcnn.as.ts, which computes the three layers of a 9-1-5 network in one pass. The kernel's memory has a
// fixed size, whatever the picture's size.
//
//   padded rows ─ load ─▶ ring ─▶ compute: 4 rows of features ─▶ ring of sums ─ emit ─▶ rows
//
// The input is padded only before the first layer, by 6 px on each side. Features are also computed for this margin, so
// no layer has a special case for borders.
import type { Network } from '../../model/network.ts'
import { AT, HALO, KERNEL_1, KERNEL_3, MAX_CHANNELS, MAX_WIDTH, ROW_BYTES, STEP, TILE } from '../kernel/layout.ts'
import { packWeights, type PackedWeights } from '../kernel/pack.ts'
import { type Driver, type KernelExports, padRows } from './driver.ts'

/**
 * The exports of kernel/srcnn.as.ts. `tiles` and `slots` count tiles; `quad` and `band` are indices of groups of four
 * rows.
 */
interface SrcnnKernel extends KernelExports {
  begin(n1: number, n2: number, tiles: number, isResidual: number): void
  load(quad: number, slots: number): void
  compute(band: number, rows: number): void
  emit(band: number): void
}

export const srcnnDriver: Driver<SrcnnKernel, PackedWeights> = {
  supports({ layers, scale, padding }: Network) {
    return (
      scale === 1 &&
      padding === 'edge' &&
      layers.length === 3 &&
      layers[0].inputs === 1 &&
      layers.every(({ kernel, hasSkip }, i) => kernel === [KERNEL_1, 1, KERNEL_3][i] && !hasSkip) &&
      layers.slice(0, -1).every(({ outputs }) => outputs % STEP === 0 && outputs <= MAX_CHANNELS)
    )
  },

  pack: packWeights,

  setWeights({ memory }, weights) {
    for (const [name, values] of Object.entries(weights) as [keyof PackedWeights, Float32Array][]) {
      new Float32Array(memory.buffer, AT[name], values.length).set(values)
    }
  },

  maxWidth: MAX_WIDTH,

  openStrip(kernel, network, _weights, input, { data }, left) {
    const { height } = input
    const width = Math.min(input.width - left, MAX_WIDTH)
    const [first, second] = network.layers
    const tiles = Math.ceil(width / TILE) + 1
    // The padded input has two more tiles than the features. The number of tiles is rounded up to whole vectors.
    const slots = Math.ceil((tiles + 2) / TILE) * TILE
    const { buffer } = kernel.memory
    const rowsIn = Array.from(
      { length: TILE },
      (_, row) => new Float32Array(buffer, AT.rowsIn + row * ROW_BYTES, slots * TILE),
    )
    const rowsOut = Array.from(
      { length: TILE },
      (_, row) => new Float32Array(buffer, AT.rowsOut + row * ROW_BYTES, width),
    )

    function load(quad: number): void {
      padRows(input, left - HALO, quad * TILE - HALO, rowsIn)
      kernel.load(quad, slots)
    }

    kernel.begin(first.outputs, second.outputs, tiles, Number(network.residual))
    load(0)
    load(1)
    return {
      bands: Math.ceil(height / TILE) + 1,
      /** Computes a band of features and writes the four rows of the result that the band completes. */
      compute(band) {
        load(band + 2)
        // There are KERNEL_3 - 1 more rows of features than rows of the result.
        kernel.compute(band, Math.min(TILE, height + KERNEL_3 - 1 - band * TILE))
        kernel.emit(band)
        const top = (band - 1) * TILE
        for (let row = 0; row < TILE && top + row < height; row++) {
          if (top >= 0) data.set(rowsOut[row], (top + row) * input.width + left)
        }
      },
    }
  },
}
