// All weights and biases of a network as one flat vector, layer by layer: w1, b1, w2, b2, ... Optimisers need no other
// structure.
import type { Layer, Network } from '../../worker/model/network.ts'

export function countParameters(network: Network): number {
  return network.layers.reduce((sum, { weights, bias }) => sum + weights.length + bias.length, 0)
}

/** Returns the weights and bias of each layer as views into `flat`: writing to a view writes to `flat`. */
export function viewParameters(network: Network, flat: Float32Array): { weights: Float32Array; bias: Float32Array }[] {
  let offset = 0
  const take = (length: number) => flat.subarray(offset, (offset += length))
  return network.layers.map((layer) => ({
    weights: take(layer.weights.length),
    bias: take(layer.bias.length),
  }))
}

/** Returns `network` with copies of the weights and biases in `flat`. */
export function unflattenParameters(network: Network, flat: Float32Array): Network {
  const views = viewParameters(network, flat)
  const layers: Layer[] = network.layers.map((layer, i) => ({
    ...layer,
    weights: views[i].weights.slice(),
    bias: views[i].bias.slice(),
  }))
  return { ...network, layers }
}

/** Returns a copy of all weights and biases of `network` as one vector. */
export function flattenParameters(network: Network): Float32Array {
  const flat = new Float32Array(countParameters(network))
  viewParameters(network, flat).forEach(({ weights, bias }, i) => {
    weights.set(network.layers[i].weights)
    bias.set(network.layers[i].bias)
  })
  return flat
}
