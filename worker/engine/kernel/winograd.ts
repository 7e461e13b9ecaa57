// Blocks for Winograd's F(4x4, 3x3) (Lavin & Gray, arXiv:1509.09308): 16 outputs of a 3x3 kernel from
// 36 products instead of 144. A kernel of 9x9 is nine of 3x3 whose inputs lie 3 px apart, so that its
// one plane becomes nine input channels. Three stages:
//
//   input transform   B^T d B       vertically into R, then horizontally into V
//   GEMM              M = sum U V   for each frequency over the input channels
//   output transform  A^T m A       with bias and ReLU
//
// The matrices, for points 0, 1, -1, 2, -2 and infinity; pack.ts has G.
//   B^T  4 0 -5 0 1 0 | 0 -4 -4 1 1 0 | 0 4 -4 -1 1 0 | 0 -2 -1 2 1 0 | 0 2 -1 -2 1 0 | 0 4 0 -5 0 1
//   A^T  1 1 1 1 1 0 | 0 1 -1 2 -2 0 | 0 1 1 4 4 0 | 0 1 -1 8 -8 1
import { BLOCK, FREQUENCIES, SIDE, STEP, TILE, VECTOR } from './layout.ts'
import { each, load, loadSplat, store } from './source.ts'

const TWO = 'f32x4.splat(2)'
const FOUR = 'f32x4.splat(4)'
const EIGHT = 'f32x4.splat(8)'

/** B^T on six named vectors; `put(i, value)` stores frequency i. */
function inputTransform(d: readonly string[], put: (i: number, value: string) => string): string {
  return `{
  const p = nmadd(${FOUR}, ${d[2]}, ${d[4]})
  const q = nmadd(${FOUR}, ${d[1]}, ${d[3]})
  const r = sub(${d[4]}, ${d[2]})
  const s = sub(${d[3]}, ${d[1]})
  ${put(0, `madd(${FOUR}, sub(${d[0]}, ${d[2]}), r)`)}
  ${put(1, 'add(p, q)')}
  ${put(2, 'sub(p, q)')}
  ${put(3, `madd(${TWO}, s, r)`)}
  ${put(4, `nmadd(${TWO}, s, r)`)}
  ${put(5, `nmadd(${FOUR}, s, sub(${d[5]}, ${d[3]}))`)}
}`
}

export interface InputTransform {
  readonly name: string
  /** Vectors of four tiles. */
  readonly vectors: number
  /** Blocks of 3x3 taps a side: the transform reads 4 + 3 blocks - 1 rows and as many columns. */
  readonly blocks: number
  /** Bytes between the phases and between the rows of the input. */
  readonly phaseBytes: number
  readonly rowBytes: number
  /** Slots of a row of R, and where R and V lie. */
  readonly halfSlots: number
  readonly half: number
  readonly transformed: number
  /** Bytes between two input channels of V. */
  readonly channelBytes: number
}

/**
 * `function name(rows0, rows1, ...)`: the addresses of the input at the first tile, one for every four
 * rows. Writes V, [36][blocks * blocks][tiles].
 */
export function transformInput(shape: InputTransform): string {
  const { name, vectors, blocks, phaseBytes, rowBytes, halfSlots, half, transformed, channelBytes } = shape // prettier-ignore
  const taps = SIDE + BLOCK * (blocks - 1)
  const quads = Math.ceil(taps / TILE)
  // Tiles that the last columns reach beyond the group make one vector more.
  const columns = vectors + 1
  const rowOfHalf = TILE * halfSlots * TILE
  const frequencyBytes = blocks * blocks * channelBytes
  const windows = (put: (block: number, i: number, value: string) => string) =>
    each(blocks, (block) => inputTransform(
      Array.from({ length: SIDE }, (_, i) => `d${BLOCK * block + i}`),
      (i, value) => put(block, i, value),
    )) // prettier-ignore
  const parameters = Array.from({ length: quads }, (_, i) => `rows${i}: usize`)
  return `
function ${name}(${parameters.join(', ')}): void {
  // Vertically: each phase and vector of tiles alone.
  for (let phase: usize = 0; phase < ${TILE}; phase++) {
    for (let column: usize = 0; column < ${columns * VECTOR}; column += ${VECTOR}) {
      const from = phase * ${phaseBytes} + column
      const to: usize = ${half} + phase * ${halfSlots * TILE} + column
      ${each(quads, (i) => `const from${i} = rows${i} + from`)}
      ${each(taps, (y) => `const d${y} = ${load(`from${y >> 2}`, (y % TILE) * rowBytes)}`)}
      ${windows((block, i, value) => store('to', value, (block * SIDE + i) * rowOfHalf))}
    }
  }
  // Horizontally: each row of R.
  for (let block: usize = 0; block < ${blocks}; block++) {
    let from: usize = ${half} + block * ${SIDE * rowOfHalf}
    let to: usize = ${transformed} + block * ${blocks * channelBytes}
    for (let i = 0; i < ${SIDE}; i++) {
      ${each(
        vectors,
        (v) => `{
      ${each(taps, (x) => `const d${x} = ${load('from', ((x % TILE) * halfSlots + (x >> 2)) * TILE + v * VECTOR)}`)}
      ${windows((b, j, value) => store('to', value, j * frequencyBytes + b * channelBytes + v * VECTOR))}
      }`,
      )}
      from += ${rowOfHalf}
      to += ${SIDE * frequencyBytes}
    }
  }
}
`
}

