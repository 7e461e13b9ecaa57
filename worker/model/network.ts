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
import { type OnnxConstant, type OnnxGraph, type OnnxNode, decodeOnnx, encodeOnnx, ModelError } from './onnx.ts' // prettier-ignore

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
const MAX_SCALE = 4

/** A network with zero weights, for a trainer to fill. Throws a ModelError for an impossible shape. */
export function createNetwork(architecture: Architecture): Network {
  const { kernels, widths, channels = 1, skips = [], scale = 1, residual = false } = architecture
  if (widths.length !== kernels.length - 1) {
    throw new ModelError(
      `expected one width between each two of ${kernels.length} layers, got ${widths.length}`,
    )
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
  return checked({ layers, scale, residual, padding: 'edge' })
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
    throw new ModelError(
      `expected a network for x${scale}, got one that enlarges x${network.scale}`,
    )
  }
}

/** `9-1-5 1-64-32-1 residual`: kernels, then channels; `5-3+3-3 1-16-16-16-9 x3 residual`: a `+` before a layer that has a skip. */
export function describeNetwork(network: Network): string {
  const { layers, scale, residual } = network
  const kernels = layers.map(({ kernel, hasSkip }, i) => `${i === 0 ? '' : hasSkip ? '+' : '-'}${kernel}`).join('') // prettier-ignore
  const channels = [channelsOf(network), ...layers.map(({ outputs }) => outputs)].join('-')
  return `${kernels} ${channels}${scale > 1 ? ` x${scale}` : ''}${residual ? ' residual' : ''}`
}

/**
 * The network as an ONNX file: input `x` and output `y`, both f32 [1, channels, height, width]. Where
 * the network enlarges, `y` is `scale` times as large; where it is residual, too, there is a second
 * input of that size, `bicubic`, to which it adds.
 */
export function encodeNetwork(network: Network): Uint8Array<ArrayBuffer> {
  const { layers, scale, residual, padding } = network
  const nodes: OnnxNode[] = []
  const constants = new Map<string, OnnxConstant>()
  const integers = (name: string, values: readonly number[]) => {
    constants.set(name, { dims: [values.length], values })
    return name
  }
  let current = 'x'
  /** What goes into the network's next value, and what that is called. */
  const add = (op: string, inputs: readonly string[], output: string, attributes: OnnxNode['attributes'] = {}) => {
    nodes.push({ op, inputs, outputs: [output], attributes })
    current = output
  } // prettier-ignore
  const halo = haloOf(network)
  if (padding === 'edge') {
    const pads = integers('pads', [0, 0, halo, halo, 0, 0, halo, halo])
    add('Pad', ['x', pads], 'padded', { mode: 'edge' })
  }
  const taken: string[] = [] // by each layer
  layers.forEach(({ kernel, inputs, outputs, weights, bias, hasSkip }, i) => {
    const isLast = i === layers.length - 1
    const isEnd = isLast && scale === 1 && !residual
    const name = (what: string) => `${what}${i + 1}`
    constants.set(name('w'), { dims: [outputs, inputs, kernel, kernel], values: weights })
    constants.set(name('b'), { dims: [outputs], values: bias })
    const pad = padding === 'zero' ? (kernel - 1) / 2 : 0
    taken.push(current)
    add('Conv', [current, name('w'), name('b')], isEnd && !hasSkip ? 'y' : name('conv'), {
      kernel_shape: [kernel, kernel],
      pads: [pad, pad, pad, pad],
    })
    if (hasSkip) {
      const convolved = current
      const margin = skipMargin(network.layers, i, padding)
      let skipped = taken[i - 1]
      if (margin > 0) {
        const [from, to] = [integers(name('from'), [margin, margin]), integers(name('to'), [-margin, -margin])] // prettier-ignore
        add('Slice', [skipped, from, to, integers('axes', PICTURE_AXES)], name('skip'))
        skipped = current
      }
      add('Add', [convolved, skipped], isEnd ? 'y' : name('sum'))
    }
    if (!isLast) add('Relu', [current], name('relu'))
  })
  if (scale > 1) {
    const attributes = { blocksize: scale, mode: 'CRD' }
    add('DepthToSpace', [current], residual ? 'detail' : 'y', attributes)
  }
  if (residual) add('Add', [current, scale > 1 ? 'bicubic' : 'x'], 'y')

  const channels = channelsOf(network)
  const small = [1, channels, 'height', 'width']
  const large = scale > 1 ? [1, channels, `${scale} height`, `${scale} width`] : small
  return encodeOnnx({
    nodes,
    constants,
    inputs: [
      { name: 'x', dims: small },
      ...(scale > 1 && residual ? [{ name: 'bicubic', dims: large }] : []),
    ],
    outputs: [{ name: 'y', dims: large }],
  })
}

/** Of [1, channels, height, width] */
const PICTURE_AXES = [2, 3]

