import { describe, expect, test } from 'vitest'
import { type Architecture, type Padding, SRCNN_915, subPixelArchitecture } from '../../../worker/model/network.ts'
import { decodeNetwork, encodeNetwork } from '../../../worker/model/networkFile.ts'
import {
  decodeOnnx,
  encodeOnnx,
  ModelError,
  type OnnxConstant,
  type OnnxGraph,
  type OnnxNode,
} from '../../../worker/model/onnx.ts'
import { convolutionFile } from '../../support/engine/onnxFile.ts'
import { sampleNetwork } from '../../support/engine/samples.ts'

const SMALL = { kernels: [3, 1, 3], widths: [2, 2], residual: true }
const SUB_PIXEL = subPixelArchitecture(2, 2, 1)

/** Returns a small file whose graph has been changed by `change`. */
function fileWith(
  change: (graph: OnnxGraph) => Partial<OnnxGraph>,
  padding: Padding = 'edge',
  architecture: Architecture = SMALL,
) {
  const graph = decodeOnnx(encodeNetwork(sampleNetwork(architecture, padding)))
  return encodeOnnx({ ...graph, ...change(graph) })
}

/** Returns a function that takes a graph and applies `change` to the node with the output `output`. */
function nodeWith(output: string, change: (node: OnnxNode) => Partial<OnnxNode>) {
  return ({ nodes }: OnnxGraph) => ({
    nodes: nodes.map((node) => (node.outputs[0] === output ? { ...node, ...change(node) } : node)),
  })
}

function attributesWith(output: string, attributes: OnnxNode['attributes']) {
  return nodeWith(output, (node) => ({ attributes: { ...node.attributes, ...attributes } }))
}

function constantWith(name: string, change: (constant: OnnxConstant) => OnnxConstant) {
  return ({ constants }: OnnxGraph) => ({
    constants: new Map(constants).set(name, change(constants.get(name)!)),
  })
}

const floats = (length: number, value = 0.5) => new Float32Array(length).fill(value)

