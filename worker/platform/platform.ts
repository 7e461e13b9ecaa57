// What making pictures needs of a runtime. workers.ts, node.ts and playground/browserPlatform.ts each provide it.
import type { Codec } from '../codec/contract.ts'
import type { Engine } from '../engine/engine.ts'
import type { Enlarger } from '../engine/enlarger.ts'
import type { Manifest } from '../model/manifest.ts'
import type { Network } from '../model/network.ts'

/** A runtime's tools for making pictures; one for each isolate or process. */
export interface Platform {
  readonly codec: Codec
  /** Names the engines, and which builds of them, that run networks here. Part of cache keys. */
  readonly engines: string
  /** Returns the engine for a network. The engine's `run` rejects a network that it cannot run. */
  readonly engineFor: (network: Network) => Engine
  readonly enlarger: Enlarger
  readonly bundled: BundledModels
}

/** The weights that come with the package. */
export interface BundledModels {
  readonly manifest: Manifest
  /** Reads a file that the manifest names; returns undefined where it is missing. */
  read(file: string): Promise<ArrayBuffer | undefined>
}
