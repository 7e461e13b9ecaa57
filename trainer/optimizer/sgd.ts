// Gradient descent with momentum, as in the SRCNN authors' Caffe solver: v = 0.9 v + rate * g,
// w -= v. The last layer's weights and every bias move at a tenth of the rate (lr_mult 0.1 in
// their SRCNN_net.prototxt; "the last layer's rate is 1e-5" in the paper).
import type { Network } from '../../worker/model/network.ts'
import { countParameters, viewParameters } from '../engine/parameters.ts'
import type { Optimizer } from './contract.ts'

const MOMENTUM = 0.9
const SLOW = 0.1

export function createSgd(network: Network): Optimizer {
  const length = countParameters(network)
  const velocity = new Float32Array(length)
  const multipliers = new Float32Array(length).fill(1)
  viewParameters(network, multipliers).forEach(({ weights, bias }, i, { length: layers }) => {
    bias.fill(SLOW)
    if (i === layers - 1) weights.fill(SLOW)
  })
  return {
    state: { velocity },
    update(parameters, gradients, rate) {
      for (let i = 0; i < length; i++) {
        velocity[i] = MOMENTUM * velocity[i] + rate * multipliers[i] * gradients[i]
        parameters[i] -= velocity[i]
      }
    },
  }
}
