// The linear algebra that SOAP needs, on small dense matrices: row-major f64, data[row * columns + column]. Plain loops
// in a fixed order compute the same bits on every machine.

export type Matrix = Float64Array

/** Multiplies [n, k] by [k, m] into `out` [n, m]. */
export function multiplyMatrices(
  a: Matrix,
  b: Matrix,
  n: number,
  k: number,
  m: number,
  out: Matrix = new Float64Array(n * m),
): Matrix {
  for (let i = 0; i < n; i++) {
    const row = out.subarray(i * m, (i + 1) * m).fill(0)
    let p = 0
    // Takes four rows of b in one pass, so that each value of the result is read and written a quarter as often.
    for (; p + 3 < k; p += 4) {
      const a0 = a[i * k + p]
      const a1 = a[i * k + p + 1]
      const a2 = a[i * k + p + 2]
      const a3 = a[i * k + p + 3]
      let q = p * m
      for (let j = 0; j < m; j++, q++) {
        row[j] += a0 * b[q] + a1 * b[q + m] + a2 * b[q + 2 * m] + a3 * b[q + 3 * m]
      }
    }
    for (; p < k; p++) {
      const value = a[i * k + p]
      for (let j = 0, q = p * m; j < m; j++, q++) row[j] += value * b[q]
    }
  }
  return out
}

/** Returns the transposed matrix: [n, m] -> [m, n]. */
export function transpose(a: Matrix, n: number, m: number): Matrix {
  return exchangeAxes(a, n, m, 1, new Float64Array(n * m))
}

/** Exchanges the first two axes of `a`: [n, m, k] -> [m, n, k]. Writes the result to `out`. */
export function exchangeAxes(a: Matrix, n: number, m: number, k: number, out: Matrix): Matrix {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      for (let from = (i * m + j) * k, to = (j * n + i) * k, l = 0; l < k; l++) out[to + l] = a[from + l]
    }
  }
  return out
}

export function identity(n: number): Matrix {
  const out = new Float64Array(n * n)
  for (let i = 0; i < n; i++) out[i * n + i] = 1
  return out
}

/**
 * Makes an orthonormal basis from the columns of `a` [n, n], by Gram-Schmidt. For every c, the first c columns of the
 * basis span the same space as the first c columns of `a`. A column that depends linearly on previous columns is
 * replaced by a unit vector that does not depend on them.
 */
export function orthonormalize(a: Matrix, n: number): Matrix {
  const columns = transpose(a, n, n) // loops over rows are faster
  const of = (c: number) => columns.subarray(c * n, (c + 1) * n)
  for (let c = 0, axis = 0; c < n; c++) {
    const column = of(c)
    let whole = norm(column)
    for (let length = whole; ;) {
      const before = length
      for (let p = 0; p < c; p++) subtractProjection(column, of(p))
      length = norm(column)
      if (length <= EXHAUSTED * whole) {
        column.fill(0)[axis++] = 1
        length = whole = 1
      } else if (length > KEPT * before) {
        for (let i = 0; i < n; i++) column[i] /= length
        break
      }
    }
  }
  return transpose(columns, n, n)
}

/** If at most this share of a column's length remains after a pass, the remainder is only rounding error. */
const EXHAUSTED = 1e-12
/**
 * If a pass leaves less than this share of a column's length, subtracting nearly equal numbers has cost digits. Another
 * pass restores them.
 */
const KEPT = 0.5

/** Subtracts a projection: column -= axis (axis . column), for a unit vector `axis`. */
function subtractProjection(column: Matrix, axis: Matrix): void {
  let dot = 0
  for (let i = 0; i < column.length; i++) dot += column[i] * axis[i]
  for (let i = 0; i < column.length; i++) column[i] -= dot * axis[i]
}

function norm(values: Matrix): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i]
  return Math.sqrt(sum)
}
