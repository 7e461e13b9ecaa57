// Unrolls Winograd's F(4x4, 3x3) (Lavin & Gray, arXiv:1509.09308) for srcnn.as.ts and subpixel.as.ts: 16 outputs of a
// 3x3 kernel from 36 products instead of 144. A 9x9 kernel is nine 3x3 kernels whose inputs are 3 px apart, so the one
// input plane becomes nine input channels. The algorithm has three stages:
//
//   input transform   B^T d B       vertically into R, then horizontally into V
//   GEMM              M = sum U V   a sum over the input channels, for each frequency
//   output transform  A^T m A       with bias and ReLU
//
// The matrices for the points 0, 1, -1, 2, -2 and infinity (pack.ts has the third one, G):
//   B^T  4 0 -5 0 1 0 | 0 -4 -4 1 1 0 | 0 4 -4 -1 1 0 | 0 -2 -1 2 1 0 | 0 2 -1 -2 1 0 | 0 4 0 -5 0 1
//   A^T  1 1 1 1 1 0 | 0 1 -1 2 -2 0 | 0 1 1 4 4 0 | 0 1 -1 8 -8 1
import type { Arithmetic } from './arithmetic.ts'
import { BLOCK, FLOAT, FREQUENCIES, GROUP_BYTES, GROUP_SLOTS, SIDE, STEP, TILE, VECTOR } from './layout.ts'
import { each, numbered, load, loadSplat, spreadWeights, store } from './unroll.ts'

/**
 * Offset of a skip in pixels: the pixel at (x + SKIP, y + SKIP) of the plane that a skip adds is added to the result at
 * (x, y). A skip goes around two 3x3 layers, which together make a plane smaller by 2 pixels on each side.
 */
const SKIP = 2
const HALF_PHASE_BYTES = GROUP_SLOTS * FLOAT
const HALF_ROW_BYTES = TILE * HALF_PHASE_BYTES
const FOUR_WEIGHTS_BYTES = STEP * FLOAT

/**
 * Addresses and distances of the memory that these functions read and write. A string is a variable's name in the
 * kernel's AssemblyScript.
 */
export interface WinogradPlaces {
  /** Bytes between two phases and between two rows of the input. */
  readonly phaseBytes: number | string
  readonly rowBytes: number | string
  /** Addresses of R, V and M. */
  readonly half: number
  readonly transformed: number
  readonly products: number
  /** Bytes between two frequencies of V. */
  readonly frequencyBytes: number
  /** Address of a vector of the value 4. V8 rebuilds a constant at each use, which takes longer than a load. */
  readonly four: number
  /** Bytes between two channels of the result. */
  readonly channelBytes: number | string
}

/**
 * Returns code that multiplies the six vectors named in `d` by B^T. `put(i, value)` returns the code that stores
 * frequency i.
 */
function transformSix(four: number, d: readonly string[], put: (i: number, value: string) => string): string {
  const fours = `v128.load(${four})`
  return `{
  const p = nmadd(${fours}, ${d[2]}, ${d[4]})
  const q = nmadd(${fours}, ${d[1]}, ${d[3]})
  const r = sub(${d[4]}, ${d[2]})
  const s = sub(${d[3]}, ${d[1]})
  const t = add(s, s)
  ${put(0, `madd(${fours}, sub(${d[0]}, ${d[2]}), r)`)}
  ${put(1, 'add(p, q)')}
  ${put(2, 'sub(p, q)')}
  ${put(3, 'add(r, t)')}
  ${put(4, 'sub(r, t)')}
  ${put(5, `nmadd(${fours}, s, sub(${d[5]}, ${d[3]}))`)}
}`
}

/**
 * Returns the source of `name(rows0, rows1, ..., at)`, the input transform of one plane for `vectors` vectors of four
 * tiles. The layer's kernel has `blocks` x `blocks` blocks of 3x3 taps, so each tile depends on 3 blocks + 3 rows and
 * as many columns. `rows0`, `rows1`, ... are addresses of the plane at the first tile, one for every four rows. `at` is
 * the offset of the plane's first channel in V. Writes V, [36][blocks * blocks][tiles].
 */
