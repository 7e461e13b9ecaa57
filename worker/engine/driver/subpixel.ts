// Drives kernel/subpixel.as.ts, which computes a 5x5 layer, 3x3 layers with or without skips, and depth-to-space.
// Features are kept in bands of four rows: two bands per layer, or three if a skip reads them later.
//
//   step t:  quad t + 2 of the padded picture ─▶ layer 0, band t ─▶ layer 1, band t - 1 ─▶ ... ─▶ rows
//
// The input is padded only before the first layer. A layer computes a band from three parts of the layer before it: the
// band that begins at the same tile, one more tile on the right of that band, and one more band below. If no pixel of
// the result depends on the tile or on the band below, that tile or band is not computed. The kernel then reads zeros
// or an older band of the same picture in its place. Winograd's algorithm cancels these values, so they change the
// result only by rounding.
import { haloOf, type Network } from '../../model/network.ts'
import { createPlacer, FLOAT, PAGE_BYTES, STEP, TILE } from '../kernel/layout.ts'
import { packLayer, type PackedLayer } from '../kernel/pack.ts'
import { HEAP, KERNEL_FIRST, MAX_INNER, QUADS_FIRST } from '../kernel/subpixelLayout.ts'
import { type Driver, type KernelExports, padRows } from './driver.ts'

export interface SubpixelKernel extends KernelExports {
  begin(slots: number): void
  load(from: number, to: number, slots: number): void
  firstLayer(...args: number[]): void
  reluLayer(...args: number[]): void
  skipLayer(...args: number[]): void
  linearLayer(...args: number[]): void
  emit2(from: number, to: number, tiles: number): void
  emit3(from: number, to: number, tiles: number): void
  emit4(from: number, to: number, tiles: number): void
  multiplyAdd(a: number, b: number, c: number): number
}

interface Weights {
  readonly layers: readonly (PackedLayer & {
    readonly weightsAt: number
    readonly biasAt: number
  })[]
  /** Address after the weights, where the bands begin. */
  readonly end: number
}

const MAX_WIDTH = 512
/** Number of quads (groups of four rows) of the padded input that are kept in memory. Three are in use at a time. */
const QUADS = QUADS_FIRST + 1

export const subpixelDriver: Driver<SubpixelKernel, Weights> = {
  supports({ layers, scale, padding }: Network) {
    return (
      scale > 1 &&
      padding === 'edge' &&
      layers.length > 1 &&
      layers[0].inputs === 1 &&
      layers.every(({ kernel }, i) => kernel === (i === 0 ? KERNEL_FIRST : 3)) &&
      layers.slice(0, -1).every(({ outputs }) => outputs % STEP === 0 && outputs <= MAX_INNER) &&
      !layers.at(-1)!.hasSkip
    )
  },

  pack({ layers }) {
    const { place, end } = createPlacer(HEAP)
    const placed = layers.map((layer) => {
      const packed = packLayer(layer)
      const [weightsAt, biasAt] = [packed.weights, packed.bias].map((values) => place(FLOAT * values.length))
      return { ...packed, weightsAt, biasAt }
    })
    return { layers: placed, end: end() }
  },

  setWeights(kernel, weights) {
    reserve(kernel, weights.end)
    for (const { weights: values, weightsAt, bias, biasAt } of weights.layers) {
      new Float32Array(kernel.memory.buffer, weightsAt, values.length).set(values)
      new Float32Array(kernel.memory.buffer, biasAt, bias.length).set(bias)
    }
  },

  maxWidth: MAX_WIDTH,

  openStrip(kernel, network, { layers: packed, end: heap }, input, result, left) {
    const { layers, scale } = network
    const last = layers.length - 1
    const halo = haloOf(network)
    const width = Math.min(input.width - left, MAX_WIDTH)
    /**
     * Returns the number of tiles that a layer computes for `size` pixels of the small picture. The number includes the
     * tiles beyond these pixels, because later layers read them.
     */
    const tilesOf = (layer: number, size: number) => Math.ceil((size + 2 * (last - layer)) / TILE)
    // Tiles are stored in whole vectors. One more vector follows, because the tiles in the last vector read the tiles
    // after them.
    const slots = Math.ceil(tilesOf(0, width) / TILE) * TILE + TILE
    const channelBytes = TILE * TILE * slots * FLOAT

    const { place, end } = createPlacer(heap)
    const rows = place(TILE * scale * TILE * scale * slots * FLOAT)
    const quads = Array.from({ length: QUADS }, () => place(channelBytes))
    const bands = packed.map(({ outputs }, i) => {
      const count = i === last ? 1 : layers[i + 2]?.hasSkip ? 3 : 2
      return Array.from({ length: count }, () => place(outputs * channelBytes))
    })
    reserve(kernel, end())
    const { buffer } = kernel.memory
    new Uint8Array(buffer, heap, end() - heap).fill(0)
    const rowBytes = TILE * slots * FLOAT
    const rowsIn = Array.from(
      { length: TILE },
      (_, row) => new Float32Array(buffer, rows + row * rowBytes, slots * TILE),
    )
    const rowsOut = Array.from(
      { length: TILE * scale },
      (_, row) => new Float32Array(buffer, rows + row * scale * rowBytes, width * scale),
    )
    const emit = kernel[`emit${scale}` as 'emit2']
    const bandAt = (layer: number, band: number) => bands[layer][band % bands[layer].length]

    function load(quad: number): void {
      padRows(input, left - halo, quad * TILE - halo, rowsIn)
      kernel.load(rows, quads[quad % QUADS], slots)
    }

    function computeLayer(layer: number, band: number): void {
      const { weightsAt, biasAt, outputs } = packed[layer]
      const { inputs, hasSkip } = layers[layer]
      const to = bandAt(layer, band)
      const tiles = tilesOf(layer, width)
      if (layer === 0) {
        const quad = (i: number) => quads[(band + i) % QUADS]
        kernel.firstLayer(quad(0), quad(1), quad(2), weightsAt, biasAt, to, outputs, tiles)
        return
      }
      const from0 = bandAt(layer - 1, band)
      const from1 = bandAt(layer - 1, band + 1)
      if (hasSkip) {
        const [skip0, skip1] = [bandAt(layer - 2, band), bandAt(layer - 2, band + 1)]
        kernel.skipLayer(inputs, from0, from1, weightsAt, biasAt, to, outputs, tiles, skip0, skip1)
      } else {
        const run = layer === last ? kernel.linearLayer : kernel.reluLayer
        run(inputs, from0, from1, weightsAt, biasAt, to, outputs, tiles)
      }
    }

    kernel.begin(slots)
    load(0)
    load(1)
    return {
      bands: Math.ceil(input.height / TILE) + last,
      compute(step) {
        load(step + 2)
        for (let layer = 0; layer <= Math.min(step, last); layer++) {
          const band = step - layer
          if (band < tilesOf(layer, input.height)) computeLayer(layer, band)
        }
        if (step < last) return
        emit(bandAt(last, 0), rows, tilesOf(last, width))
        const top = (step - last) * TILE * scale
        for (let row = 0; row < TILE * scale && top + row < result.height; row++) {
          result.data.set(rowsOut[row], (top + row) * result.width + left * scale)
        }
      },
    }
  },
}

function reserve({ memory }: KernelExports, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES))
}
