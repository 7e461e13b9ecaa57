// The oracle with which other engines are compared. It computes a network as it is defined, loop by loop, in f64. It is
// slow (about 0.2 GMAC/s), but runs everywhere.
import type { Layer, Network, Padding } from '../model/network.ts'
import { haloOf } from '../model/network.ts'
import type { Engine, Planes } from './engine.ts'

export const reference: Engine = {
  name: 'reference',
  maxSide: Infinity,
  nsPerMac: 5,
  run: (network, input) => Promise.resolve(runReference(network, input)),
}

function runReference(network: Network, input: Planes): Planes {
  const { layers, padding, scale, residual } = network
  let planes = padding === 'edge' ? pad(input, haloOf(network), 'edge') : input
  let before = planes // the input of the layer before
  layers.forEach((layer, i) => {
    const from = padding === 'zero' ? pad(planes, (layer.kernel - 1) / 2, 'zero') : planes
    const skipped = before
    before = planes
    planes = convolve(from, layer)
    if (layer.hasSkip) planes = add(planes, skipped)
    if (i < layers.length - 1) planes = { ...planes, data: planes.data.map((v) => Math.max(0, v)) }
  })
  if (scale > 1) return depthToSpace(planes, scale)
  return residual ? add(planes, input) : planes
}

/** Returns the sum of `planes` and `other`. If `other` is larger, only its middle is added. */
function add(planes: Planes, other: Planes): Planes {
  const { channels, width, height } = planes
  const margin = (other.width - width) / 2
  const data = planes.data.slice()
  for (let c = 0, o = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const row = (c * other.height + margin + y) * other.width + margin
      for (let x = 0; x < width; x++, o++) data[o] += other.data[row + x]
    }
  }
  return { channels, width, height, data }
}

/**
 * Rearranges channels to pixels: [c s², h, w] -> [c, h s, w s], where s is `scale`. Channel (c s + dy) s + dx contains
 * the pixels at (dx, dy) of each s x s block.
 */
export function depthToSpace(planes: Planes, scale: number): Planes {
  const channels = planes.channels / scale ** 2
  const width = planes.width * scale
  const height = planes.height * scale
  const data = new Float32Array(channels * width * height)
  for (let c = 0, o = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, o++) {
        const channel = (c * scale + (y % scale)) * scale + (x % scale)
        const row = channel * planes.height + Math.floor(y / scale)
        data[o] = planes.data[row * planes.width + Math.floor(x / scale)]
      }
    }
  }
  return { channels, width, height, data }
}

/** Pads each channel: [c, h, w] -> [c, h + 2 size, w + 2 size]. */
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

/** Returns the valid convolution: [inputs, h, w] -> [outputs, h - k + 1, w - k + 1]. */
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
