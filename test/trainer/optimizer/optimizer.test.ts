import { describe, expect, test } from 'vitest'
import { createNetwork } from '../../../worker/model/network.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { identity, multiplyMatrices, orthonormalize, transpose } from '../../../trainer/optimizer/matrix.ts'
import { createOptimizer, OPTIMIZERS } from '../../../trainer/optimizer/optimizer.ts'
import { countParameters, viewParameters } from '../../../trainer/engine/parameters.ts'

const random = createRandom(5)
const matrix = (n: number, m: number) => Float64Array.from({ length: n * m }, () => random.normal())
const NETWORK = createNetwork({ kernels: [5, 1, 3], widths: [6, 4] })

describe('matrix arithmetic', () => {
  test.each([
    [3, 4, 5],
    [7, 9, 2],
    [1, 1, 1],
    [4, 3, 4],
  ])('with n, k, m = %d, %d, %d, multiplyMatrices computes [n, k] x [k, m] as sums of products', (n, k, m) => {
    const a = matrix(n, k)
    const b = matrix(k, m)
    const product = multiplyMatrices(a, b, n, k, m)
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) {
        let sum = 0
        for (let p = 0; p < k; p++) sum += a[i * k + p] * b[p * m + j]
        expect(product[i * m + j]).toBeCloseTo(sum, 12)
      }
    }
  })

  const dependent = (() => {
    const a = matrix(6, 6)
    for (let i = 0; i < 6; i++) a[i * 6 + 3] = a[i * 6] - 2 * a[i * 6 + 1]
    return a
  })()
  const graded = matrix(6, 6).map((v, i) => v * 10 ** -(2 * (i % 6)))
  test.each([
    ['a random matrix', matrix(6, 6)],
    ['a matrix with columns that depend on each other', dependent],
    ['a matrix with columns of very different lengths', graded],
    ['a zero matrix', new Float64Array(36)],
  ])('orthonormalize returns an orthonormal basis for %s', (_, a) => {
    const q = orthonormalize(a, 6)
    const product = multiplyMatrices(transpose(q, 6, 6), q, 6, 6, 6)
    const unit = identity(6)
    product.forEach((value, i) => expect(value).toBeCloseTo(unit[i], 12))
  })

  test('orthonormalize keeps the direction of the first column', () => {
    const a = matrix(5, 5)
    const q = orthonormalize(a, 5)
    for (let i = 1; i < 5; i++) expect(q[i * 5] / q[0]).toBeCloseTo(a[i * 5] / a[0], 10)
  })
})

// Minimises a quadratic loss and returns its last value. Along some mixtures of weights the loss is 10^4 times as
// curved as along others, as in the training of filters on pictures.
function minimise(name: (typeof OPTIMIZERS)[number], rate: number, steps: number): number {
  const length = countParameters(NETWORK)
  const start = Float32Array.from({ length }, (_, i) => Math.sin(i))
  const bowls = viewParameters(NETWORK, start).map(({ weights }, i) => {
    const rows = NETWORK.layers[i].outputs > 1 ? NETWORK.layers[i].outputs : NETWORK.layers[i].inputs
    const columns = weights.length / rows
    const drawn = createRandom(i)
    const basis = orthonormalize(
      Float64Array.from({ length: columns ** 2 }, () => drawn.normal()),
      columns,
    )
    const scaled = basis.map((v, j) => v * 10 ** ((-4 * (j % columns)) / Math.max(1, columns - 1)))
    return {
      rows,
      columns,
      hessian: multiplyMatrices(scaled, transpose(basis, columns, columns), columns, columns, columns),
    }
  })
  const optimizer = createOptimizer(name, NETWORK)
  const gradients = new Float32Array(length)
  let loss = 0
  for (let step = 1; step <= steps; step++) {
    loss = 0
    const slots = viewParameters(NETWORK, gradients)
    viewParameters(NETWORK, start).forEach(({ weights }, i) => {
      const { rows, columns, hessian } = bowls[i]
      const w = Float64Array.from(weights)
      const gradient = multiplyMatrices(w, hessian, rows, columns, columns)
      slots[i].weights.set(gradient)
      gradient.forEach((g, j) => (loss += (g * w[j]) / 2))
    })
    const cosine = 0.5 * (1 + Math.cos((Math.PI * step) / steps))
    optimizer.update(start, gradients, rate * cosine, step)
  }
  return loss
}

