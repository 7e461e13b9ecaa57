// Reports the progress of making a picture. makeFile() itself reports no progress, so the progress is derived from its
// calls of the tools.
import type { Codec } from '../codec/contract.ts'
import type { Enlarger } from '../engine/enlarger.ts'
import { COST_OF_A_TURN } from '../engine/fused.ts'
import { costOf, type Network } from '../model/network.ts'
import type { Tools } from '../picture/makeFile.ts'
import type { Step } from './messages.ts'

/** Receives the current step, and how much of the step is done, 0..1. */
export type Tell = (step: Step, share: number) => void

export interface WatchedTools extends Tools {
  /** Must be called at each pause of the kernels. */
  onTurn(): void
}

/** Wraps tools so that they report progress to `tell`. `pixels` is the number of pixels of the enlarged picture. */
export function watched(
  { codec, enlarger, shrinker }: Tools,
  pixels: number,
  network: Network | undefined,
  tell: Tell,
): WatchedTools {
  const pixelsOfATurn = network ? COST_OF_A_TURN / costOf(network) : 0
  let done = 0
  let turns = 0
  const share = () => Math.min(1, (done + turns * pixelsOfATurn) / pixels)
  const watchedCodec: Codec = {
    decode(bytes, header) {
      tell('decode', 0)
      return codec.decode(bytes, header)
    },
    decodeRows(bytes, header, divisor, take) {
      tell('decode', 0)
      return codec.decodeRows(bytes, header, divisor, take)
    },
    encode(picture, as) {
      tell('encode', 0)
      return codec.encode(picture, as)
    },
  }
  const watchedEnlarger: Enlarger = {
    ...enlarger,
    merge(small, scale, region, target, layers) {
      enlarger.merge(small, scale, region, target, layers)
      done += region.width * region.height
      turns = 0
      tell('network', share())
    },
  }
  return {
    codec: watchedCodec,
    enlarger: watchedEnlarger,
    shrinker,
    onTurn() {
      turns++
      tell('network', share())
    },
  }
}