/** How much larger than the output of layer `i`, on each side, what its skip adds is. */
function skipMargin(layers: readonly Pick<Layer, 'kernel'>[], i: number, padding: Padding): number {
  return padding === 'zero' ? 0 : (layers[i - 1].kernel - 1) / 2 + (layers[i].kernel - 1) / 2
}

/**
 * Reads what encodeNetwork writes, from any writer: at most one Pad (mode edge, half the receptive
 * field) in front of valid convolutions, or zero padding in each convolution; ReLU between them;
 * before a ReLU an Add of what went into the layer before, cut to size by a Slice; then at most one
 * DepthToSpace; at most one Add of the input at the end, or behind DepthToSpace of a second input.
 * Anything else is a ModelError that says what was expected.
 */
export function decodeNetwork(file: Uint8Array): Network {
  const graph = decodeOnnx(file)
  const [input, bicubic] = graph.inputs.map(({ name }) => name)
  const enlarges = graph.nodes.some(({ op }) => op === 'DepthToSpace')
  if (
    graph.outputs.length !== 1 ||
    graph.inputs.length < 1 ||
    graph.inputs.length > (enlarges ? 2 : 1)
  ) {
    throw new ModelError(
      `expected one input and one output, got ${graph.inputs.length} and ${graph.outputs.length}`,
    )
  }
  const nodes = graph.nodes.filter(({ op }) => op !== 'Slice')
  const slices = graph.nodes.filter(({ op }) => op === 'Slice')
  let current = input
  /** Takes the next node if it is an `op` on the chain's end. */
  const take = (op: string): OnnxNode | undefined => {
    if (nodes[0]?.op !== op) return undefined
    const { inputs } = nodes[0]
    if (op === 'Add' ? !inputs.includes(current) : inputs[0] !== current) return undefined
    const node = nodes.shift()!
    current = node.outputs[0]
    return node
  }
  /** Takes the next node if it is an Add of `other` to the chain's end. */
  const takeAddOf = (other: string) => (nodes[0]?.inputs.includes(other) ? take('Add') : undefined)

  const pad = take('Pad')
  const layers: Layer[] = []
  const paddings: number[] = []
  const taken: string[] = []
  for (let isFirst = true; isFirst || take('Relu'); isFirst = false) {
    taken.push(current)
    const conv = take('Conv')
    if (!conv) throw unexpected(nodes[0], `Conv as layer ${layers.length + 1}`)
    const [layer, padding] = readLayer(graph, conv, layers.length + 1)
    paddings.push(padding)
    layers.push(layer)
    if (layers.length > MAX_LAYERS) throw new ModelError(`expected at most ${MAX_LAYERS} layers`)
    const last = layers.length - 1
    // An Add of the input that ends the graph is the residual, which is the same thing.
    if (last > 0 && !(nodes.length === 1 && nodes[0].inputs.includes(input))) {
      const margin = skipMargin(layers, last, pad ? 'edge' : 'zero')
      const slice = margin > 0 ? slices.find((node) => isSkipSlice(graph, node, taken[last - 1], margin)) : undefined // prettier-ignore
      if (slice ? takeAddOf(slice.outputs[0]) : margin === 0 && takeAddOf(taken[last - 1])) {
        layers[last] = { ...layer, hasSkip: true }
        if (slice) slices.splice(slices.indexOf(slice), 1)
      }
    }
  }
  const shuffle = take('DepthToSpace')
  const scale = shuffle ? blockOf(shuffle, layers) : 1
  const added = shuffle ? bicubic : input
  const add = added === undefined ? undefined : takeAddOf(added)
  const rest = nodes[0] ?? slices[0]
  if (rest?.op === 'Add' && rest.inputs.includes(current)) {
    throw new ModelError(
      `layer ${layers.length}: expected its Add to add ${shuffle ? `the enlarged picture, a second input` : `what went into the layer before, cut to its size, or the last one the network's input "${input}"`}, got Add(${rest.inputs.join(', ')})`,
    )
  }
  if (rest || current !== graph.outputs[0].name || (bicubic !== undefined && !add)) {
    throw unexpected(rest, 'Relu and Conv, an Add of a skip, DepthToSpace, one Add of the input, or the end') // prettier-ignore
  }
  const network = checked({ layers, scale, residual: add !== undefined, padding: 'edge' })
  return { ...network, padding: paddingOf(pad && edgePadOf(graph, pad), layers, paddings) }
}

/** Whether it cuts `margin` off each side of `input`. */
function isSkipSlice(graph: OnnxGraph, node: OnnxNode, input: string, margin: number): boolean {
  const [data, ...rest] = node.inputs
  const expected = [[margin, margin], [-margin, -margin], PICTURE_AXES, [1, 1]] // prettier-ignore
  return (
    data === input &&
    rest.length >= 3 &&
    rest.every((name, i) => isList(graph.constants.get(name)?.values, expected[i] ?? []))
  )
}

