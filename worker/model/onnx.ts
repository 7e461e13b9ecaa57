// Reads and writes the subset of ONNX that this project uses: a graph of nodes with integer, integer list and string
// attributes, and f32 or int64 constants. Both directions use the same table of field numbers, taken from onnx.proto
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). networkFile.ts interprets graphs and decides which are
// accepted.
//
// If half precision holds an f32 constant without loss, it is stored as FLOAT16 in half the bytes, followed by a Cast,
// which every runtime supports. Reading gives the original f32 constant.
import { concat } from '../base/concat.ts'
import { decodeHalf, encodeHalf, isHalf } from './half.ts'
import { readAscii, readFields, readIntegers, Writer } from './protobuf.ts'

export interface OnnxNode {
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, number | readonly number[] | string>>
}

export interface OnnxConstant {
  readonly dims: readonly number[]
  /** A Float32Array is stored as FLOAT, a list of integers as INT64. */
  readonly values: Float32Array | readonly number[]
}

/** A named f32 input or output. A string in `dims` names a size that is known only at run time. */
export interface OnnxValue {
  readonly name: string
  readonly dims: readonly (number | string)[]
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[]
  readonly constants: ReadonlyMap<string, OnnxConstant>
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
}

/** Thrown for a file that is not an accepted model or manifest. The message says what was expected. */
export class ModelError extends Error {
  override readonly name = 'ModelError'
}

const MODEL = { irVersion: 1, producer: 2, graph: 7, opset: 8 }
const OPSET = { domain: 1, version: 2 }
const GRAPH = { node: 1, name: 2, constant: 5, input: 11, output: 12 }
const NODE = { input: 1, output: 2, name: 3, op: 4, attribute: 5, domain: 7 }
const ATTRIBUTE = { name: 1, integer: 3, string: 4, integers: 8, type: 20 }
const TENSOR = { dims: 1, type: 2, floats: 4, integers: 7, name: 8, raw: 9 }
const VALUE = { name: 1, type: 2 }
const TYPE = { tensor: 1 }
const TENSOR_TYPE = { element: 1, shape: 2 }
const SHAPE = { dim: 1 }
const DIM = { value: 1, name: 2 }

const FLOAT = 1
const INT64 = 7
const FLOAT16 = 10
const ATTRIBUTE_TYPE = { integer: 2, string: 3, integers: 7 }

// Opset 17 (IR 8) is from 2022. It is old enough for every runtime in use, and new enough for a Pad node whose pads are
// an input.
const IR_VERSION = 8
const OPSET_VERSION = 17

export function encodeOnnx(graph: OnnxGraph): Uint8Array<ArrayBuffer> {
  const body = new Writer()
  const halves = [...graph.constants].filter(([, constant]) => fitsHalf(constant)).map(([name]) => name)
  for (const name of halves) {
    body.message(
      GRAPH.node,
      encodeNode({ op: 'Cast', inputs: [halfName(name)], outputs: [name], attributes: { to: FLOAT } }),
    )
  }
  for (const node of graph.nodes) body.message(GRAPH.node, encodeNode(node))
  body.string(GRAPH.name, 'main')
  for (const [name, constant] of graph.constants) {
    body.message(GRAPH.constant, encodeConstant(name, constant))
  }
  for (const value of graph.inputs) body.message(GRAPH.input, encodeValue(value))
  for (const value of graph.outputs) body.message(GRAPH.output, encodeValue(value))
  return new Writer()
    .varint(MODEL.irVersion, IR_VERSION)
    .string(MODEL.producer, 'edge-srcnn')
    .message(MODEL.graph, body)
    .message(MODEL.opset, new Writer().string(OPSET.domain, '').varint(OPSET.version, OPSET_VERSION))
    .finish()
}

