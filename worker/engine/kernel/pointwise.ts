// The block for a 1x1 layer behind a ReLU: a GEMM over the channels that are not all zero in the eight
// pixels at hand.
import { STEP, TILE, VECTOR } from './layout.ts'
import { forListed, listChannels } from './list.ts'
import { type Broadcast, broadcast, each, load, loadSplat, store } from './source.ts'

export interface Pointwise {
  readonly name: string
  /** Bytes between two channels of the input. */
  readonly channelBytes: number
  readonly list: number
  /** Bytes between two channels of the result, and between the two vectors of the pair. */
  readonly outBytes: number
  readonly pairBytes: number
  readonly broadcast: Broadcast
}

/**
 * `function name(from, stride, inputs, weights, bias, to, outputs, union)`: two vectors, at `from` and
 * `stride` bytes on, through all output channels with bias and ReLU. Weights are
 * [outputs / 4][inputs][4].
 */
export function pointwise(shape: Pointwise): string {
  const { name, channelBytes, list, outBytes, pairBytes } = shape
  const spread = broadcast(shape.broadcast, 'w', 'w', STEP)
  // A channel's offset in the input, as listed, is this power of two times its offset in the weights.
  const shift = Math.log2(channelBytes / (STEP * TILE))
  return `
${listChannels({ name: `${name}List`, channelBytes, list, vectors: [load('a'), 'v128.load(a + stride)'] })}
function ${name}(
  from: usize, stride: usize, inputs: usize, weights: usize, bias: usize, to: usize, outputs: usize, union: usize,
): void {
  const end = ${name}List(from, stride, inputs)
  const weightsBytes = inputs * ${STEP * TILE}
  for (const last = to + outputs * ${outBytes}; to < last; to += ${STEP * outBytes}) {
    ${each(
      STEP,
      (c) => `let s${c} = ${loadSplat('bias', c * TILE)}
    let t${c} = s${c}`,
    )}
    ${forListed(
      list,
      `const a = from + c
    const w = weights + (c >> ${shift})
    const x = ${load('a')}
    const y = v128.load(a + stride)
    ${each(
      STEP,
      (o) => `${spread[o]}
    s${o} = madd(w${o}, x, s${o})
    t${o} = madd(w${o}, y, t${o})`,
    )}`,
    )}
    ${each(
      STEP,
      (o) => `s${o} = relu(s${o})
    t${o} = relu(t${o})
    ${store('to', `s${o}`, o * outBytes)}
    ${store('to', `t${o}`, o * outBytes + pairBytes)}
    ${store('union', `v128.or(v128.or(s${o}, t${o}), ${load('union', o * outBytes)})`, o * outBytes)}`,
    )}
    weights += weightsBytes
    bias += ${VECTOR}
    union += ${STEP * outBytes}
  }
}
`
}