/** How many times as large DepthToSpace makes a picture. */
function blockOf({ attributes }: OnnxNode, layers: readonly Layer[]): number {
  const { blocksize, mode = 'DCR' } = attributes
  // The two orders differ where there are several channels only.
  const isKnown = mode === 'CRD' || (mode === 'DCR' && layers[0].inputs === 1)
  if (isKnown && typeof blocksize === 'number' && blocksize >= 2 && blocksize <= MAX_SCALE) {
    return blocksize
  }
  throw new ModelError(
    `expected DepthToSpace by 2 to ${MAX_SCALE} in mode CRD, got ${String(blocksize)} in ${String(mode)}`,
  )
}

function readLayer(graph: OnnxGraph, node: OnnxNode, position: number): [Layer, number] {
  const weights = graph.constants.get(node.inputs[1])
  const bias = graph.constants.get(node.inputs[2])
  const [outputs, inputs, kernel, kernelWidth] = weights?.dims ?? []
  if (
    !(weights?.values instanceof Float32Array) ||
    weights.dims.length !== 4 ||
    kernel !== kernelWidth
  ) {
    throw new ModelError(
      `layer ${position}: expected constant f32 weights [outputs, inputs, k, k], got [${weights?.dims ?? ''}]`,
    )
  }
  if (!(bias?.values instanceof Float32Array) || bias.values.length !== outputs) {
    throw new ModelError(
      `layer ${position}: expected a constant f32 bias [${outputs}], got [${bias?.dims ?? ''}]`,
    )
  }
  const { kernel_shape = [kernel, kernel], pads = [0, 0, 0, 0] } = node.attributes
  if (!isList(kernel_shape, [kernel, kernel])) {
    throw new ModelError(
      `layer ${position}: expected kernel_shape [${kernel}, ${kernel}], as the weights have it, got [${[kernel_shape].flat().join(', ')}]`,
    )
  }
  const { strides = [1, 1], dilations = [1, 1], group = 1, auto_pad = 'NOTSET' } = node.attributes
  const pad = typeof pads === 'object' ? pads[0] : NaN
  if (
    !isList(strides, [1, 1]) ||
    !isList(dilations, [1, 1]) ||
    group !== 1 ||
    auto_pad !== 'NOTSET' ||
    !isList(pads, [pad, pad, pad, pad])
  ) {
    throw new ModelError(
      `layer ${position}: expected a plain convolution (stride 1, dilation 1, one group, equal pads)`,
    )
  }
  const { values } = weights
  return [{ kernel, inputs, outputs, weights: values, bias: bias.values, hasSkip: false }, pad]
}

function isList(
  value: OnnxNode['attributes'][string] | Float32Array | undefined,
  expected: readonly number[],
): boolean {
  return (
    typeof value === 'object' &&
    value.length === expected.length &&
    expected.every((v, i) => v === value[i])
  )
}

/** The width of an edge Pad on the two picture axes. */
function edgePadOf(graph: OnnxGraph, node: OnnxNode): number {
  const pads = graph.constants.get(node.inputs[1])?.values ?? []
  const size = pads[2]
  const expected = [0, 0, size, size, 0, 0, size, size]
  if (
    node.attributes.mode !== 'edge' ||
    pads.length !== 8 ||
    expected.some((v, i) => v !== pads[i])
  ) {
    throw new ModelError('expected Pad with mode edge and one constant width on height and width')
  }
  return size
}

function paddingOf(
  edge: number | undefined,
  layers: readonly Layer[],
  paddings: readonly number[],
) {
  const halves = layers.map(({ kernel }) => (kernel - 1) / 2)
  const halo = halves.reduce((sum, half) => sum + half)
  if (edge === halo && paddings.every((pad) => pad === 0)) return 'edge'
  if (edge === undefined && paddings.every((pad, i) => pad === halves[i])) return 'zero'
  throw new ModelError(
    `expected one edge Pad of ${halo} and no other padding, or no Pad and pads of ${halves.join(', ')} ` +
      `in the convolutions; got ${edge ?? 'no Pad'} and ${paddings.join(', ')}`,
  )
}

function checked(network: Network): Network {
  const { layers, scale, residual } = network
  if (layers.length === 0) throw new ModelError('expected at least one layer')
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
    throw new ModelError(`expected ${scale > 1 ? `${scale}² times ` : ''}as many channels out as in${residual ? ' (residual)' : ''}, got ${first} in and ${last} out`) // prettier-ignore
  }
  return network
}

function unexpected(node: OnnxNode | undefined, expected: string): ModelError {
  const got = node ? `${node.op}(${node.inputs.join(', ')})` : 'the end of the graph'
  return new ModelError(`expected ${expected}, got ${got}`)
}
