// The contract of an engine, which runs a network on planes. An engine does not know HTTP, caches or codecs.
import type { Network } from '../model/network.ts'

/** `channels` planes of one size: data[(channel * height + y) * width + x]. */
export interface Planes {
  readonly channels: number
  readonly width: number
  readonly height: number
  readonly data: Float32Array
}

/**
 * The contract.
 * - `run` returns planes of `network.scale` times the input's size. The result depends on network and input alone, not
 *   on earlier calls. For a residual network that enlarges the result is the residual: the caller adds it to a bicubic
 *   enlargement.
 * - `network.padding` defines the values outside the input. Engines need not agree to the bit; they agree with
 *   `reference` to 1e-4.
 * - The input is neither changed nor kept. Values are not clamped. NaN in the input may give NaN in the result, but
 *   never a hang or a trap.
 * - A `run` that fails rejects. The engine stays usable, or rebuilds itself at the next call.
 * - The caller cuts inputs with a side above `maxSide` into tiles (upscale.ts does).
 */
export interface Engine {
  /** Its name in the header `X-SR`, e.g. `ort`. */
  readonly name: string
  /** The largest side of an input, in pixels: bounds the memory of a run. Infinity if there is no limit. */
  readonly maxSide: number
  /** CPU time of one multiplication, in ns, on the README's machine: for cost.ts. Only engines that serve need it. */
  readonly nsPerMac?: number
  /** `buffer` is an optional output buffer: an engine may write the result to its start and return a view of it. */
  run(network: Network, input: Planes, buffer?: Float32Array): Promise<Planes>
}
