// Adam (Kingma and Ba, 2015) with the paper's constants.
import type { Network } from '../../worker/model/network.ts'
import { countParameters } from '../engine/parameters.ts'
import type { Optimizer } from './contract.ts'

const BETA1 = 0.9
const BETA2 = 0.999
const EPSILON = 1e-8

export function createAdam(network: Network): Optimizer {
  const length = countParameters(network)
  // Running means of the gradient and of its square.
  const mean = new Float32Array(length)
  const square = new Float32Array(length)
  return {
    state: { mean, square },
    update(parameters, gradients, rate, step) {
      // Both means start at zero; this factor corrects their bias.
      const scaledRate = (rate * Math.sqrt(1 - BETA2 ** step)) / (1 - BETA1 ** step)
      for (let i = 0; i < length; i++) {
        const gradient = gradients[i]
        mean[i] += (1 - BETA1) * (gradient - mean[i])
        square[i] += (1 - BETA2) * (gradient * gradient - square[i])
        parameters[i] -= (scaledRate * mean[i]) / (Math.sqrt(square[i]) + EPSILON)
      }
    },
  }
}
