// What moves the weights, given their gradients. All optimisers are plain TypeScript on flat
// vectors, so that every engine follows the same curve and a checkpoint is a few arrays.
import type { Network } from '../../worker/model/network.ts'
import { createAdam } from './adam.ts'
import { createSgd } from './sgd.ts'
import { createSoap } from './soap.ts'

export interface Optimizer {
  /** Moves `parameters` in place. `step` counts from 1, `rate` is that step's learning rate. */
  update(parameters: Float32Array, gradients: Float32Array, rate: number, step: number): void
  /** All that the next step depends on besides its arguments; what is written to these is in force. */
  readonly state: Readonly<Record<string, Float32Array | Float64Array>>
}

export const OPTIMIZERS = ['soap', 'adam', 'sgd'] as const
export type OptimizerName = (typeof OPTIMIZERS)[number]

export function createOptimizer(name: OptimizerName, network: Network): Optimizer {
  return { soap: createSoap, adam: createAdam, sgd: createSgd }[name](network)
}
