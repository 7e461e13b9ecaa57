// Creates optimisers by name. All are plain TypeScript on flat vectors, so that every engine follows the same loss
// curve and a checkpoint is a few arrays.
import type { Network } from '../../worker/model/network.ts'
import { createAdam } from './adam.ts'
import type { Optimizer } from './contract.ts'
import { createSgd } from './sgd.ts'
import { createSoap } from './soap.ts'

export const OPTIMIZERS = ['soap', 'adam', 'sgd'] as const
export type OptimizerName = (typeof OPTIMIZERS)[number]

export function createOptimizer(name: OptimizerName, network: Network): Optimizer {
  return { soap: createSoap, adam: createAdam, sgd: createSgd }[name](network)
}
