// The contract of an engine, which runs a network on planes. An engine does not know HTTP, caches or codecs.
import type { Network } from '../model/network.ts'

/** Planes of equal size in one array: data[(channel * height + y) * width + x]. */
export interface Planes {
  readonly channels: number
  readonly width: number
  readonly height: number
  readonly data: Float32Array
}

/**
 * The contract of an engine.
 * - `run` returns planes of `network.scale` times the input's size. The result depends on network and input, not on
 *   earlier calls. If a residual network enlarges, the result is only the residual, which the caller adds to a bicubic
 *   enlargement.
 * - `network.padding` defines the values outside the input. Results of engines need not be equal bit for bit, but are
 *   within 1e-4 of the results of `reference`.
 * - The input is neither changed nor kept. Values are not clamped. NaN in the input may give NaN in the result, but
 *   never a hang or a trap.
 * - A `run` that fails rejects. The engine stays usable, or rebuilds itself at the next call.
 * - The caller cuts inputs with a side above `maxSide` into tiles (upscale.ts does).
 */
export interface Engine {
  /** Name of the engine in the header `X-SR`, e.g. `ort`. */
  readonly name: string
  /** Maximum side of an input, in pixels, which bounds the memory of a run. Infinity if there is no limit. */
  readonly maxSide: number
  /**
   * CPU time of one multiplication on the README's machine, in ns. picture/cost.ts estimates the CPU time of requests
   * with it, so only engines that serve requests need it.
   */
  readonly nsPerMac?: number
  /** Runs `network` on `input`. An engine may write the result to the start of `buffer` and return a view of it. */
  run(network: Network, input: Planes, buffer?: Float32Array): Promise<Planes>
}
