// A network as data: k x k convolutions with ReLU between them. Two families.
//
// SRCNN (Dong et al., ECCV 2014; TPAMI 2016) works on planes of the size of the result, enlarged by
// bicubic before. 9-1-5 with 64 and 32 channels on luma is the paper's; 9-3-5, 9-5-5 and deeper ones
// are members.
//
//   x ─ conv(k1, c -> n1) ─ relu ─ conv(k2, n1 -> n2) ─ relu ─ ... ─ conv(kn, n -> c) ─(+ x)─ y
//
// Sub-pixel networks (Shi et al., CVPR 2016) work on the small picture: the last layer gives s² values
// for each pixel, which depth-to-space lays out as s x s pixels. A layer with a skip adds what went
// into the layer before it (He et al., CVPR 2016), so that deep ones learn.
//
//   x ─ conv ─ relu ─ ... ─ conv(kn, n -> c s²) ─ depth-to-space ─(+ bicubic)─ y
//
// Planes hold level / 255 (luma in studio range) and are not clamped. Cross-correlation, as all
// frameworks compute "convolution": y[o](p) = bias[o] + sum_i,d w[o][i][d] * x[i](p + d - k/2).
import { ModelError } from './onnx.ts'

export interface Layer {
  /** Side of the square kernel, odd. */
  readonly kernel: number
  readonly inputs: number
  readonly outputs: number
  /** [outputs][inputs][kernel][kernel] */
  readonly weights: Float32Array
  /** [outputs] */
  readonly bias: Float32Array
  /** The input of the layer before this one is added to the output, before the ReLU. */
  readonly hasSkip: boolean
}

/**
 * What lies outside the picture. `edge`: its outermost pixels, repeated once around the network's
 * input (ours, as the paper's test code has it). `zero`: zeros around every layer's input (other
 * people's files).
 */
export type Padding = 'edge' | 'zero'

export interface Network {
  readonly layers: readonly Layer[]
  /** 1: the result is as large as the input. 2 to 4: so many times as large, by depth-to-space. */
  readonly scale: number
  /** The last layer puts out what is to be added: to the input, or where `scale` is not 1 to the bicubic enlargement. */
  readonly residual: boolean
  readonly padding: Padding
}

/** The shape of a network without its weights. */
export interface Architecture {
  /** Kernel sides, first to last, e.g. [9, 1, 5]. */
  readonly kernels: readonly number[]
  /** Channels between the layers, e.g. [64, 32]. */
  readonly widths: readonly number[]
  /** Channels in and out. Default 1: luma. */
  readonly channels?: number
  /** Layers that have a skip, counted from 0. Default none. */
  readonly skips?: readonly number[]
  /** Default 1. */
  readonly scale?: number
  readonly residual?: boolean
}

export const SRCNN_915: Architecture = { kernels: [9, 1, 5], widths: [64, 32], residual: true }

/**
 * 5x5 to `width` channels, `pairs` times two 3x3 layers with a skip around them, 3x3 to the pixels.
 * Residual over bicubic.
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

// Bounds that protect the reader from a file made to exhaust it, far above any useful member.
const MAX_LAYERS = 32
const MAX_KERNEL = 31
const MAX_CHANNELS = 512
export const MAX_SCALE = 4

/** A network with zero weights, for a trainer to fill. Throws a ModelError for an impossible shape. */
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

/** How far outside a pixel its result depends on the input, in pixels of the input: 6 for 9-1-5. */
export function haloOf(network: Network): number {
  return network.layers.reduce((sum, { kernel }) => sum + (kernel - 1) / 2, 0)
}

/** Channels in, which is also channels out. */
export function channelsOf(network: Network): number {
  return network.layers[0].inputs
}

/** Multiplications per pixel of the result: 8,032 for 9-1-5. */
export function costOf(network: Network): number {
  return network.layers.reduce((sum, { weights }) => sum + weights.length, 0) / network.scale ** 2
}

/** Throws a ModelError for a network that enlarges, but not to `scale`; one that does not serves every scale. */
export function requireScale(network: Network, scale: number): void {
  if (network.scale !== 1 && network.scale !== scale) {
    throw new ModelError(`expected a network for x${scale}, got one that enlarges x${network.scale}`)
  }
}

/** `9-1-5 1-64-32-1 residual`: kernels, then channels; `5-3+3-3 1-16-16-16-9 x3 residual`: a `+` before a layer that has a skip. */
export function describeNetwork(network: Network): string {
  const { layers, scale, residual } = network
  const kernels = layers.map(({ kernel, hasSkip }, i) => `${i === 0 ? '' : hasSkip ? '+' : '-'}${kernel}`).join('')
  const channels = [channelsOf(network), ...layers.map(({ outputs }) => outputs)].join('-')
  return `${kernels} ${channels}${scale > 1 ? ` x${scale}` : ''}${residual ? ' residual' : ''}`
}

/** Throws a ModelError for what is no network. */
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
        `${where}: expected ${layers[i - 1].outputs} input channels, as layer ${i} puts out, got ${inputs}`,
      )
    }
    if (layer.hasSkip && (i === 0 || layers[i - 1].inputs !== outputs)) {
      throw new ModelError(
        `${where}: expected a skip over two layers with as many channels out as in, got ${i === 0 ? 'one before them' : `${layers[i - 1].inputs} in and ${outputs} out`}`,
      )
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
    throw new ModelError(
      `expected ${scale > 1 ? `${scale}² times ` : ''}as many channels out as in${residual ? ' (residual)' : ''}, got ${first} in and ${last} out`,
    )
  }
  return network
}