function encodeNode(node: OnnxNode): Writer {
  const out = new Writer()
  for (const name of node.inputs) out.string(NODE.input, name)
  for (const name of node.outputs) out.string(NODE.output, name)
  out.string(NODE.name, node.outputs[0]).string(NODE.op, node.op)
  for (const [name, value] of Object.entries(node.attributes)) {
    const attribute = new Writer().string(ATTRIBUTE.name, name)
    if (typeof value === 'number') {
      attribute.varint(ATTRIBUTE.integer, value).varint(ATTRIBUTE.type, ATTRIBUTE_TYPE.integer)
    } else if (typeof value === 'string') {
      attribute.string(ATTRIBUTE.string, value).varint(ATTRIBUTE.type, ATTRIBUTE_TYPE.string)
    } else {
      attribute.packed(ATTRIBUTE.integers, value).varint(ATTRIBUTE.type, ATTRIBUTE_TYPE.integers)
    }
    out.message(NODE.attribute, attribute)
  }
  return out
}

function halfName(name: string): string {
  return `${name}_half`
}

function fitsHalf({ dims, values }: OnnxConstant): boolean {
  return dims.length > 0 && values instanceof Float32Array && values.every(isHalf)
}

function encodeConstant(name: string, constant: OnnxConstant): Writer {
  const { dims, values } = constant
  const asHalf = fitsHalf(constant)
  const isFloat = values instanceof Float32Array
  const raw = new DataView(new ArrayBuffer(values.length * (asHalf ? 2 : isFloat ? 4 : 8)))
  values.forEach((value, i) => {
    if (asHalf) raw.setUint16(2 * i, encodeHalf(value), true)
    else if (isFloat) raw.setFloat32(4 * i, value, true)
    else raw.setBigInt64(8 * i, BigInt(value), true)
  })
  return new Writer()
    .packed(TENSOR.dims, dims)
    .varint(TENSOR.type, asHalf ? FLOAT16 : isFloat ? FLOAT : INT64)
    .string(TENSOR.name, asHalf ? halfName(name) : name)
    .bytes(TENSOR.raw, new Uint8Array(raw.buffer))
}

function encodeValue({ name, dims }: OnnxValue): Writer {
  const shape = new Writer()
  for (const dim of dims) {
    const size = new Writer()
    if (typeof dim === 'number') size.varint(DIM.value, dim)
    else size.string(DIM.name, dim)
    shape.message(SHAPE.dim, size)
  }
  const tensor = new Writer().varint(TENSOR_TYPE.element, FLOAT).message(TENSOR_TYPE.shape, shape)
  return new Writer().string(VALUE.name, name).message(VALUE.type, new Writer().message(TYPE.tensor, tensor))
}

/** Decodes an ONNX file. Throws a ModelError if the bytes are truncated or not ONNX. */
export function decodeOnnx(file: Uint8Array): OnnxGraph {
  let graph: OnnxGraph | undefined
  let hasOpset = false // ONNX requires an opset, which is written last: a file without it is truncated
  try {
    for (const field of readFields(file)) {
      if (field.number === MODEL.graph) graph = decodeGraph(field.bytes)
      else if (field.number === MODEL.opset) hasOpset = true
    }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new ModelError(
      `expected an ONNX file, but this one (${file.length} bytes) ${cause.message}: truncated, or not ONNX`,
      { cause },
    )
  }
  if (graph && hasOpset) return graph
  const missing = graph ? 'an opset version' : 'a graph'
  throw new ModelError(`expected an ONNX file, got ${file.length} bytes without ${missing}`)
}

function decodeGraph(bytes: Uint8Array): OnnxGraph {
  const nodes: OnnxNode[] = []
  const constants = new Map<string, OnnxConstant>()
  const inputs: OnnxValue[] = []
  const outputs: OnnxValue[] = []
  for (const field of readFields(bytes)) {
    if (field.number === GRAPH.node) nodes.push(decodeNode(field.bytes))
    else if (field.number === GRAPH.constant) constants.set(...decodeConstant(field.bytes))
    else if (field.number === GRAPH.input) inputs.push(decodeValue(field.bytes))
    else if (field.number === GRAPH.output) outputs.push(decodeValue(field.bytes))
  }
  const isCastOfConstant = ({ op, inputs: [from], attributes }: OnnxNode) =>
    op === 'Cast' && attributes.to === FLOAT && constants.get(from)?.values instanceof Float32Array
  const casts = nodes.filter(isCastOfConstant)
  for (const {
    inputs: [from],
    outputs: [to],
  } of casts)
    constants.set(to, constants.get(from)!)
  return {
    nodes: nodes.filter((node) => !casts.includes(node)),
    constants,
    // Files of IR version 3 and older also list constants among the inputs.
    inputs: inputs.filter(({ name }) => !constants.has(name)),
    outputs,
  }
}

