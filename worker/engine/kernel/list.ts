// The block behind the layers that skip zeros. After a ReLU most values are zero, and often a whole
// channel is in the pixels at hand; who adds zero times a weight changes no sum, so a layer that reads
// only the listed channels gives the same to the bit.
import { TILE } from './layout.ts'

export interface List {
  readonly name: string
  /** Bytes between two channels. */
  readonly channelBytes: number
  /** Where the list lies: i32 offsets of channels, one place more than there are. */
  readonly list: number
  /** The vectors of channel `a` that must be zero for it to be left out. */
  readonly vectors: readonly string[]
}

/** `function name(from, stride, channels): end of the list`. No branch depends on what is found. */
export function listChannels({ name, channelBytes, list, vectors }: List): string {
  return `
function ${name}(from: usize, stride: usize, channels: usize): usize {
  let end: usize = ${list}
  const last = channels * ${channelBytes}
  for (let c: usize = 0; c < last; c += ${channelBytes}) {
    const a = from + c
    i32.store(end, <i32>c)
    end += <usize>(v128.any_true(${vectors.reduce((all, one) => `v128.or(${all}, ${one})`)}) ? ${TILE} : 0)
  }
  return end
}
`
}

/** A loop over a list that ends at `end`, with the offset of each channel as `c`. */
export function forListed(list: number, body: string): string {
  return `for (let entry: usize = ${list}; entry < end; entry += ${TILE}) {
    const c = <usize>i32.load(entry)
    ${body}
  }`
}
