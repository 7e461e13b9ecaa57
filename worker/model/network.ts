// A network as data: k x k convolutions with ReLU between them. There are two families.
//
// SRCNN (Dong et al., ECCV 2014; TPAMI 2016) works on planes that bicubic has already enlarged to the size of the
// result. The paper's network is 9-1-5 with 64 and 32 channels on luma; 9-3-5, 9-5-5 and deeper ones belong to the
// family, too.
//
//   x ─ conv(k1, c -> n1) ─ relu ─ conv(k2, n1 -> n2) ─ relu ─ ... ─ conv(kn, n -> c) ─(+ x)─ y
//
// Sub-pixel networks (Shi et al., CVPR 2016) work on the small picture: the last layer outputs s² values for each
// pixel, which depth-to-space arranges as s x s pixels. A layer with a skip connection adds the previous layer's input
// to its own output (He et al., CVPR 2016), so that deep networks can be trained.
//
//   x ─ conv ─ relu ─ ... ─ conv(kn, n -> c s²) ─ depth-to-space ─(+ bicubic)─ y
//
// Planes hold level / 255 (luma in studio range) and are not clamped. "Convolution" means cross-correlation, as in all
// frameworks: y[o](p) = bias[o] + sum_i,d w[o][i][d] * x[i](p + d - k/2).
import { ModelError } from './onnx.ts'

/** A convolution. In all layers except the last, a ReLU follows it. */
export interface Layer {
  /** Side of the square kernel, odd. */
  readonly kernel: number
  readonly inputs: number
  readonly outputs: number
  /** Shape [outputs][inputs][kernel][kernel]. */
  readonly weights: Float32Array
  /** Shape [outputs]. */
  readonly bias: Float32Array
  /** True if the input of the layer before this one is added to this layer's output, before the ReLU. */
  readonly hasSkip: boolean
}

/**
 * The values that the convolutions read outside the picture. `edge`: the network's input is padded once with its
 * outermost pixels (this project's networks, and the paper's test code). `zero`: the input of every layer is padded
 * with zeros (files of other projects).
 */
export type Padding = 'edge' | 'zero'

export interface Network {
  readonly layers: readonly Layer[]
  /** Side of the result divided by side of the input: 1, or 2 to 4 with depth-to-space. */
  readonly scale: number
  /**
   * True if the output of the last layer is added to the input (`scale` 1) or to the bicubic enlargement of the input
   * (`scale` 2 to 4).
   */
  readonly residual: boolean
  readonly padding: Padding
}

/** The shape of a network without its weights. */
export interface Architecture {
  /** Kernel sides, first to last, e.g. [9, 1, 5]. */
  readonly kernels: readonly number[]
  /** Channels between the layers, e.g. [64, 32]. */
  readonly widths: readonly number[]
  /** Channels of the input and of the result. Default 1: luma. */
  readonly channels?: number
  /** Indices of the layers that have a skip, from 0. Default: none. */
  readonly skips?: readonly number[]
  /** Side of the result divided by side of the input. Default 1. */
  readonly scale?: number
  /** See Network. Default false. */
  readonly residual?: boolean
}

export const SRCNN_915: Architecture = { kernels: [9, 1, 5], widths: [64, 32], residual: true }

/**
 * Returns a sub-pixel architecture: a 5x5 layer to `width` channels, `pairs` pairs of 3x3 layers with a skip around
 * each pair, and a 3x3 layer to the pixels of the result. The result is added to the bicubic enlargement.
 */
export function subPixelArchitecture(scale: number, width: number, pairs: number): Architecture {
  const inner = Array.from({ length: 2 * pairs }, () => 3)
  return {
    kernels: [5, ...inner, 3],
    widths: Array.from({ length: 2 * pairs + 1 }, () => width),
    skips: Array.from({ length: pairs }, (_, i) => 2 * (i + 1)),
    scale,
    residual: true,
  }
}

// Limits that protect against files that are made to exhaust time or memory. Useful networks stay far below the limits.
const MAX_LAYERS = 32
const MAX_KERNEL = 31
const MAX_CHANNELS = 512
export const MAX_SCALE = 4