function decodeNode(bytes: Uint8Array): OnnxNode {
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes: Record<string, number | readonly number[] | string> = {}
  let op = ''
  for (const field of readFields(bytes)) {
    if (field.number === NODE.input) inputs.push(readAscii(field.bytes))
    else if (field.number === NODE.output) outputs.push(readAscii(field.bytes))
    else if (field.number === NODE.op) op = readAscii(field.bytes)
    else if (field.number === NODE.domain && field.bytes.length > 0) {
      throw new ModelError(`expected standard ONNX operators only, got one of domain "${readAscii(field.bytes)}"`)
    } else if (field.number === NODE.attribute) {
      let name = ''
      let value: number | readonly number[] | string = 0
      const integers: number[] = []
      for (const part of readFields(field.bytes)) {
        if (part.number === ATTRIBUTE.name) name = readAscii(part.bytes)
        else if (part.number === ATTRIBUTE.integer) value = part.value
        else if (part.number === ATTRIBUTE.string) value = readAscii(part.bytes)
        else if (part.number === ATTRIBUTE.integers) integers.push(...readIntegers(part))
        else if (part.number === ATTRIBUTE.type && part.value === ATTRIBUTE_TYPE.integers) {
          value = integers
        }
      }
      attributes[name] = value
    }
  }
  return { op, inputs, outputs, attributes }
}

function decodeConstant(bytes: Uint8Array): [string, OnnxConstant] {
  let name = ''
  let type = 0
  const dims: number[] = []
  const integers: number[] = []
  const data: Uint8Array[] = []
  for (const field of readFields(bytes)) {
    if (field.number === TENSOR.dims) dims.push(...readIntegers(field))
    else if (field.number === TENSOR.type) type = field.value
    else if (field.number === TENSOR.name) name = readAscii(field.bytes)
    else if (field.number === TENSOR.integers) integers.push(...readIntegers(field))
    // `floats` holds f32 values, packed or one by one. Their bytes are the same as in `raw`.
    else if (field.number === TENSOR.raw || field.number === TENSOR.floats) data.push(field.bytes)
  }
  const size = dims.reduce((product, dim) => product * dim, 1)
  if (type === INT64 && data.length === 0) return [name, { dims, values: integers }]
  const width = { [FLOAT16]: 2, [FLOAT]: 4, [INT64]: 8 }[type]
  if (width === undefined) {
    throw new ModelError(`expected "${name}" to be f16, f32 or int64, got ONNX element type ${type}`)
  }
  const raw = concat(data)
  if (raw.length !== size * width) {
    throw new ModelError(`expected ${size * width} bytes for "${name}" [${dims.join(', ')}], got ${raw.length}`)
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length)
  if (type === INT64) {
    const values = Array.from({ length: size }, (_, i) => Number(view.getBigInt64(8 * i, true)))
    return [name, { dims, values }]
  }
  const read =
    type === FLOAT16
      ? (i: number) => decodeHalf(view.getUint16(2 * i, true))
      : (i: number) => view.getFloat32(4 * i, true)
  return [name, { dims, values: new Float32Array(size).map((_, i) => read(i)) }]
}

function decodeValue(message: Uint8Array): OnnxValue {
  let name = ''
  const dims: (number | string)[] = []
  for (const field of readFields(message)) {
    if (field.number === VALUE.name) name = readAscii(field.bytes)
    else if (field.number === VALUE.type) {
      const path = [TYPE.tensor, TENSOR_TYPE.shape, SHAPE.dim]
      for (const dim of path.reduce(enter, [field.bytes])) {
        const [size] = readFields(dim)
        dims.push(size?.number === DIM.value ? size.value : readAscii(size?.bytes ?? dim))
      }
    }
  }
  return { name, dims }
}

/** Returns all submessages in `messages` that have the field number `number`. */
function enter(messages: readonly Uint8Array[], number: number): Uint8Array[] {
  return messages.flatMap((message) =>
    [...readFields(message)].filter((field) => field.number === number).map(({ bytes }) => bytes),
  )
}
