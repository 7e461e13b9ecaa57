// The block for a k x k layer with one output channel: every row of features is added, weighted, to the
// k rows of the result that it reaches. So no more rows of features than one exist at a time. Channels
// that are all zero in the tiles at hand are skipped.
import { TILE } from './layout.ts'
import { forListed, listChannels } from './list.ts'
import { type Broadcast, broadcast, each, load, store } from './source.ts'

export interface Scatter {
  readonly name: string
  readonly kernel: number
  /** Bytes between two phases and two channels of the features, and from a channel's weights to the next. */
  readonly phaseBytes: number
  readonly channelBytes: number
  readonly weightBytes: number
  readonly outPhaseBytes: number
  readonly list: number
  readonly broadcast: Broadcast
}

/** Phases of a tile that are computed at a time: with 5 rows of taps they make 10 sums. */
const PAIR = 2

/**
 * `function name(from, weights, channels, to0, to1, ...)`: the features of four tiles and those right of
 * them, times weights [channels][k columns][k rows], added to the tiles at to0 (which row 0 of the taps reaches),
 * to1, ... Behind a channel's phases lies their union, of which the list is made.
 */
export function scatter(shape: Scatter): string {
  const { name, kernel, phaseBytes, channelBytes, weightBytes, outPhaseBytes, list } = shape
  const targets = Array.from({ length: kernel }, (_, dy) => `to${dy}`)
  const parameters = targets.map((target) => `${target}: usize`).join(', ')
  const column = (x: number) => load('a', (x % TILE) * phaseBytes + (x >> 2) * TILE)
  const union = TILE * phaseBytes
  const spread = broadcast(shape.broadcast, 'w', 'w', kernel * kernel)
  const shift = Math.log2(channelBytes / weightBytes)
  const pairs = each(TILE / PAIR, (pair) => {
    const first = pair * PAIR
    return `
function ${name}${pair}(from: usize, weights: usize, end: usize, ${parameters}): void {
  ${each(kernel * PAIR, (i) => `let s${i} = f32x4.splat(0)`)}
  ${forListed(
    list,
    `const a = from + c
    const w = weights + (c >> ${shift})
    const x0 = ${column(first)}
    ${each(
      kernel,
      (dx) => `const x${dx + 1} = ${column(first + dx + 1)}
    ${each(
      kernel,
      (dy) => `${spread[dx * kernel + dy]}
      s${PAIR * dy} = madd(w${dx * kernel + dy}, x${dx}, s${PAIR * dy})
      s${PAIR * dy + 1} = madd(w${dx * kernel + dy}, x${dx + 1}, s${PAIR * dy + 1})`,
    )}`,
    )}`,
  )}
  ${each(kernel, (dy) =>
    each(PAIR, (i) => {
      const at = (first + i) * outPhaseBytes
      return store(`to${dy}`, `add(${load(`to${dy}`, at)}, s${PAIR * dy + i})`, at)
    }),
  )}
}
`
  })
  return `
${listChannels({ name: `${name}List`, channelBytes, list, vectors: [load('a', union), load('a', union + TILE)] })}
${pairs}
function ${name}(from: usize, weights: usize, channels: usize, ${parameters}): void {
  const end = ${name}List(from, 0, channels)
  ${each(TILE / PAIR, (pair) => `${name}${pair}(from, weights, end, ${targets.join(', ')})`)}
}
`
}

/**
 * `function name(at, channels)`: the last tile of a group becomes the one before the next group, and
 * its unions are empty.
 */
export function carry(
  name: string,
  { phaseBytes, channelBytes }: Pick<Scatter, 'phaseBytes' | 'channelBytes'>,
  from: number,
  to: number,
): string {
  const tile = (phase: number, slot: number) => phase * phaseBytes + slot * TILE
  return `
function ${name}(at: usize, channels: usize): void {
  for (const end = at + channels * ${channelBytes}; at < end; at += ${channelBytes}) {
    ${each(TILE + 1, (p) => `f32.store(at, f32.load(at, ${tile(p, from)}), ${tile(p, to)})`)}
    ${each((from - to) / TILE, (v) => store('at', 'f32x4.splat(0)', tile(TILE, to + 1 + v * TILE)))}
  }
}
`
}