/** Creates a network with zero weights, which a trainer fills. Throws a ModelError for an impossible shape. */
export function createNetwork(architecture: Architecture): Network {
  const { kernels, widths, channels = 1, skips = [], scale = 1, residual = false } = architecture
  if (widths.length !== kernels.length - 1) {
    throw new ModelError(`expected one width between each two of ${kernels.length} layers, got ${widths.length}`)
  }
  const counts = [channels, ...widths, channels * scale * scale]
  const layers = kernels.map((kernel, i) => ({
    kernel,
    inputs: counts[i],
    outputs: counts[i + 1],
    weights: new Float32Array(counts[i + 1] * counts[i] * kernel * kernel),
    bias: new Float32Array(counts[i + 1]),
    hasSkip: skips.includes(i),
  }))
  return checkNetwork({ layers, scale, residual, padding: 'edge' })
}

/** Returns the largest distance, in input pixels, at which the input affects a pixel of the result: 6 for 9-1-5. */
export function haloOf(network: Network): number {
  return network.layers.reduce((sum, { kernel }) => sum + (kernel - 1) / 2, 0)
}

/** Returns the number of channels of the input, which is also that of the result. */
export function channelsOf(network: Network): number {
  return network.layers[0].inputs
}

/** Returns the number of multiplications per pixel of the result: 8,032 for 9-1-5. */
export function costOf(network: Network): number {
  return network.layers.reduce((sum, { weights }) => sum + weights.length, 0) / network.scale ** 2
}

/**
 * Throws a ModelError if the network enlarges by a scale other than `scale`. A network that does not enlarge serves
 * every scale.
 */
export function requireScale(network: Network, scale: number): void {
  if (network.scale !== 1 && network.scale !== scale) {
    throw new ModelError(`expected a network for x${scale}, got one that enlarges x${network.scale}`)
  }
}

/**
 * Formats the shape of a network: kernels, then channels, e.g. `9-1-5 1-64-32-1 residual`. A `+` stands before a layer
 * that has a skip: `5-3+3-3 1-16-16-16-9 x3 residual`.
 */
export function describeNetwork(network: Network): string {
  const { layers, scale, residual } = network
  const kernels = layers.map(({ kernel, hasSkip }, i) => `${i === 0 ? '' : hasSkip ? '+' : '-'}${kernel}`).join('')
  const channels = [channelsOf(network), ...layers.map(({ outputs }) => outputs)].join('-')
  return `${kernels} ${channels}${scale > 1 ? ` x${scale}` : ''}${residual ? ' residual' : ''}`
}

/** Returns `network` if it is valid, else throws a ModelError. */
export function checkNetwork(network: Network): Network {
  const { layers, scale, residual } = network
  if (layers.length === 0) throw new ModelError('expected at least one layer')
  if (layers.length > MAX_LAYERS) throw new ModelError(`expected at most ${MAX_LAYERS} layers`)
  layers.forEach((layer, i) => {
    const { kernel, inputs, outputs } = layer
    const where = `layer ${i + 1}`
    if (kernel % 2 !== 1 || kernel > MAX_KERNEL) {
      throw new ModelError(`${where}: expected an odd kernel up to ${MAX_KERNEL}, got ${kernel}`)
    }
    for (const channels of [inputs, outputs]) {
      if (!Number.isInteger(channels) || channels < 1 || channels > MAX_CHANNELS) {
        throw new ModelError(`${where}: expected 1 to ${MAX_CHANNELS} channels, got ${channels}`)
      }
    }
    if (i > 0 && inputs !== layers[i - 1].outputs) {
      throw new ModelError(
        `${where}: expected ${layers[i - 1].outputs} input channels, the output of layer ${i}, got ${inputs}`,
      )
    }
    if (layer.hasSkip && (i === 0 || layers[i - 1].inputs !== outputs)) {
      const got = i === 0 ? 'a skip at the first layer' : `${layers[i - 1].inputs} in and ${outputs} out`
      throw new ModelError(`${where}: expected a skip over two layers with as many channels out as in, got ${got}`)
    }
    if (![...layer.weights, ...layer.bias].every(Number.isFinite)) {
      throw new ModelError(`${where}: expected finite weights, got NaN or infinity`)
    }
  })
  const [first, last] = [layers[0].inputs, layers[layers.length - 1].outputs]
  if (!Number.isInteger(scale) || scale < 1 || scale > MAX_SCALE) {
    throw new ModelError(`expected a scale from 1 to ${MAX_SCALE}, got ${scale}`)
  }
  if (first * scale * scale !== last) {
    const ratio = scale > 1 ? `${scale}² times as many` : 'as many'
    const kind = residual ? ' (residual)' : ''
    throw new ModelError(`expected ${ratio} channels out as in${kind}, got ${first} in and ${last} out`)
  }
  return network
}
