// How far a picture is: told from what the engine and the enlarger are asked to do, for makeFile tells nothing.
import type { Codec } from '../codec/codec.ts'
import type { Enlarger } from '../engine/enlarger.ts'
import { COST_OF_A_TURN } from '../engine/fused.ts'
import { costOf, type Network } from '../model/network.ts'
import type { Tools } from '../picture/makeFile.ts'
import type { Stage } from './messages.ts'

/** Takes a stage and the share of it that is done, 0..1. */
export type Tell = (stage: Stage, share: number) => void

export interface Watched extends Tools {
  /** To be called at each pause of our kernels. */
  onTurn(): void
}

/** The same tools, which say where they are. `pixels` is how many the enlarged picture has. */
export function watched({ codec, enlarger }: Tools, pixels: number, network: Network | undefined, tell: Tell): Watched {
  const pixelsOfATurn = network ? COST_OF_A_TURN / costOf(network) : 0
  let done = 0
  let turns = 0
  const share = () => Math.min(1, (done + turns * pixelsOfATurn) / pixels)
  const watchedCodec: Codec = {
    decode(bytes, header) {
      tell('decode', 0)
      return codec.decode(bytes, header)
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
    onTurn() {
      turns++
      tell('network', share())
    },
  }
}
