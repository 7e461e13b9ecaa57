// The block for a k x k layer with one output channel: every row of features is added, weighted, to the
// k rows of the result that it reaches. So no more rows of features than one exist at a time.
import { TILE } from './layout.ts'
import { each, load, loadSplat, store } from './source.ts'

export interface Scatter {
  readonly name: string
  readonly kernel: number
  /** Bytes between two phases and two channels of the features. */
  readonly phaseBytes: number
  readonly channelBytes: number
  readonly outPhaseBytes: number
}

/** Phases of a tile that are computed at a time: with 5 rows of taps they make 10 sums. */
const PAIR = 2

/**
 * `function name(from, weights, channels, to0, to1, ...)`: the features of four tiles and those right of
 * them, times weights [channels][k][k], added to the tiles at to0 (which row 0 of the taps reaches),
 * to1, ...
 */
export function scatter({
  name,
  kernel,
  phaseBytes,
  channelBytes,
  outPhaseBytes,
}: Scatter): string {
  const targets = Array.from({ length: kernel }, (_, dy) => `to${dy}: usize`)
  const column = (x: number) => load('a', (x % TILE) * phaseBytes + (x >> 2) * TILE)
  return each(TILE / PAIR, (pair) => {
    const first = pair * PAIR
    return `
function ${name}${pair}(from: usize, weights: usize, channels: usize, ${targets.join(', ')}): void {
  ${each(kernel * PAIR, (i) => `let s${i} = f32x4.splat(0)`)}
  let w = weights
  const end = from + channels * ${channelBytes}
  for (let a = from; a < end; a += ${channelBytes}) {
    const x0 = ${column(first)}
    ${each(
      kernel,
      (dx) => `const x${dx + 1} = ${column(first + dx + 1)}
    ${each(
      kernel,
      (dy) => `{
      const k = ${loadSplat('w', (dy * kernel + dx) * TILE)}
      s${PAIR * dy} = madd(k, x${dx}, s${PAIR * dy})
      s${PAIR * dy + 1} = madd(k, x${dx + 1}, s${PAIR * dy + 1})
    }`,
    )}`,
    )}
    w += ${kernel * kernel * TILE}
  }
  ${each(kernel, (dy) =>
    each(PAIR, (i) => {
      const at = (first + i) * outPhaseBytes
      return store(`to${dy}`, `add(${load(`to${dy}`, at)}, s${PAIR * dy + i})`, at)
    }),
  )}
}
`
  })
}

/** `function name(at, channels)`: the last tile of a group becomes the one before the next group. */
export function carry(
  name: string,
  { phaseBytes, channelBytes }: Scatter,
  from: number,
  to: number,
): string {
  return `
function ${name}(at: usize, channels: usize): void {
  for (const end = at + channels * ${channelBytes}; at < end; at += ${channelBytes}) {
    ${each(TILE, (p) => `f32.store(at, f32.load(at, ${p * phaseBytes + from * TILE}), ${p * phaseBytes + to * TILE})`)}
  }
}
`
}
