// A network's weights in the order in which the kernel reads them.
import type { Network } from '../../model/network.ts'
import { BLOCK, BLOCKS, FREQUENCIES, KERNEL_1, KERNEL_3, SIDE, STEP, WEIGHTS_3 } from './layout.ts'

/** G of F(4x4, 3x3): three taps at the points 0, 1, -1, 2, -2 and infinity. The other two: winograd.ts. */
const G = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
] as const

export interface PackedWeights {
  /** [n1 / 4][36][9][4] */
  readonly weights1: Float32Array
  readonly bias1: Float32Array
  /** [n2 / 4][n1][4] */
  readonly weights2: Float32Array
  readonly bias2: Float32Array
  /** [n2][5 columns][5 rows], WEIGHTS_3 apart */
  readonly weights3: Float32Array
  readonly bias3: Float32Array
}

/** Of a 9-1-5 on one channel. */
export function packWeights({ layers: [first, second, third] }: Network): PackedWeights {
  return {
    weights1: transformKernels(first.weights, first.outputs),
    bias1: first.bias,
    weights2: interleaveOutputs(second.weights, second.inputs, second.outputs),
    bias2: second.bias,
    weights3: transposeKernels(third.weights),
    bias3: third.bias,
  }
}

/** [outputs][9][9] -> [outputs / 4][36][9][4]: each block of 3x3 taps is G g G^T, summed in f64. */
function transformKernels(weights: Float32Array, outputs: number): Float32Array {
  const packed = new Float32Array(outputs * FREQUENCIES * BLOCKS)
  const rows = new Float64Array(SIDE * BLOCK) // G g
  for (let output = 0; output < outputs; output++) {
    for (let block = 0; block < BLOCKS; block++) {
      const top = Math.floor(block / BLOCK) * BLOCK
      const left = (block % BLOCK) * BLOCK
      const from = (output * KERNEL_1 + top) * KERNEL_1 + left
      for (let i = 0; i < SIDE; i++) {
        for (let x = 0; x < BLOCK; x++) {
          let sum = 0
          for (let y = 0; y < BLOCK; y++) sum += G[i][y] * weights[from + y * KERNEL_1 + x]
          rows[i * BLOCK + x] = sum
        }
      }
      for (let i = 0; i < SIDE; i++) {
        for (let j = 0; j < SIDE; j++) {
          let sum = 0
          for (let x = 0; x < BLOCK; x++) sum += rows[i * BLOCK + x] * G[j][x]
          const frequency = Math.floor(output / STEP) * FREQUENCIES + i * SIDE + j
          packed[(frequency * BLOCKS + block) * STEP + (output % STEP)] = sum
        }
      }
    }
  }
  return packed
}

/** [outputs][inputs] -> [outputs / 4][inputs][4] */
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

/** [channels][5 rows][5 columns] -> [channels][5 columns][5 rows], WEIGHTS_3 apart */
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
