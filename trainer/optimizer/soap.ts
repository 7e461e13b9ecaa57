// SOAP (Vyas et al., 2024): Adam in the eigenbasis of Shampoo's preconditioner (Gupta et al., 2018).
//
// A filter bank sees patches of a picture, whose pixels are nearly equal to their neighbours: the
// loss is some 10^5 times as curved along smooth filters as along fine ones. Adam rescales single
// weights and cannot tell such directions apart; in the eigenbasis of the gradients' covariance
// they are single coordinates. On 9-1-5 at x3 that is worth 0.3 dB after 8,000 steps.
//
// For a layer's weights as a matrix W [r, c] with gradient G:
//   L = mean of G G^T,  R = mean of G^T G          running means, [r, r] and [c, c]
//   P, Q                                           their eigenvectors, in columns
//   g = P^T G Q,  m = mean of g,  v = mean of g²    Adam's moments, in the eigenbasis
//   W -= rate * P (m / (sqrt(v) + epsilon)) Q^T
// Eigenvectors follow L and R by one step of orthogonal iteration now and then; m is turned along.
// Rows are output channels and columns input channels and taps. The last layer's outputs are not coupled
// by the loss: each has a matrix of its own, with input channels as rows, which keeps R small. Biases
// get plain Adam.
import type { Network } from '../../worker/model/network.ts'
import { identity, type Matrix, multiply, orthonormalize, transpose } from './matrix.ts'
import type { Optimizer } from './optimizer.ts'

const BETA1 = 0.95
const BETA2 = 0.99
/** Of the running means L and R. */
const COVARIANCE_BETA = 0.99
const EPSILON = 1e-8
/** Steps between two turns of the basis. */
const TURN_STEPS = 10
/** Orthogonal iterations for the first basis, which starts from nothing. */
const FIRST_TURNS = 50

export function createSoap(network: Network): Optimizer {
  const state: Record<string, Float64Array> = {}
  const keep = (name: string, values: Float64Array) => (state[name] = values)
  let offset = 0
  const parts = network.layers.map(({ weights, bias, inputs, outputs }, i) => {
    const count = i === network.layers.length - 1 ? outputs : 1
    const rows = outputs > count ? outputs : inputs
    const length = weights.length / count
    const matrices = Array.from({ length: count }, (_, output) => {
      const id = count > 1 ? `${i + 1} of output ${output + 1}` : `${i + 1}`
      const matrix = createMatrixPart(offset, rows, length / rows, (name, values) =>
        keep(`${name}${id}`, values),
      )
      offset += length
      return matrix
    })
    const vector = createVectorPart(offset, bias.length, (name, values) =>
      keep(`bias ${name}${i + 1}`, values),
    )
    offset += bias.length
    return [...matrices, vector]
  })
  return {
    state,
    update(parameters, gradients, rate, step) {
      for (const part of parts.flat()) part(parameters, gradients, rate, step)
    },
  }
}

type Part = Optimizer['update']
type Keep = (name: string, values: Float64Array) => Float64Array

function createMatrixPart(offset: number, rows: number, columns: number, keep: Keep): Part {
  const length = rows * columns
  const left = keep('left', new Float64Array(rows * rows))
  const right = keep('right', new Float64Array(columns * columns))
  const leftBasis = keep('left basis', identity(rows))
  const rightBasis = keep('right basis', identity(columns))
  const mean = keep('mean', new Float64Array(length))
  const square = keep('square', new Float64Array(length))
  // Work space, so that a step allocates nothing.
  const gradient = new Float64Array(length)
  const flipped = new Float64Array(length)
  const between = new Float64Array(length)
  const turned = new Float64Array(length)
  const leftProduct = new Float64Array(rows * rows)
  const rightProduct = new Float64Array(columns * columns)
  const leftFlipped = new Float64Array(rows * rows)
  const rightFlipped = new Float64Array(columns * columns)

  /** a [rows, rows] times x times b [columns, columns], into `turned`. */
  const sandwich = (a: Matrix, x: Matrix, b: Matrix) =>
    multiply(multiply(a, x, rows, rows, columns, between), b, rows, columns, columns, turned)

  const turnBasis = (iterations: number) => {
    const oldLeft = leftBasis.slice()
    const oldRight = rightBasis.slice()
    for (let i = 0; i < iterations; i++) {
      leftBasis.set(orthonormalize(multiply(left, leftBasis, rows, rows, rows), rows))
      rightBasis.set(orthonormalize(multiply(right, rightBasis, columns, columns, columns), columns)) // prettier-ignore
    }
    const byLeft = multiply(transpose(leftBasis, rows, rows), oldLeft, rows, rows, rows)
    const byRight = multiply(transpose(oldRight, columns, columns), rightBasis, columns, columns, columns) // prettier-ignore
    mean.set(sandwich(byLeft, mean, byRight))
  }

  return (parameters, gradients, rate, step) => {
    for (let i = 0; i < length; i++) gradient[i] = gradients[offset + i]
    transpose(gradient, rows, columns, flipped)
    const share = step === 1 ? 1 : 1 - COVARIANCE_BETA
    follow(left, multiply(gradient, flipped, rows, columns, rows, leftProduct), share)
    follow(right, multiply(flipped, gradient, columns, rows, columns, rightProduct), share)
    if (step === 1) turnBasis(FIRST_TURNS)
    else if (step % TURN_STEPS === 0) turnBasis(1)

    transpose(leftBasis, rows, rows, leftFlipped)
    transpose(rightBasis, columns, columns, rightFlipped)
    moveMoments(mean, square, sandwich(leftFlipped, gradient, rightBasis))
    normalise(mean, square, step, gradient)
    sandwich(leftBasis, gradient, rightFlipped)
    for (let i = 0; i < length; i++) parameters[offset + i] -= rate * turned[i]
  }
}

function createVectorPart(offset: number, length: number, keep: Keep): Part {
  const mean = keep('mean', new Float64Array(length))
  const square = keep('square', new Float64Array(length))
  const move = new Float64Array(length)
  return (parameters, gradients, rate, step) => {
    moveMoments(mean, square, gradients.subarray(offset, offset + length))
    normalise(mean, square, step, move)
    for (let i = 0; i < length; i++) parameters[offset + i] -= rate * move[i]
  }
}

function follow(mean: Matrix, value: Matrix, share: number): void {
  for (let i = 0; i < mean.length; i++) mean[i] += share * (value[i] - mean[i])
}

function moveMoments(mean: Matrix, square: Matrix, gradient: Float32Array | Float64Array): void {
  for (let i = 0; i < mean.length; i++) {
    mean[i] += (1 - BETA1) * (gradient[i] - mean[i])
    square[i] += (1 - BETA2) * (gradient[i] * gradient[i] - square[i])
  }
}

/** Adam's step before its rate; the moments start at zero, which is taken out. */
function normalise(mean: Matrix, square: Matrix, step: number, out: Matrix): void {
  const meanBias = 1 - BETA1 ** step
  const squareBias = 1 - BETA2 ** step
  for (let i = 0; i < mean.length; i++) {
    out[i] = mean[i] / meanBias / (Math.sqrt(square[i] / squareBias) + EPSILON)
  }
}
