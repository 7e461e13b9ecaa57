// Packs a network's weights in the order in which its kernel reads them.
import type { Layer, Network } from '../../model/network.ts'
import { BLOCK, FREQUENCIES, KERNEL_3, SIDE, STEP, WEIGHTS_3 } from './layout.ts'

/**
 * Multiplies three taps by the matrix G of F(4x4, 3x3), i.e. evaluates the polynomial whose coefficients are the taps
 * at the points 0, 1, -1, 2, -2 and infinity, and scales the values. Writes the six values `step` apart. winograd.ts
 * has the other two matrices.
 */
function transformTaps(a: number, b: number, c: number, to: Float64Array, at: number, step: number): void {
  to[at] = a / 4
  to[at + step] = -(a + b + c) / 6
  to[at + 2 * step] = -(a - b + c) / 6
  to[at + 3 * step] = (a + 2 * b + 4 * c) / 24
  to[at + 4 * step] = (a - 2 * b + 4 * c) / 24
  to[at + 5 * step] = c
}

export interface PackedWeights {
  /** Transformed weights of layer 1: [n1 / 4][36 frequencies][9 blocks][4]. */
  readonly weights1: Float32Array
  readonly bias1: Float32Array
  /** Weights of layer 2: [n2 / 4][n1][4]. */
  readonly weights2: Float32Array
  readonly bias2: Float32Array
  /** Weights of layer 3: [n2][5 columns][5 rows], with channels WEIGHTS_3 floats apart. */
  readonly weights3: Float32Array
  readonly bias3: Float32Array
}

/** Packs the weights of a 9-1-5 network on one plane. */
export function packWeights({ layers: [first, second, third] }: Network): PackedWeights {
  return {
    weights1: transformKernels(first),
    bias1: first.bias,
    weights2: interleaveOutputs(second.weights, second.inputs, second.outputs),
    bias2: second.bias,
    weights3: transposeKernels(third.weights),
    bias3: third.bias,
  }
}

export interface PackedLayer {
  /** Number of output channels, rounded up to a multiple of 4. The added channels are zero. */
  readonly outputs: number
  /** Transformed weights: [outputs / 4][36 frequencies][inputs * blocks][4]. */
  readonly weights: Float32Array
  readonly bias: Float32Array
}

/** Packs the weights of a layer that is computed by Winograd's algorithm. */
export function packLayer(layer: Layer): PackedLayer {
  const outputs = Math.ceil(layer.outputs / STEP) * STEP
  const bias = new Float32Array(outputs)
  bias.set(layer.bias)
  return { outputs, weights: transformKernels(layer), bias }
}

/**
 * Transforms weights [outputs][inputs][k][k] to [outputs / 4][36][inputs * blocks][4]. The k x k taps are padded with
 * zeros and cut into blocks g of 3x3 taps. Each block becomes G g G^T, in f64. The function runs once for each network,
 * before V8 optimises it, so it is written as plain loops.
 */
function transformKernels({ weights, outputs, inputs, kernel }: Layer): Float32Array {
  const across = Math.ceil(kernel / BLOCK)
  const depth = inputs * across * across
  const side = across * BLOCK
  const packed = new Float32Array(Math.ceil(outputs / STEP) * STEP * FREQUENCIES * depth)
  const taps = new Float64Array(side * side)
  const rows = new Float64Array(SIDE * BLOCK) // G g
  const block = new Float64Array(FREQUENCIES)
  for (let output = 0; output < outputs; output++) {
    const lane = output % STEP
    for (let input = 0; input < inputs; input++) {
      const from = (output * inputs + input) * kernel * kernel
      for (let y = 0; y < kernel; y++) {
        for (let x = 0; x < kernel; x++) taps[y * side + x] = weights[from + y * kernel + x]
      }
      for (let b = 0; b < across * across; b++) {
        const left = (b % across) * BLOCK
        const first = ((b - (b % across)) / across) * BLOCK * side + left
        for (let x = 0, w = first; x < BLOCK; x++, w++) {
          transformTaps(taps[w], taps[w + side], taps[w + 2 * side], rows, x, BLOCK)
        }
        for (let i = 0, r = 0; i < FREQUENCIES; i += SIDE, r += BLOCK) {
          transformTaps(rows[r], rows[r + 1], rows[r + 2], block, i, 1)
        }
        const channel = input * across * across + b
        let to = (output - lane) * FREQUENCIES * depth + channel * STEP + lane
        for (let f = 0; f < FREQUENCIES; f++, to += depth * STEP) packed[to] = block[f]
      }
    }
  }
  return packed
}

/** Reorders weights from [outputs][inputs] to [outputs / 4][inputs][4]. */
function interleaveOutputs(weights: Float32Array, inputs: number, outputs: number): Float32Array {
  const packed = new Float32Array(weights.length)
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      const to = (Math.floor(output / STEP) * inputs + input) * STEP + (output % STEP)
      packed[to] = weights[output * inputs + input]
    }
  }
  return packed
}

/**
 * Reorders weights from [channels][5 rows][5 columns] to [channels][5 columns][5 rows], with channels WEIGHTS_3 floats
 * apart.
 */
function transposeKernels(weights: Float32Array): Float32Array {
  const taps = KERNEL_3 * KERNEL_3
  const packed = new Float32Array((weights.length / taps) * WEIGHTS_3)
  weights.forEach((weight, i) => {
    const [channel, tap] = [Math.floor(i / taps), i % taps]
    const [y, x] = [Math.floor(tap / KERNEL_3), tap % KERNEL_3]
    packed[channel * WEIGHTS_3 + x * KERNEL_3 + y] = weight
  })
  return packed
}