export interface Gemm {
  readonly name: string
  readonly vectors: number
  /** Input channels. */
  readonly depth: number
  readonly transformed: number
  readonly channelBytes: number
  readonly products: number
  /** Bytes between two output channels of M. */
  readonly productBytes: number
}

/**
 * `function name(weights)`: four output channels of all tiles, M[36][4][tiles]; weights are
 * [36][depth][4]. The loop over the depth stays rolled: written out it was half as fast again slower.
 */
export function multiply(shape: Gemm): string {
  const { name, vectors, depth, transformed, channelBytes, products, productBytes } = shape
  const sums = vectors * STEP
  return `
function ${name}(weights: usize): void {
  let v: usize = ${transformed}
  let u = weights
  for (let m: usize = ${products}; m < ${products + FREQUENCIES * STEP * productBytes}; m += ${STEP * productBytes}) {
    ${each(sums, (i) => `let s${i} = f32x4.splat(0)`)}
    for (const end = u + ${depth * STEP * TILE}; u < end; u += ${STEP * TILE}) {
      ${each(vectors, (i) => `const v${i} = ${load('v', i * VECTOR)}`)}
      ${each(
        STEP,
        (c) => `const u${c} = ${loadSplat('u', c * TILE)}
      ${each(vectors, (i) => `s${c * vectors + i} = madd(u${c}, v${i}, s${c * vectors + i})`)}`,
      )}
      v += ${channelBytes}
    }
    ${each(sums, (i) => store('m', `s${i}`, Math.floor(i / vectors) * productBytes + (i % vectors) * VECTOR))}
  }
}
`
}

export interface OutputTransform {
  readonly name: string
  readonly vectors: number
  readonly products: number
  readonly productBytes: number
  /** Bytes between two channels of the result. */
  readonly channelBytes: number
}

/**
 * `function name(to, stride, bias)`: M of four channels into [16 positions][4 channels][tiles] after
 * bias and ReLU; positions lie `stride` bytes apart. In two halves, the even and the odd rows of a
 * tile: then no more than 16 vectors are alive.
 */
export function transformOutput(shape: OutputTransform): string {
  const { name, vectors, products, productBytes, channelBytes } = shape
  const at = (i: number, j: number) =>
    // The column of A^T of point 1 is all ones: what is added there reaches all 16 pixels.
    i === 1 && j === 1
      ? `add(${load('m', (SIDE + 1) * STEP * productBytes)}, b)`
      : load('m', (i * SIDE + j) * STEP * productBytes)
  const finish = (row: number) => `{
    const s = add(r${row}1, r${row}2), t = add(r${row}3, r${row}4)
    const d = sub(r${row}1, r${row}2), e = sub(r${row}3, r${row}4)
    let p = to + ${row} * ${TILE} * stride
    ${store('p', `relu(add(add(r${row}0, s), t))`)}
    p += stride
    ${store('p', `relu(madd(${TWO}, e, d))`)}
    p += stride
    ${store('p', `relu(madd(${FOUR}, t, s))`)}
    p += stride
    ${store('p', `relu(add(madd(${EIGHT}, e, d), r${row}5))`)}
  }`
  return `
function ${name}Even(m: usize, to: usize, stride: usize, bias: usize): void {
  const b = ${loadSplat('bias')}
  let m1: v128, m2: v128, m3: v128, m4: v128
  ${each(
    SIDE,
    (j) => `m1 = ${at(1, j)}; m2 = ${at(2, j)}; m3 = ${at(3, j)}; m4 = ${at(4, j)}
  m1 = add(m1, m2); m3 = add(m3, m4)
  const r0${j} = add(add(${at(0, j)}, m1), m3)
  const r2${j} = madd(${FOUR}, m3, m1)`,
  )}
  ${finish(0)}
  ${finish(2)}
}
function ${name}Odd(m: usize, to: usize, stride: usize, bias: usize): void {
  const b = ${loadSplat('bias')}
  let m1: v128, m2: v128, m3: v128, m4: v128
  ${each(
    SIDE,
    (j) => `m1 = ${at(1, j)}; m2 = ${at(2, j)}; m3 = ${at(3, j)}; m4 = ${at(4, j)}
  m1 = sub(m1, m2); m3 = sub(m3, m4)
  const r1${j} = madd(${TWO}, m3, m1)
  const r3${j} = add(madd(${EIGHT}, m3, m1), ${at(5, j)})`,
  )}
  ${finish(1)}
  ${finish(3)}
}
function ${name}(to: usize, stride: usize, bias: usize): void {
  let m: usize = ${products}
  for (let c = 0; c < ${STEP}; c++) {
    for (let v: usize = 0; v < ${vectors * VECTOR}; v += ${VECTOR}) {
      ${name}Even(m + v, to + v, stride, bias)
      ${name}Odd(m + v, to + v, stride, bias)
    }
    m += ${productBytes}
    to += ${channelBytes}
    bias += ${TILE}
  }
}
`
}