export function unrollInputTransform(name: string, vectors: number, blocks: number, places: WinogradPlaces): string {
  const { phaseBytes, rowBytes, half, transformed, frequencyBytes, four } = places
  const taps = SIDE + BLOCK * (blocks - 1)
  const quads = Math.ceil(taps / TILE)
  // The last tiles read columns of the tiles after the group, so one more vector is computed.
  const columnsBytes = (vectors + 1) * VECTOR
  const row = (y: number) =>
    typeof rowBytes === 'number'
      ? load(`from${y >> 2}`, (y % TILE) * rowBytes)
      : load(`from${y >> 2} + ${y % TILE} * ${rowBytes}`)
  const column = (x: number, vector: number) =>
    load('from', (x % TILE) * HALF_PHASE_BYTES + (x >> 2) * FLOAT + vector * VECTOR)
  const windows = (put: (block: number, i: number, value: string) => string) =>
    each(blocks, (block) => {
      const d = Array.from({ length: SIDE }, (_, i) => `d${BLOCK * block + i}`)
      return transformSix(four, d, (i, value) => put(block, i, value))
    })
  return `
function ${name}(${numbered(quads, 'rows', ': usize')}, at: usize): void {
  // Vertical pass, for each phase and each vector of tiles.
  for (let phase: usize = 0; phase < ${TILE}; phase++) {
    for (let column: usize = 0; column < ${columnsBytes}; column += ${VECTOR}) {
      const from = phase * ${phaseBytes} + column
      const to: usize = ${half} + phase * ${HALF_PHASE_BYTES} + column
      ${each(quads, (i) => `const from${i} = rows${i} + from`)}
      ${each(taps, (y) => `const d${y} = ${row(y)}`)}
      ${windows((block, i, value) => store('to', value, (block * SIDE + i) * HALF_ROW_BYTES))}
    }
  }
  // Horizontal pass, for each row of R.
  for (let block: usize = 0; block < ${blocks}; block++) {
    let from: usize = ${half} + block * ${SIDE * HALF_ROW_BYTES}
    let to: usize = ${transformed} + at + block * ${blocks * GROUP_BYTES}
    for (let i = 0; i < ${SIDE}; i++) {
      ${each(
        vectors,
        (v) => `{
      ${each(taps, (x) => `const d${x} = ${column(x, v)}`)}
      ${windows((b, j, value) => store('to', value, j * frequencyBytes + b * GROUP_BYTES + v * VECTOR))}
      }`,
      )}
      from += ${HALF_ROW_BYTES}
      to += ${SIDE * frequencyBytes}
    }
  }
}
`
}

/**
 * Returns the source of `name(weights)`, the matrix product (GEMM) of four output channels, M[36][4][tiles], over
 * `depth` input channels (a number, or a variable's name). Weights are [36][depth][4]. The loop over the depth is not
 * unrolled, because unrolled code took 1.5 times as long.
 */
export function unrollMultiply(
  kind: Arithmetic,
  name: string,
  vectors: number,
  depth: number | string,
  { transformed, products, frequencyBytes }: WinogradPlaces,
): string {
  const sums = vectors * STEP
  const productsBytes = STEP * GROUP_BYTES
  const weights = spreadWeights(kind, 'u', 'u', STEP)
  const sumOf = (channel: number, vector: number) => `s${channel * vectors + vector}`
  const place = (i: number) => Math.floor(i / vectors) * GROUP_BYTES + (i % vectors) * VECTOR
  const addTo = (sum: string, channel: number, vector: number) => `${sum} = madd(u${channel}, v${vector}, ${sum})`
  return `
function ${name}(weights: usize): void {
  let v: usize = ${transformed}
  let u = weights
  const uBytes: usize = ${depth} * ${FOUR_WEIGHTS_BYTES}
  const vBytes: usize = ${frequencyBytes} - ${depth} * ${GROUP_BYTES}
  for (let m: usize = ${products}; m < ${products + FREQUENCIES * productsBytes}; m += ${productsBytes}) {
    ${each(sums, (i) => `let s${i} = f32x4.splat(0)`)}
    for (const end = u + uBytes; u < end; u += ${FOUR_WEIGHTS_BYTES}) {
      ${each(vectors, (i) => `const v${i} = ${load('v', i * VECTOR)}`)}
      ${each(STEP, (c) => `${weights[c]}\n${each(vectors, (i) => addTo(sumOf(c, i), c, i))}`)}
      v += ${GROUP_BYTES}
    }
    v += vBytes
    ${each(sums, (i) => store('m', `s${i}`, place(i)))}
  }
}
`
}

/**
 * What the output transform does with a sum before storing it. `relu` applies ReLU, `skip` adds a skip's pixel and then
 * applies ReLU, `linear` does nothing.
 */
export type Ending = 'relu' | 'skip' | 'linear'

