// The block for a 1x1 layer behind a ReLU, where about half of all values are zero: first a list of
// the channels that are not all zero in eight pixels, then a GEMM over that list. Adding zero times a
// weight changes no sum, so the result is the same to the bit as without the list.
import { STEP, TILE, VECTOR } from './layout.ts'
import { each, load, loadSplat, store } from './source.ts'

export interface Pointwise {
  readonly name: string
  /** Bytes between two channels of the input. */
  readonly channelBytes: number
  readonly list: number
  /** Bytes between two channels of the result, and between the two vectors of the pair. */
  readonly outBytes: number
  readonly pairBytes: number
}

/**
 * `function name(from, stride, inputs, weights, bias, to, outputs)`: two vectors, at `from` and `stride` bytes
 * on, through all output channels with bias and ReLU. Weights are [outputs / 4][inputs][4].
 */
export function pointwise({ name, channelBytes, list, outBytes, pairBytes }: Pointwise): string {
  // A channel's offset in the input, as listed, is this power of two times its offset in the weights.
  const shift = Math.log2(channelBytes / (STEP * TILE))
  return `
function ${name}(
  from: usize, stride: usize, inputs: usize, weights: usize, bias: usize, to: usize, outputs: usize,
): void {
  let end: usize = ${list}
  const inputsEnd = inputs * ${channelBytes}
  for (let c: usize = 0; c < inputsEnd; c += ${channelBytes}) {
    const a = from + c
    i32.store(end, <i32>c)
    end += <usize>(v128.any_true(v128.or(${load('a')}, v128.load(a + stride))) ? 4 : 0)
  }
  const weightsBytes = inputs * ${STEP * TILE}
  for (const last = to + outputs * ${outBytes}; to < last; to += ${STEP * outBytes}) {
    ${each(
      STEP,
      (c) => `let s${c} = ${loadSplat('bias', c * TILE)}
    let t${c} = s${c}`,
    )}
    for (let entry: usize = ${list}; entry < end; entry += 4) {
      const c = <usize>i32.load(entry)
      const a = from + c
      const w = weights + (c >> ${shift})
      const x = ${load('a')}
      const y = v128.load(a + stride)
      ${each(
        STEP,
        (o) => `const w${o} = ${loadSplat('w', o * TILE)}
      s${o} = madd(w${o}, x, s${o})
      t${o} = madd(w${o}, y, t${o})`,
      )}
    }
    ${each(
      STEP,
      (o) => `${store('to', `relu(s${o})`, o * outBytes)}
    ${store('to', `relu(t${o})`, o * outBytes + pairBytes)}`,
    )}
    weights += weightsBytes
    bias += ${VECTOR}
  }
}
`
}