test('SOAP reaches a lower loss than Adam if the directions of largest curvature are mixtures of weights', () => {
  const soap = minimise('soap', 0.05, 400)
  const adam = Math.min(...[0.02, 0.05, 0.1].map((rate) => minimise('adam', rate, 400)))
  expect(soap).toBeLessThan(adam / 2)
})

test('SOAP keeps one basis per axis of a layer, not one for the product of the axes', () => {
  const network = createNetwork({ kernels: [9, 5, 5], widths: [64, 32], channels: 3 })
  const { state } = createOptimizer('soap', network)
  const sides = Object.entries(state).filter(([name]) => name.includes('basis'))
  // Outputs, inputs and taps of each of the three layers.
  const expected = [64, 3, 81, 32, 64, 25, 3, 32, 25]
  expect(sides.map(([, { length }]) => Math.sqrt(length))).toEqual(expected)
})

test('SOAP moves along a gradient that is an outer product of three vectors, because it rotates gradients along every axis', () => {
  // Every gradient is a multiple of the same outer product of three vectors. The vectors consist of whole numbers,
  // which f32 represents exactly. Rounding errors would make the gradients point in slightly different directions.
  const network = createNetwork({ kernels: [3, 3], widths: [4], channels: 2 })
  const along = [
    [1, -2, 3, 5],
    [2, -3],
    [1, 2, -4, 3, 1, -1, 2, 5, -2],
  ]
  const direction = Float32Array.from(
    { length: 72 },
    (_, i) => along[0][Math.floor(i / 18)] * along[1][Math.floor(i / 9) % 2] * along[2][i % 9],
  )
  const parameters = new Float32Array(countParameters(network))
  const gradients = parameters.slice()
  const optimizer = createOptimizer('soap', network)
  for (let step = 1; step <= 30; step++) {
    viewParameters(network, gradients)[0].weights.set(direction.map((v) => v * (1 + (step % 3))))
    optimizer.update(parameters, gradients, 1e-2, step)
  }
  const [{ weights: moved }] = viewParameters(network, parameters)
  // In the eigenbasis the gradient has a single coordinate, so SOAP moves along the gradient. Adam would move along the
  // signs of the gradient.
  const dot = moved.reduce((sum, v, i) => sum + v * direction[i], 0)
  expect(-dot / Math.hypot(...moved) / Math.hypot(...direction)).toBeGreaterThan(0.99)
})

test('SGD has a momentum of 0.9, and moves the last layer and every bias at a tenth of the rate', () => {
  const length = countParameters(NETWORK)
  const parameters = new Float32Array(length)
  const optimizer = createOptimizer('sgd', NETWORK)
  const ones = new Float32Array(length).fill(1)
  optimizer.update(parameters, ones, 1, 1)
  optimizer.update(parameters, ones, 1, 2)
  const moved = -(1 + 1.9)
  viewParameters(NETWORK, parameters).forEach(({ weights, bias }, i) => {
    const expected = i === 2 ? moved / 10 : moved
    expect(weights.every((v) => Math.abs(v - expected) < 1e-6)).toBe(true)
    expect(bias.every((v) => Math.abs(v - moved / 10) < 1e-6)).toBe(true)
  })
})

test.each(OPTIMIZERS)('a new %s optimiser with a copied `state` continues with the same bits', (name) => {
  const length = countParameters(NETWORK)
  const gradientsAt = (step: number) => {
    const drawn = createRandom(step)
    return Float32Array.from({ length }, () => drawn.normal())
  }
  const parameters = new Float32Array(length)
  const optimizer = createOptimizer(name, NETWORK)
  for (let step = 1; step <= 25; step++) optimizer.update(parameters, gradientsAt(step), 1e-2, step)
  const copied = parameters.slice()
  const copy = createOptimizer(name, NETWORK)
  for (const [key, values] of Object.entries(optimizer.state)) copy.state[key].set(values)
  for (let step = 26; step <= 45; step++) {
    optimizer.update(parameters, gradientsAt(step), 1e-2, step)
    copy.update(copied, gradientsAt(step), 1e-2, step)
  }
  expect(copied).toEqual(parameters)
})
