// Linear algebra for the baseline: small dense symmetric matrices, row-major, in f64.
import { createRandom } from '../../worker/image/prng.ts'

/**
 * Number of iterations. Few are enough: each multiplies the error by the ratio of an eigenvalue to the next larger one,
 * and these ratios are small for differences between pixels.
 */
const ROUNDS = 30

/**
 * Returns the `count` leading eigenvectors of a symmetric positive semidefinite matrix [size, size] as rows [count,
 * size], largest eigenvalue first. The method is orthogonal iteration (Golub and Van Loan, Matrix Computations, 8.2.4).
 * The result is deterministic.
 */
export function leadingEigenvectors(matrix: Float64Array, size: number, count: number): Float64Array {
  const random = createRandom(1)
  let vectors = Float64Array.from({ length: count * size }, () => random.normal())
  for (let round = 0; round < ROUNDS; round++) {
    orthonormalise(vectors, size, count)
    const next = new Float64Array(count * size)
    for (let v = 0; v < count; v++) {
      for (let row = 0; row < size; row++) {
        let sum = 0
        for (let i = 0; i < size; i++) sum += matrix[row * size + i] * vectors[v * size + i]
        next[v * size + row] = sum
      }
    }
    vectors = next
  }
  orthonormalise(vectors, size, count)
  return vectors
}

/** Orthonormalises rows in place by modified Gram-Schmidt. A row that depends linearly on earlier rows becomes zero. */
function orthonormalise(vectors: Float64Array, size: number, count: number): void {
  for (let v = 0; v < count; v++) {
    const row = vectors.subarray(v * size, (v + 1) * size)
    const before = norm(row)
    for (let u = 0; u < v; u++) {
      const other = vectors.subarray(u * size, (u + 1) * size)
      let share = 0
      for (let i = 0; i < size; i++) share += other[i] * row[i]
      for (let i = 0; i < size; i++) row[i] -= share * other[i]
    }
    const length = norm(row)
    const factor = length > 1e-12 * before ? 1 / length : 0
    for (let i = 0; i < size; i++) row[i] *= factor
  }
}

function norm(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, v) => sum + v * v, 0))
}

/**
 * Solves A X = B for a symmetric positive definite A [size, size] and B [size, columns]. Writes X over B. Reads only
 * the lower half of A, and overwrites it with the Cholesky factor.
 */
export function solvePositive(a: Float64Array, size: number, b: Float64Array, columns: number): void {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * size + j]
      for (let k = 0; k < j; k++) sum -= a[i * size + k] * a[j * size + k]
      a[i * size + j] = i === j ? Math.sqrt(sum) : sum / a[j * size + j]
    }
  }
  const subtract = (row: number, other: number, factor: number) => {
    for (let c = 0; c < columns; c++) b[row * columns + c] -= factor * b[other * columns + c]
  }
  const divide = (row: number) => {
    for (let c = 0; c < columns; c++) b[row * columns + c] /= a[row * size + row]
  }
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) subtract(i, k, a[i * size + k])
    divide(i)
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) subtract(i, k, a[k * size + i])
    divide(i)
  }
}
