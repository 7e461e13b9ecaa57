// All weights of a network as one flat vector, layer by layer: w1, b1, w2, b2, ... Optimisers need no more structure
// than that.
import type { Layer, Network } from '../../worker/model/network.ts'

export function countParameters(network: Network): number {
  return network.layers.reduce((sum, { weights, bias }) => sum + weights.length + bias.length, 0)
}

/** Returns views into `flat`, a pair per layer: writing to a view writes to `flat`. */
export function viewParameters(network: Network, flat: Float32Array): { weights: Float32Array; bias: Float32Array }[] {
  let offset = 0
  const take = (length: number) => flat.subarray(offset, (offset += length))
  return network.layers.map((layer) => ({
    weights: take(layer.weights.length),
    bias: take(layer.bias.length),
  }))
}

/** Returns `network` with its weights replaced by copies of those in `flat`. */
export function unflattenParameters(network: Network, flat: Float32Array): Network {
  const views = viewParameters(network, flat)
  const layers: Layer[] = network.layers.map((layer, i) => ({
    ...layer,
    weights: views[i].weights.slice(),
    bias: views[i].bias.slice(),
  }))
  return { ...network, layers }
}

/** Returns a copy of the weights of `network` as one vector. */
export function flattenParameters(network: Network): Float32Array {
  const flat = new Float32Array(countParameters(network))
  viewParameters(network, flat).forEach(({ weights, bias }, i) => {
    weights.set(network.layers[i].weights)
    bias.set(network.layers[i].bias)
  })
  return flat
}