/**
 * Returns the source of `name(to, stride, bias)`, the output transform of four channels, which converts M to [16
 * positions][4 channels][tiles], with positions `stride` bytes apart. With a skip the function has two more parameters:
 * the address of the tile in the plane that is added, and the address of the tile below. The pixels that are added
 * begin two pixels further down and to the right. The function computes the even rows of a tile first and then the odd
 * ones, middle columns first, so that at most 15 vectors are alive.
 */
export function unrollOutputTransform(name: string, vectors: number, ending: Ending, places: WinogradPlaces): string {
  const { products, channelBytes, four } = places
  const isSkip = ending === 'skip'
  const parameters = `to: usize, stride: usize, bias: usize${isSkip ? ', skip0: usize, skip1: usize' : ''}`
  const given = isSkip ? ', skip0 + v, skip1 + v' : ''
  const finish = (row: number, column: number, value: string) => {
    if (ending === 'linear') return value
    if (ending === 'relu') return `relu(${value})`
    const x = column + SKIP
    return `relu(add(${value}, ${load(`q${row} + ${x % TILE} * stride`, (x >> 2) * FLOAT)}))`
  }
  const skipRow = (row: number) => {
    const y = row + SKIP
    return isSkip ? `const q${row} = skip${y >> 2} + ${(y % TILE) * TILE} * stride` : ''
  }
  const fourTimes = (a: string, b: string) => `madd(v128.load(${four}), ${a}, ${b})`
  const product = (i: number, j: number) => load('m', (i * SIDE + j) * STEP * GROUP_BYTES)
  // In A^T the column of point 1 is all ones, so a bias that is added here reaches all 16 pixels.
  const at = (i: number, j: number) => (i === 1 && j === 1 ? `add(${product(1, 1)}, b)` : product(i, j))
  /**
   * Returns code that computes column j of A^T M in rows 0 and 2, as r0 and r2. `odd` does the same for rows 1 and 3.
   */
  const even = (j: number) => `
  const s${j} = add(${at(1, j)}, ${at(2, j)}), t${j} = add(${at(3, j)}, ${at(4, j)})
  const r0${j} = add(add(${at(0, j)}, s${j}), t${j})
  const r2${j} = ${fourTimes(`t${j}`, `s${j}`)}`
  const odd = (j: number) => `
  const d${j} = sub(${at(1, j)}, ${at(2, j)})
  let e${j} = sub(${at(3, j)}, ${at(4, j)})
  e${j} = add(e${j}, e${j})
  const r1${j} = add(d${j}, e${j})
  const r3${j} = add(${fourTimes(`e${j}`, `d${j}`)}, ${at(5, j)})`
  const middle = (row: number) => `
  const x${row} = add(r${row}1, r${row}2), y${row} = add(r${row}3, r${row}4)
  const g${row} = sub(r${row}1, r${row}2)
  let h${row} = sub(r${row}3, r${row}4)
  h${row} = add(h${row}, h${row})
  const p${row} = to + ${row * TILE} * stride
  ${skipRow(row)}
  ${store(`p${row} + stride`, finish(row, 1, `add(g${row}, h${row})`))}
  ${store(`p${row} + 2 * stride`, finish(row, 2, fourTimes(`y${row}`, `x${row}`)))}`
  const first = (row: number) => store(`p${row}`, finish(row, 0, `add(add(r${row}0, x${row}), y${row})`))
  const last = (row: number) =>
    store(`p${row} + 3 * stride`, finish(row, 3, `add(${fourTimes(`h${row}`, `g${row}`)}, r${row}5)`))
  const half = (column: (j: number) => string, rows: readonly number[]) => `
  const b = ${loadSplat('bias')}
  ${[1, 2, 3, 4].map(column).join('')}
  ${rows.map(middle).join('')}
  ${column(0)}
  ${rows.map(first).join('\n')}
  ${column(5)}
  ${rows.map(last).join('\n')}`
  return `
function ${name}Even(m: usize, ${parameters}): void {
  ${half(even, [0, 2])}
}
function ${name}Odd(m: usize, ${parameters}): void {
  ${half(odd, [1, 3])}
}
function ${name}(${parameters}): void {
  let m: usize = ${products}
  for (let c = 0; c < ${STEP}; c++) {
    for (let v: usize = 0; v < ${vectors * VECTOR}; v += ${VECTOR}) {
      ${name}Even(m + v, to + v, stride, bias${given})
      ${name}Odd(m + v, to + v, stride, bias${given})
    }
    m += ${GROUP_BYTES}
    to += ${channelBytes}
    ${isSkip ? `skip0 += ${channelBytes}\n    skip1 += ${channelBytes}` : ''}
    bias += ${FLOAT}
  }
}
`
}