describe('an unsupported graph is refused with a message that says what was expected', () => {
  const cases: { what: string; file: Uint8Array; message: RegExp }[] = [
    {
      what: 'Sigmoid instead of Relu',
      file: fileWith(nodeWith('relu1', () => ({ op: 'Sigmoid' }))),
      message:
        /expected Relu and Conv, an Add of a skip, DepthToSpace, one Add of the input, or the end, got Sigmoid\(conv1\)/,
    },
    {
      what: 'a Sigmoid at the end',
      file: fileWith(({ nodes }) => ({
        nodes: [...nodes, { op: 'Sigmoid', inputs: ['y'], outputs: ['z'], attributes: {} }],
        outputs: [{ name: 'z', dims: [1, 1, 'h', 'w'] }],
      })),
      message: /got Sigmoid\(y\)/,
    },
    {
      what: 'a node whose output is not used',
      file: fileWith(({ nodes }) => ({
        nodes: [...nodes, { op: 'Relu', inputs: ['x'], outputs: ['z'], attributes: {} }],
      })),
      message: /expected Relu and Conv, .* or the end, got Relu\(x\)/,
    },
    {
      what: 'a Relu at the end',
      file: fileWith(({ nodes }) => ({
        nodes: [...nodes.slice(0, -1), { op: 'Relu', inputs: ['conv3'], outputs: ['y'], attributes: {} }],
      })),
      message: /expected Conv as layer 4, got the end of the graph/,
    },
    {
      what: 'no nodes',
      file: fileWith(() => ({ nodes: [] })),
      message: /expected Conv as layer 1, got the end of the graph/,
    },
    {
      what: 'a residual that adds a value other than the input',
      file: fileWith(nodeWith('y', () => ({ inputs: ['conv3', 'relu1'] }))),
      message:
        /layer 3: expected its Add to add .* or at the last layer the network's input "x", got Add\(conv3, relu1\)/,
    },
    {
      what: 'a skip that is cropped off centre',
      file: fileWith(
        constantWith('from3', ({ dims }) => ({ dims, values: [1, 2] })),
        'edge',
        SUB_PIXEL,
      ),
      message:
        /layer 3: expected its Add to add the input of the layer before, cropped to its size, .* got Add\(conv3, skip3\)/,
    },
    {
      what: 'a skip over one layer',
      file: fileWith(
        nodeWith('skip3', ({ inputs }) => ({ inputs: ['relu2', ...inputs.slice(1)] })),
        'edge',
        SUB_PIXEL,
      ),
      message: /layer 3: expected its Add to add the input of the layer before/,
    },
    {
      what: 'a Slice whose output is not used',
      file: fileWith(({ nodes }) => ({
        nodes: [...nodes, { op: 'Slice', inputs: ['x'], outputs: ['z'], attributes: {} }],
      })),
      message: /or the end, got Slice\(x\)/,
    },
    {
      what: 'a skip between different numbers of channels',
      file: fileWith(
        nodeWith('skip3', ({ inputs }) => ({ inputs: ['padded', ...inputs.slice(1)] })),
        'edge',
        SUB_PIXEL,
      ),
      message: /layer 3: expected its Add/,
    },
    {
      what: 'depth to space by 5',
      file: fileWith(attributesWith('detail', { blocksize: 5 }), 'edge', SUB_PIXEL),
      message: /expected DepthToSpace by 2 to 4 in mode CRD, got 5 in CRD/,
    },
    {
      what: 'depth to space by a factor that does not match the channels',
      file: fileWith(attributesWith('detail', { blocksize: 3 }), 'edge', SUB_PIXEL),
      message: /expected 3² times as many channels out as in \(residual\), got 1 in and 4 out/,
    },
    {
      what: 'depth to space in the other order, on three channels',
      file: fileWith(attributesWith('detail', { mode: 'DCR' }), 'edge', { ...SUB_PIXEL, channels: 3 }),
      message: /expected DepthToSpace by 2 to 4 in mode CRD, got 2 in DCR/,
    },
    {
      what: 'an enlarged picture that is not used',
      file: fileWith(
        ({ nodes }) => ({ nodes: nodes.slice(0, -1), outputs: [{ name: 'detail', dims: [1] }] }),
        'edge',
        SUB_PIXEL,
      ),
      message: /one Add of the input, or the end, got the end of the graph/,
    },
    {
      what: 'the small picture added to the large one',
      file: fileWith(
        nodeWith('y', () => ({ inputs: ['detail', 'x'] })),
        'edge',
        SUB_PIXEL,
      ),
      message: /expected its Add to add the enlarged picture, a second input, got Add\(detail, x\)/,
    },
    {
      what: 'a strided convolution',
      file: fileWith(attributesWith('conv2', { strides: [2, 2] })),
      message: /layer 2: expected a plain convolution \(stride 1/,
    },
    {
      what: 'a dilated convolution',
      file: fileWith(attributesWith('conv1', { dilations: [2, 2] })),
      message: /layer 1: expected a plain convolution/,
    },
    {
      what: 'a grouped convolution',
      file: fileWith(attributesWith('conv2', { group: 2 })),
      message: /layer 2: expected a plain convolution .* one group/,
    },
    {
      what: 'automatic padding',
      file: fileWith(attributesWith('conv1', { auto_pad: 'SAME_UPPER' })),
      message: /layer 1: expected a plain convolution/,
    },
    {
      what: 'pads that are not a list',
      file: fileWith(attributesWith('conv1', { pads: 1 })),
      message: /layer 1: expected a plain convolution/,
    },
    {
      what: 'unequal pads',
      file: fileWith(attributesWith('conv1', { pads: [1, 1, 0, 1] }), 'zero'),
      message: /layer 1: expected a plain convolution .* equal pads/,
    },
    {
      what: 'pads on two sides only',
      file: fileWith(attributesWith('conv1', { pads: [1, 1] }), 'zero'),
      message: /layer 1: expected a plain convolution/,
    },
    {
      what: 'zero padding in one layer and none in the next',
      file: fileWith(attributesWith('conv3', { pads: [0, 0, 0, 0] }), 'zero'),
      message: /expected one edge Pad of 2 .* pads of 1, 0, 1 in the convolutions; got no Pad and 1, 0, 0/,
    },
    {
      what: 'an edge Pad and zero padding as well',
      file: fileWith(attributesWith('conv1', { pads: [1, 1, 1, 1] })),
      message: /got 2 and 1, 0, 0/,
    },
    {
      what: 'an edge Pad of another width',
      file: fileWith(constantWith('pads', ({ dims }) => ({ dims, values: [0, 0, 3, 3, 0, 0, 3, 3] }))),
      message: /expected one edge Pad of 2 and no other padding, .* got 3/,
    },
    {
      what: 'a reflecting Pad',
      file: fileWith(attributesWith('padded', { mode: 'reflect' })),
      message: /expected Pad with mode edge/,
    },
    {
      what: 'a Pad on one side',
      file: fileWith(constantWith('pads', ({ dims }) => ({ dims, values: [0, 0, 2, 2, 0, 0, 0, 0] }))),
      message: /expected Pad with mode edge and the same constant width/,
    },
    {
      what: 'a kernel that is not square',
      file: fileWith(constantWith('w1', () => ({ dims: [2, 1, 3, 1], values: floats(6) }))),
      message: /layer 1: expected constant f32 weights \[outputs, inputs, k, k\], got \[2,1,3,1\]/,
    },
    {
      what: 'an even kernel',
      file: fileWith(({ constants, nodes }) => ({
        constants: new Map(constants).set('w1', { dims: [2, 1, 2, 2], values: floats(8) }),
        nodes: nodes.map((node) =>
          node.outputs[0] === 'conv1' ? { ...node, attributes: { ...node.attributes, kernel_shape: [2, 2] } } : node,
        ),
      })),
      message: /layer 1: expected an odd kernel up to 31, got 2/,
    },
    {
      what: 'a kernel_shape that differs from that of the weights',
      file: fileWith(attributesWith('conv1', { kernel_shape: [5, 5] })),
      message: /layer 1: expected kernel_shape \[3, 3\], as in the weights, got \[5, 5\]/,
    },
    {
      what: 'no bias',
      file: fileWith(nodeWith('conv2', ({ inputs }) => ({ inputs: inputs.slice(0, 2) }))),
      message: /layer 2: expected a constant f32 bias \[2\], got \[\]/,
    },
    {
      what: 'a bias of another length',
      file: fileWith(constantWith('b2', () => ({ dims: [3], values: floats(3) }))),
      message: /layer 2: expected a constant f32 bias \[2\], got \[3\]/,
    },
    {
      what: 'weights that are an input',
      file: fileWith(({ constants }) => {
        const rest = new Map(constants)
        rest.delete('w3')
        return { constants: rest }
      }),
      message: /layer 3: expected constant f32 weights/,
    },
    {
      what: 'integer weights',
      file: fileWith(constantWith('b1', () => ({ dims: [2], values: [1, 2] }))),
      message: /layer 1: expected a constant f32 bias \[2\]/,
    },
    {
      what: 'layers whose channels do not match',
      file: fileWith(constantWith('w2', () => ({ dims: [2, 3, 1, 1], values: floats(6) }))),
      message: /layer 2: expected 2 input channels, the output of layer 1, got 3/,
    },
    {
      what: 'more channels out than in',
      file: fileWith(({ constants }) => ({
        constants: new Map(constants)
          .set('w3', { dims: [4, 2, 3, 3], values: floats(72) })
          .set('b3', { dims: [4], values: floats(4) }),
      })),
      message: /expected as many channels out as in \(residual\), got 1 in and 4 out/,
    },
    {
      what: 'NaN among the weights',
      file: fileWith(constantWith('w2', ({ dims }) => ({ dims, values: floats(4, NaN) }))),
      message: /layer 2: expected finite weights/,
    },
    {
      what: 'an infinite bias',
      file: fileWith(constantWith('b3', ({ dims }) => ({ dims, values: floats(1, Infinity) }))),
      message: /layer 3: expected finite weights/,
    },
    {
      what: 'two inputs',
      file: fileWith(({ inputs }) => ({ inputs: [...inputs, { name: 'x2', dims: [1] }] })),
      message: /expected one input and one output, got 2 and 1/,
    },
    {
      what: 'fewer bytes than the dims require',
      file: fileWith(constantWith('w2', ({ values }) => ({ dims: [2, 2, 3, 3], values }))),
      message: /expected 144 bytes for "w2" \[2, 2, 3, 3\], got 16/,
    },
    { what: 'no bytes', file: new Uint8Array(0), message: /expected an ONNX file, got 0 bytes/ },
    {
      what: 'a PNG',
      file: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13),
      message: /expected an ONNX file/,
    },
    {
      what: 'text',
      file: new TextEncoder().encode('<!doctype html><title>Not found</title>'),
      message: /expected an ONNX file/,
    },
  ]

  test.each(cases)('$what', ({ file, message }) => {
    expect(() => decodeNetwork(file)).toThrow(ModelError)
    expect(() => decodeNetwork(file)).toThrow(message)
  })
})

describe('decoding throws a ModelError for', () => {
  test.each([
    ['a file of this project', encodeNetwork(sampleNetwork(SMALL))],
    ['a file with zero padding', encodeNetwork(sampleNetwork(SMALL, 'zero'))],
    ['a file with a skip, at x2', encodeNetwork(sampleNetwork(SUB_PIXEL))],
    ['a file of another writer', convolutionFile({ floats: 'packed', integers: 'unpacked' })],
  ])('%s, truncated at every length', (_, file) => {
    expect(() => decodeNetwork(file)).not.toThrow()
    for (let length = 0; length < file.length; length++) {
      expect(() => decodeNetwork(file.subarray(0, length)), `${length} bytes`).toThrow(ModelError)
    }
  })

  test('a file of 9-1-5, truncated at every 97th byte', () => {
    const file = encodeNetwork(sampleNetwork(SRCNN_915))
    for (let length = 0; length < file.length; length += 97) {
      expect(() => decodeNetwork(file.subarray(0, length)), `${length} bytes`).toThrow(ModelError)
    }
  })
})
