// Unrolls layer 3 of srcnn.as.ts, a 5x5 layer with one output channel. The layer multiplies a row of features, in four
// tiles and in the tile to the right of each, by the 5x5 weights, and adds the products to five rows of sums. Two
// phases of a tile are computed at a time, which makes 10 sums, because each phase needs a sum for each row of taps.
import type { Arithmetic } from './arithmetic.ts'
import {
  AT,
  FEATURE_CHANNEL_BYTES,
  FEATURE_PHASE_BYTES,
  FLOAT,
  KERNEL_3,
  PHASE_BYTES,
  TILE,
  WEIGHTS_3,
} from './layout.ts'
import { each, numbered, load, spreadWeights, store } from './unroll.ts'

const PAIR = 2
const WEIGHT_BYTES = WEIGHTS_3 * FLOAT
/** Shift that converts a channel's offset in the features to its offset in the weights. */
const SHIFT = Math.log2(FEATURE_CHANNEL_BYTES / WEIGHT_BYTES)

/**
 * Returns the source of `scatter0` and `scatter1(from, weights, end, to0, to1, to2, to3, to4)`. `scatter0` computes
 * phases 0 and 1 of the sums, `scatter1` phases 2 and 3. Both read the channels in the list that ends at `end`, and add
 * the products of row i of the taps to the row of sums at `to{i}`.
 */
export function unrollScatter(kind: Arithmetic): string {
  const weights = spreadWeights(kind, 'w', 'w', KERNEL_3 * KERNEL_3)
  const column = (x: number) => load('a', (x % TILE) * FEATURE_PHASE_BYTES + (x >> 2) * FLOAT)
  const multiply = (dx: number, dy: number) => {
    const tap = dx * KERNEL_3 + dy
    const [left, right] = [`s${PAIR * dy}`, `s${PAIR * dy + 1}`]
    return `${weights[tap]}
      ${left} = madd(w${tap}, x${dx}, ${left})
      ${right} = madd(w${tap}, x${dx + 1}, ${right})`
  }
  const addTo = (dy: number, i: number, phase: number) => {
    const at = phase * PHASE_BYTES
    return store(`to${dy}`, `add(${load(`to${dy}`, at)}, s${PAIR * dy + i})`, at)
  }
  return each(TILE / PAIR, (pair) => {
    const first = pair * PAIR
    return `
function scatter${pair}(from: usize, weights: usize, end: usize, ${numbered(KERNEL_3, 'to', ': usize')}): void {
  ${each(KERNEL_3 * PAIR, (i) => `let s${i} = f32x4.splat(0)`)}
  for (let entry: usize = ${AT.list}; entry < end; entry += ${FLOAT}) {
    const c = <usize>i32.load(entry)
    const a = from + c
    const w = weights + (c >> ${SHIFT})
    const x0 = ${column(first)}
    ${each(KERNEL_3, (dx) => {
      const next = `const x${dx + 1} = ${column(first + dx + 1)}`
      return `${next}\n${each(KERNEL_3, (dy) => multiply(dx, dy))}`
    })}
  }
  ${each(KERNEL_3, (dy) => each(PAIR, (i) => addTo(dy, i, first + i)))}
}
`
  })
}
