// What making pictures needs of a runtime: workers.ts, node.ts and playground/browserPlatform.ts give it.
import type { Codec } from '../codec/contract.ts'
import type { Engine } from '../engine/engine.ts'
import type { Enlarger } from '../engine/enlarger.ts'
import type { Network } from '../model/network.ts'
import type { BundledModels } from '../picture/models.ts'

/** What a runtime lends to whoever makes pictures; one for each isolate or process. */
export interface Platform {
  readonly codec: Codec
  /** Which engines, and which builds of them, networks run on here: what stands for them in cache keys. */
  readonly engines: string
  /** What runs a network; its `run` rejects one that nothing here can run. */
  readonly engineFor: (network: Network) => Engine
  readonly enlarger: Enlarger
  readonly bundled: BundledModels
}
