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
import { type Broadcast, broadcast, each, load, loadSplat, store } from './source.ts'

/** How far a skip's pixel lies to the right of and below its result: half of what two 3x3 layers take away. */
const SKIP = 2

/** B^T on six named vectors; `put(i, value)` stores frequency i. `four` is where a vector of fours lies. */
function inputTransform(d: readonly string[], four: number, put: (i: number, value: string) => string): string {
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

export interface InputTransform {
  readonly name: string
  /** Vectors of four tiles. */
  readonly vectors: number
  /** Blocks of 3x3 taps a side: the transform reads 4 + 3 blocks - 1 rows and as many columns. */
  readonly blocks: number
  /** Bytes between the phases and between the rows of the input: numbers, or names of what holds them. */
  readonly phaseBytes: number | string
  readonly rowBytes: number | string
  /** Slots of a row of R, and where R and V lie. */
  readonly halfSlots: number
  readonly half: number
  readonly transformed: number
  /** Bytes between two input channels of V, and between two frequencies. */
  readonly channelBytes: number
  readonly frequencyBytes: number
  /** See OutputTransform. */
  readonly four: number
}

/**
 * `function name(rows0, rows1, ..., at)`: the addresses of a plane of the input at the first tile, one for
 * every four rows, and where in V its first channel goes. Writes V, [36][blocks * blocks][tiles].
 */
export function transformInput(shape: InputTransform): string {
  const {
    name,
    vectors,
    blocks,
    phaseBytes,
    rowBytes,
    halfSlots,
    half,
    transformed,
    channelBytes,
    frequencyBytes,
    four,
  } = shape
  const taps = SIDE + BLOCK * (blocks - 1)
  const quads = Math.ceil(taps / TILE)
  // Tiles that the last columns reach beyond the group make one vector more.
  const columns = vectors + 1
  const rowOfHalf = TILE * halfSlots * TILE
  const row = (y: number) =>
    typeof rowBytes === 'number'
      ? load(`from${y >> 2}`, (y % TILE) * rowBytes)
      : load(`from${y >> 2} + ${y % TILE} * ${rowBytes}`)
  const windows = (put: (block: number, i: number, value: string) => string) =>
    each(blocks, (block) =>
      inputTransform(
        Array.from({ length: SIDE }, (_, i) => `d${BLOCK * block + i}`),
        four,
        (i, value) => put(block, i, value),
      ),
    )
  const parameters = Array.from({ length: quads }, (_, i) => `rows${i}: usize`)
  return `
function ${name}(${parameters.join(', ')}, at: usize): void {
  // Vertically: each phase and vector of tiles alone.
  for (let phase: usize = 0; phase < ${TILE}; phase++) {
    for (let column: usize = 0; column < ${columns * VECTOR}; column += ${VECTOR}) {
      const from = phase * ${phaseBytes} + column
      const to: usize = ${half} + phase * ${halfSlots * TILE} + column
      ${each(quads, (i) => `const from${i} = rows${i} + from`)}
      ${each(taps, (y) => `const d${y} = ${row(y)}`)}
      ${windows((block, i, value) => store('to', value, (block * SIDE + i) * rowOfHalf))}
    }
  }
  // Horizontally: each row of R.
  for (let block: usize = 0; block < ${blocks}; block++) {
    let from: usize = ${half} + block * ${SIDE * rowOfHalf}
    let to: usize = ${transformed} + at + block * ${blocks * channelBytes}
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
  /** Input channels: a number, or the name of what holds it. */
  readonly depth: number | string
  readonly transformed: number
  readonly channelBytes: number
  readonly frequencyBytes: number
  readonly products: number
  /** Bytes between two output channels of M. */
  readonly productBytes: number
  readonly broadcast: Broadcast
}

/**
 * `function name(weights)`: four output channels of all tiles, M[36][4][tiles]; weights are
 * [36][depth][4]. The loop over the depth stays rolled: written out it was half as fast again slower.
 */
export function multiply(shape: Gemm): string {
  const { name, vectors, depth, transformed, channelBytes, frequencyBytes, products, productBytes } = shape
  const sums = vectors * STEP
  const weights = broadcast(shape.broadcast, 'u', 'u', STEP)
  return `
function ${name}(weights: usize): void {
  let v: usize = ${transformed}
  let u = weights
  const uBytes: usize = ${depth} * ${STEP * TILE}
  const vBytes: usize = ${frequencyBytes} - ${depth} * ${channelBytes}
  for (let m: usize = ${products}; m < ${products + FREQUENCIES * STEP * productBytes}; m += ${STEP * productBytes}) {
    ${each(sums, (i) => `let s${i} = f32x4.splat(0)`)}
    for (const end = u + uBytes; u < end; u += ${STEP * TILE}) {
      ${each(vectors, (i) => `const v${i} = ${load('v', i * VECTOR)}`)}
      ${each(
        STEP,
        (c) => `${weights[c]}
      ${each(vectors, (i) => `s${c * vectors + i} = madd(u${c}, v${i}, s${c * vectors + i})`)}`,
      )}
      v += ${channelBytes}
    }
    v += vBytes
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
  /** Bytes between two channels of the result: a number, or the name of what holds it. */
  readonly channelBytes: number | string
  /** What becomes of a sum: ReLU; the pixel of a skip added and ReLU; or nothing. */
  readonly end: 'relu' | 'skip' | 'linear'
  /** Where a vector of fours lies. V8 makes a constant anew at each use, which takes longer than a load. */
  readonly four: number
}

/**
 * `function name(to, stride, bias)`: M of four channels into [16 positions][4 channels][tiles] after
 * bias and ReLU; positions lie `stride` bytes apart. With a skip two parameters more: where the tile begins
 * in what is added, which lies two pixels down and to the right, and the tile below that. In two halves, the even and the odd rows of a
 * tile, and their middle columns first: then no more than 15 vectors are alive.
 */
export function transformOutput(shape: OutputTransform): string {
  const { name, vectors, products, productBytes, channelBytes, end, four } = shape
  const skips = end === 'skip' ? ', skip0: usize, skip1: usize' : ''
  const pass = (offset: string) => (end === 'skip' ? `, skip0 + ${offset}, skip1 + ${offset}` : '')
  const finish = (row: number, column: number, value: string) => {
    if (end === 'linear') return value
    if (end === 'relu') return `relu(${value})`
    return `relu(add(${value}, ${load(`q${row} + ${(column + SKIP) % TILE} * stride`, ((column + SKIP) >> 2) * TILE)}))`
  }
  const skipRow = (row: number) => {
    const y = row + SKIP
    return end === 'skip' ? `const q${row} = skip${y >> 2} + ${(y % TILE) * TILE} * stride` : ''
  }
  const fourTimes = (a: string, b: string) => `madd(v128.load(${four}), ${a}, ${b})`
  const at = (i: number, j: number) =>
    // The column of A^T of point 1 is all ones: what is added there reaches all 16 pixels.
    i === 1 && j === 1
      ? `add(${load('m', (SIDE + 1) * STEP * productBytes)}, b)`
      : load('m', (i * SIDE + j) * STEP * productBytes)
  /** Column j of rows 0 and 2 of A^T M, as r0 and r2; or of rows 1 and 3. */
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
function ${name}Even(m: usize, to: usize, stride: usize, bias: usize${skips}): void {
  ${half(even, [0, 2])}
}
function ${name}Odd(m: usize, to: usize, stride: usize, bias: usize${skips}): void {
  ${half(odd, [1, 3])}
}
function ${name}(to: usize, stride: usize, bias: usize${skips}): void {
  let m: usize = ${products}
  for (let c = 0; c < ${STEP}; c++) {
    for (let v: usize = 0; v < ${vectors * VECTOR}; v += ${VECTOR}) {
      ${name}Even(m + v, to + v, stride, bias${pass('v')})
      ${name}Odd(m + v, to + v, stride, bias${pass('v')})
    }
    m += ${productBytes}
    to += ${channelBytes}
    ${end === 'skip' ? `skip0 += ${channelBytes}\n    skip1 += ${channelBytes}` : ''}
    bias += ${TILE}
  }
}
`
}
