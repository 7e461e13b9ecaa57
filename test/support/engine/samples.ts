// Seeded random networks, planes and pictures, and the difference of two results.
import type { Planes } from '../../../worker/engine/engine.ts'
import type { Plane, Rgba } from '../../../worker/image/plane.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { type Architecture, createNetwork, type Network, type Padding } from '../../../worker/model/network.ts'

/**
 * Returns a network with biases near 0 and He-initialised weights, which keep the values of all layers about as large
 * as the input's.
 */
export function sampleNetwork(architecture: Architecture, padding: Padding = 'edge', seed = 1): Network {
  const random = createRandom(seed)
  const network = createNetwork(architecture)
  for (const { kernel, inputs, weights, bias } of network.layers) {
    const deviation = Math.sqrt(2 / (inputs * kernel * kernel))
    weights.forEach((_, i) => (weights[i] = deviation * random.normal()))
    bias.forEach((_, i) => (bias[i] = 0.05 * random.normal()))
  }
  return { ...network, padding }
}

export function samplePlanes(channels: number, width: number, height: number, seed = 2): Planes {
  const random = createRandom(seed)
  const data = Float32Array.from({ length: channels * width * height }, () => random.next())
  return { channels, width, height, data }
}

export function samplePlane(width: number, height: number, seed = 3): Plane {
  const { data } = samplePlanes(1, width, height, seed)
  return { width, height, data }
}

export function sampleRgba(width: number, height: number, seed = 4): Rgba {
  const random = createRandom(seed)
  const data = Uint8Array.from({ length: 4 * width * height }, (_, i) => (i % 4 === 3 ? 255 : random.below(256)))
  return { width, height, data }
}

/** Returns the largest absolute difference: NaN if a value is NaN, Infinity if the lengths differ. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity
  let max = 0
  for (let i = 0; i < a.length; i++) max = Math.max(max, Math.abs(a[i] - b[i]))
  return max
}
