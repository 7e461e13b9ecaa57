// The oracle: the network's definition, loop by loop, in f64. Slow (about 0.2 GMAC/s); other
// engines are compared with it. It serves where nothing else can run.
import type { Layer, Network, Padding } from '../model/network.ts'
import { haloOf } from '../model/network.ts'
import type { Engine, Planes } from './engine.ts'

export const reference: Engine = {
  name: 'reference',
  maxSide: Infinity,
  run: (network, input) => Promise.resolve(runReference(network, input)),
}

function runReference(network: Network, input: Planes): Planes {
  let planes = network.padding === 'edge' ? pad(input, haloOf(network), 'edge') : input
  network.layers.forEach((layer, i) => {
    if (network.padding === 'zero') planes = pad(planes, (layer.kernel - 1) / 2, 'zero')
    planes = convolve(planes, layer)
    if (i < network.layers.length - 1) planes = { ...planes, data: planes.data.map((v) => Math.max(0, v)) } // prettier-ignore
  })
  if (!network.residual) return planes
  return { ...planes, data: planes.data.map((v, i) => v + input.data[i]) }
}

/** [c, h, w] -> [c, h + 2 size, w + 2 size] */
function pad(input: Planes, size: number, padding: Padding): Planes {
  const { channels } = input
  const width = input.width + 2 * size
  const height = input.height + 2 * size
  const data = new Float32Array(channels * width * height)
  for (let c = 0, o = 0; c < channels; c++) {
    for (let y = -size; y < height - size; y++) {
      for (let x = -size; x < width - size; x++, o++) {
        const inside = x >= 0 && y >= 0 && x < input.width && y < input.height
        if (padding === 'zero' && !inside) continue
        const row = c * input.height + clamp(y, input.height - 1)
        data[o] = input.data[row * input.width + clamp(x, input.width - 1)]
      }
    }
  }
  return { channels, width, height, data }
}

/** Valid convolution: [inputs, h, w] -> [outputs, h - k + 1, w - k + 1] */
function convolve(input: Planes, { kernel, inputs, outputs, weights, bias }: Layer): Planes {
  const width = input.width - kernel + 1
  const height = input.height - kernel + 1
  const data = new Float32Array(outputs * width * height)
  const sums = new Float64Array(width * height)
  for (let o = 0; o < outputs; o++) {
    sums.fill(bias[o])
    for (let i = 0; i < inputs; i++) {
      for (let dy = 0; dy < kernel; dy++) {
        for (let dx = 0; dx < kernel; dx++) {
          const weight = weights[((o * inputs + i) * kernel + dy) * kernel + dx]
          for (let y = 0, p = 0; y < height; y++) {
            const row = (i * input.height + y + dy) * input.width + dx
            for (let x = 0; x < width; x++, p++) sums[p] += weight * input.data[row + x]
          }
        }
      }
    }
    data.set(sums, o * width * height)
  }
  return { channels: outputs, width, height, data }
}

function clamp(index: number, last: number): number {
  return Math.min(last, Math.max(0, index))
}
