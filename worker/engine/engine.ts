// What runs a network. An engine knows planes and weights; it knows no HTTP, no cache, no codec.
import type { Network } from '../model/network.ts'

/** `channels` planes of one size: data[(channel * height + y) * width + x]. A plane is one with channels = 1. */
export interface Planes {
  readonly channels: number
  readonly width: number
  readonly height: number
  readonly data: Float32Array
}

/**
 * The contract.
 * - `run` gives planes of `network.scale` times the input's size, a function of network and input
 *   alone: no state from an earlier call can be seen in a result. A residual network that enlarges
 *   has no bicubic enlargement at hand: what it gives is still to be added to one.
 * - Outside the input lies what `network.padding` says. Results need not be bit-equal between
 *   engines; they agree with `reference` to 1e-4.
 * - The input is neither changed nor kept. Values are not clamped. NaN in may give NaN out, never
 *   a hang or a trap.
 * - A failed `run` rejects, and the engine stays usable or rebuilds itself at the next call.
 * - Sides above `maxSide` are the caller's business to cut into tiles (upscale.ts does).
 */
export interface Engine {
  /** As it appears in `X-SR`, e.g. `ort`. */
  readonly name: string
  /** The largest side of an input in pixels, for memory's sake; Infinity for none. */
  readonly maxSide: number
  /** CPU time of a multiplication, in ns, on the README's machine: for cost.ts. Those that serve nothing have none. */
  readonly nsPerMac?: number
  /** The result may lie in `room`, if that is given: from its start, over what was there. */
  run(network: Network, input: Planes, room?: Float32Array): Promise<Planes>
}
