// Encodes a network as an ONNX file, and decodes it.
import { channelsOf, checkNetwork, haloOf, type Layer, MAX_SCALE, type Network, type Padding } from './network.ts'
import { decodeOnnx, encodeOnnx, ModelError, type OnnxConstant, type OnnxGraph, type OnnxNode } from './onnx.ts'

/**
 * Encodes the network as an ONNX file with input `x` and output `y`, both f32 [1, channels, height, width]. If the
 * network enlarges, `y` is `scale` times as wide and as high. If it is also residual, the file has a second input,
 * `bicubic`, which has the size of `y` and is added to the last layer's output.
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
  /** Appends a node; its output becomes the input of the next one. */
  const add = (op: string, inputs: readonly string[], output: string, attributes: OnnxNode['attributes'] = {}) => {
    nodes.push({ op, inputs, outputs: [output], attributes })
    current = output
  }
  const halo = haloOf(network)
  if (padding === 'edge') {
    const pads = integers('pads', [0, 0, halo, halo, 0, 0, halo, halo])
    add('Pad', ['x', pads], 'padded', { mode: 'edge' })
  }
  const layerInputs: string[] = [] // the name of each layer's input
  layers.forEach(({ kernel, inputs, outputs, weights, bias, hasSkip }, i) => {
    const isLast = i === layers.length - 1
    const isEnd = isLast && scale === 1 && !residual
    const name = (what: string) => `${what}${i + 1}`
    constants.set(name('w'), { dims: [outputs, inputs, kernel, kernel], values: weights })
    constants.set(name('b'), { dims: [outputs], values: bias })
    const pad = padding === 'zero' ? (kernel - 1) / 2 : 0
    layerInputs.push(current)
    add('Conv', [current, name('w'), name('b')], isEnd && !hasSkip ? 'y' : name('conv'), {
      kernel_shape: [kernel, kernel],
      pads: [pad, pad, pad, pad],
    })
    if (hasSkip) {
      const convolved = current
      const margin = skipMargin(network.layers, i, padding)
      let skipped = layerInputs[i - 1]
      if (margin > 0) {
        const [from, to] = [integers(name('from'), [margin, margin]), integers(name('to'), [-margin, -margin])]
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
    inputs: [{ name: 'x', dims: small }, ...(scale > 1 && residual ? [{ name: 'bicubic', dims: large }] : [])],
    outputs: [{ name: 'y', dims: large }],
  })
}

/** Height and width in [1, channels, height, width]. */
const PICTURE_AXES = [2, 3]

/**
 * Returns how many pixels to crop from each side of the picture that layer `i`'s skip adds, so that it is as large as
 * the layer's output.
 */
function skipMargin(layers: readonly Pick<Layer, 'kernel'>[], i: number, padding: Padding): number {
  return padding === 'zero' ? 0 : (layers[i - 1].kernel - 1) / 2 + (layers[i].kernel - 1) / 2
}

/**
 * Decodes an ONNX file, which any program may have written. Its graph must have the form that encodeNetwork writes,
 * with these nodes in order:
 * - at most one Pad (mode edge, half the receptive field); without a Pad, each convolution is padded with zeros
 * - convolutions, with a ReLU after each except the last; a layer may have a skip: an Add of the previous layer's
 *   input, cropped by a Slice, before the ReLU
 * - at most one DepthToSpace
 * - at most one Add: of the network's input or, after DepthToSpace, of a second input
 *
 * Throws a ModelError that says what was expected for any other graph.
 */
export function decodeNetwork(file: Uint8Array): Network {
  const graph = decodeOnnx(file)
  const [input, bicubic] = graph.inputs.map(({ name }) => name)
  const enlarges = graph.nodes.some(({ op }) => op === 'DepthToSpace')
  if (graph.outputs.length !== 1 || graph.inputs.length < 1 || graph.inputs.length > (enlarges ? 2 : 1)) {
    throw new ModelError(`expected one input and one output, got ${graph.inputs.length} and ${graph.outputs.length}`)
  }
  const nodes = graph.nodes.filter(({ op }) => op !== 'Slice')
  const slices = graph.nodes.filter(({ op }) => op === 'Slice')
  let current = input
  /** Takes the next node if it is an `op` whose input is the output of the last node taken. */
  const take = (op: string): OnnxNode | undefined => {
    if (nodes[0]?.op !== op) return undefined
    const { inputs } = nodes[0]
    if (op === 'Add' ? !inputs.includes(current) : inputs[0] !== current) return undefined
    const node = nodes.shift()!
    current = node.outputs[0]
    return node
  }
  /** Takes the next node if it adds `other` to the output of the last node taken. */
  const takeAddOf = (other: string) => (nodes[0]?.inputs.includes(other) ? take('Add') : undefined)

  const pad = take('Pad')
  const layers: Layer[] = []
  const paddings: number[] = []
  const layerInputs: string[] = []
  for (let isFirst = true; isFirst || take('Relu'); isFirst = false) {
    layerInputs.push(current)
    const conv = take('Conv')
    if (!conv) throw unexpected(nodes[0], `Conv as layer ${layers.length + 1}`)
    const [layer, padding] = readLayer(graph, conv, layers.length + 1)
    paddings.push(padding)
    layers.push(layer)
    const last = layers.length - 1
    // If the last node of the graph adds the network's input, this Add is read as the residual, even if it could be a
    // skip.
    if (last > 0 && !(nodes.length === 1 && nodes[0].inputs.includes(input))) {
      const margin = skipMargin(layers, last, pad ? 'edge' : 'zero')
      const slice =
        margin > 0 ? slices.find((node) => isSkipSlice(graph, node, layerInputs[last - 1], margin)) : undefined
      if (slice ? takeAddOf(slice.outputs[0]) : margin === 0 && takeAddOf(layerInputs[last - 1])) {
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
    const expected = shuffle
      ? 'the enlarged picture, a second input'
      : `the input of the layer before, cropped to its size, or at the last layer the network's input "${input}"`
    const got = `Add(${rest.inputs.join(', ')})`
    throw new ModelError(`layer ${layers.length}: expected its Add to add ${expected}, got ${got}`)
  }
  if (rest || current !== graph.outputs[0].name || (bicubic !== undefined && !add)) {
    throw unexpected(rest, 'Relu and Conv, an Add of a skip, DepthToSpace, one Add of the input, or the end')
  }
  const network = checkNetwork({ layers, scale, residual: add !== undefined, padding: 'edge' })
  return { ...network, padding: paddingOf(pad && edgePadOf(graph, pad), layers, paddings) }
}

/** True if `node` cuts `margin` off each side of `input`. */
function isSkipSlice(graph: OnnxGraph, node: OnnxNode, input: string, margin: number): boolean {
  const [data, ...rest] = node.inputs
  const expected = [[margin, margin], [-margin, -margin], PICTURE_AXES, [1, 1]]
  return (
    data === input &&
    rest.length >= 3 &&
    rest.every((name, i) => isList(graph.constants.get(name)?.values, expected[i] ?? []))
  )
}

/** Returns the scale of a DepthToSpace node. */
function blockOf({ attributes }: OnnxNode, layers: readonly Layer[]): number {
  const { blocksize, mode = 'DCR' } = attributes
  // The two modes differ only if there are several channels.
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
  if (!(weights?.values instanceof Float32Array) || weights.dims.length !== 4 || kernel !== kernelWidth) {
    throw new ModelError(
      `layer ${position}: expected constant f32 weights [outputs, inputs, k, k], got [${weights?.dims ?? ''}]`,
    )
  }
  if (!(bias?.values instanceof Float32Array) || bias.values.length !== outputs) {
    throw new ModelError(`layer ${position}: expected a constant f32 bias [${outputs}], got [${bias?.dims ?? ''}]`)
  }
  const { kernel_shape = [kernel, kernel], pads = [0, 0, 0, 0] } = node.attributes
  if (!isList(kernel_shape, [kernel, kernel])) {
    const got = [kernel_shape].flat().join(', ')
    throw new ModelError(
      `layer ${position}: expected kernel_shape [${kernel}, ${kernel}], as in the weights, got [${got}]`,
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
  return typeof value === 'object' && value.length === expected.length && expected.every((v, i) => v === value[i])
}

/** Returns the width of an edge Pad, which must be the same on all four sides of the picture. */
function edgePadOf(graph: OnnxGraph, node: OnnxNode): number {
  const pads = graph.constants.get(node.inputs[1])?.values ?? []
  const size = pads[2]
  const expected = [0, 0, size, size, 0, 0, size, size]
  if (node.attributes.mode !== 'edge' || pads.length !== 8 || expected.some((v, i) => v !== pads[i])) {
    throw new ModelError('expected Pad with mode edge and the same constant width on all four sides of the picture')
  }
  return size
}

function paddingOf(edge: number | undefined, layers: readonly Layer[], paddings: readonly number[]) {
  const halves = layers.map(({ kernel }) => (kernel - 1) / 2)
  const halo = halves.reduce((sum, half) => sum + half)
  if (edge === halo && paddings.every((pad) => pad === 0)) return 'edge'
  if (edge === undefined && paddings.every((pad, i) => pad === halves[i])) return 'zero'
  throw new ModelError(
    `expected one edge Pad of ${halo} and no other padding, or no Pad and pads of ${halves.join(', ')} ` +
      `in the convolutions; got ${edge ?? 'no Pad'} and ${paddings.join(', ')}`,
  )
}

function unexpected(node: OnnxNode | undefined, expected: string): ModelError {
  const got = node ? `${node.op}(${node.inputs.join(', ')})` : 'the end of the graph'
  return new ModelError(`expected ${expected}, got ${got}`)
}
