// What a runtime must provide for making pictures. workers.ts, node.ts and playground/browserPlatform.ts provide it for
// Workers, Node and browsers.
import type { Codec } from '../codec/contract.ts'
import type { Engine } from '../engine/engine.ts'
import type { Enlarger } from '../engine/enlarger.ts'
import type { Shrinker } from '../image/shrink.ts'
import type { Manifest } from '../model/manifest.ts'
import type { Network } from '../model/network.ts'
import type { Limits } from './limits.ts'

/** The tools of a runtime for making pictures. An isolate or a process has one Platform. */
export interface Platform {
  readonly codec: Codec
  /** Names of the engines that run networks here, and of their builds. Part of cache keys. */
  readonly engines: string
  /** Returns the engine for a network. The engine's `run` rejects a network that it cannot run. */
  readonly engineFor: (network: Network) => Engine
  readonly enlarger: Enlarger
  readonly shrinker: Shrinker
  readonly bundled: BundledModels
  /** The largest pictures that can be made here. */
  readonly limits: Limits
  /**
   * True if a Response does not need the array any more that it was made of, as the Fetch standard demands. The array can
   * then be freed before the answer was sent.
   */
  readonly copiesBodies: boolean
  /** Default of the option `visitor`. */
  readonly visitorOf?: (request: Request) => string | undefined
}

/** The weights that come with the package. */
export interface BundledModels {
  readonly manifest: Manifest
  /** Reads a file that the manifest names. Returns undefined if it is missing. */
  read(file: string): Promise<ArrayBuffer | undefined>
}
