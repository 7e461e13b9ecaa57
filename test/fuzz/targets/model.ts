// Targets for files that come from a trainer or a bucket: networks in ONNX, and the manifest.
import { decodeNetwork, encodeNetwork } from '../../../worker/model/networkFile.ts'
import { formatManifest, type Manifest, parseManifest } from '../../../worker/model/manifest.ts'
import { type Architecture, createNetwork, type Network } from '../../../worker/model/network.ts'
import { ModelError } from '../../../worker/model/onnx.ts'
import { concat } from '../../../worker/base/concat.ts'
import { readFields, readIntegers } from '../../../worker/model/protobuf.ts'
import type { Random } from '../../../worker/image/prng.ts'
import { convolutionFile } from '../../support/engine/onnxFile.ts'
import { boundaryInteger, oneIn, pick } from '../draw.ts'
import { latin1 } from '../encode.ts'
import { mutateBytes } from '../mutateBytes.ts'
import { defineTarget, ensure, type FuzzTarget } from '../fuzz.ts'
import { mutateText } from '../mutateText.ts'

// Networks

const ARCHITECTURES: readonly Architecture[] = [
  { kernels: [3, 1, 5], widths: [2, 3], residual: true },
  { kernels: [3], widths: [], channels: 2 },
  { kernels: [5, 3, 3, 3], widths: [2, 2, 2], skips: [2], scale: 2, residual: true },
  { kernels: [3, 1], widths: [1], scale: 3 },
  { kernels: [1, 1, 3, 1], widths: [2, 2, 2], skips: [2], residual: true },
]

/**
 * Makes a network whose weights are multiples of `unit`. Half precision is exact for multiples of 1/16, but not of 1/3.
 */
function makeNetwork(architecture: Architecture, padding: Network['padding'], unit: number): Network {
  const network = createNetwork(architecture)
  for (const { weights, bias } of network.layers) {
    weights.forEach((_, i) => (weights[i] = ((i % 7) - 3) * unit))
    bias.forEach((_, i) => (bias[i] = (i + 1) * unit))
  }
  return { ...network, padding }
}

const NETWORKS = ARCHITECTURES.flatMap((architecture) =>
  (['edge', 'zero'] as const).flatMap((padding) =>
    [1 / 16, 1 / 3].map((unit) => makeNetwork(architecture, padding, unit)),
  ),
)
const FILES = [
  ...NETWORKS.map((network) => ({ file: encodeNetwork(network), network })),
  ...(['raw', 'packed', 'unpacked'] as const).map((floats) => ({
    file: convolutionFile({ floats, integers: 'packed' }),
    network: undefined,
  })),
  { file: convolutionFile({ floats: 'raw', integers: 'unpacked', isShuffled: true }), network: undefined },
]

/** A protobuf field. If its bytes are a message, `value` is the list of the fields in that message. */
interface FieldNode {
  key: number
  value: number | Uint8Array | FieldNode[]
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]
}

/**
 * Returns the fields of a message, or undefined if the bytes cannot be a message. Within a field, bytes that look like
 * a message are also split into fields.
 */
function parseTree(bytes: Uint8Array, depth = 0): FieldNode[] | undefined {
  const nodes: FieldNode[] = []
  let at = 0
  const number = () => {
    let value = 0
    for (let scale = 1; at < bytes.length; scale *= 128) {
      value += (bytes[at] & 127) * scale
      if (bytes[at++] < 128) return value
    }
    return -1
  }
  while (at < bytes.length) {
    const key = number()
    const wire = key % 8
    if (key < 8 || key > 255 || ![0, 2, 5].includes(wire)) return undefined
    const value = wire === 5 ? 4 : number()
    if (value < 0) return undefined
    if (wire === 0) {
      nodes.push({ key, value })
      continue
    }
    if (at + value > bytes.length) return undefined
    const content = bytes.subarray(at, at + value)
    nodes.push({ key, value: (wire === 2 && depth < 8 ? parseTree(content, depth + 1) : undefined) ?? content })
    at += value
  }
  return nodes.length > 0 ? nodes : undefined
}

function serializeTree(nodes: readonly FieldNode[]): Uint8Array {
  return concat(
    nodes.map(({ key, value }) => {
      if (typeof value === 'number') return Uint8Array.from([...varint(key), ...varint(value)])
      const content = Array.isArray(value) ? serializeTree(value) : value
      const length = key % 8 === 2 ? varint(content.length) : []
      return concat([Uint8Array.from([...varint(key), ...length]), content])
    }),
  )
}

const NAMES = [
  'x',
  'y',
  'w1',
  'b1',
  'w2',
  'conv1',
  'relu1',
  'pads',
  'bicubic',
  'Conv',
  'Relu',
  'Add',
  'Pad',
  'Slice',
  'Cast',
  'DepthToSpace',
  'mode',
  'CRD',
  'DCR',
  'edge',
  'group',
  'strides',
  '__proto__',
  'constructor',
]

/**
 * Changes one field somewhere in the tree. serializeTree() writes all lengths later, so the lengths of the enclosing
 * fields stay correct.
 */
function mutateTree(random: Random, nodes: FieldNode[]): void {
  const at = random.below(nodes.length)
  const node = nodes[at]
  if (node === undefined) return
  const { value } = node
  if (Array.isArray(value) && !oneIn(random, 4)) {
    mutateTree(random, value)
    return
  }
  const changes = [
    () => nodes.splice(at, 1),
    () => nodes.splice(at, 0, nodes[random.below(nodes.length)]),
    () => (nodes[at] = nodes[random.below(nodes.length)]),
    () => (node.key = 8 * pick(random, [1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 20]) + (node.key % 8)),
    () => (node.value = latin1(pick(random, NAMES))),
    () => {
      if (typeof value === 'number') node.value = boundaryInteger(random, value)
      else if (!Array.isArray(value)) node.value = mutateBytes(random, value, value)
    },
  ]
  pick(random, changes)()
  // A key contains a wire type, which says whether the value is a number or bytes. Corrects the wire types to fit the
  // values.
  for (const each of nodes) {
    if (each.key % 8 === 5 && (typeof each.value === 'number' || each.value.length !== 4)) each.key -= 3
    if (typeof each.value === 'number') each.key -= each.key % 8
    else if (each.key % 8 === 0) each.key += 2
  }
}

interface NetworkInput {
  readonly file: Uint8Array
  readonly expected?: Network
  /** Number of bytes that are left when a valid file is cut short. */
  readonly cut: number
}

function makeNetworkFile(random: Random): NetworkInput {
  const { file, network } = pick(random, FILES)
  if (oneIn(random, 10)) {
    return { file, cut: random.below(file.length), ...(network ? { expected: network } : {}) }
  }
  let changed: Uint8Array = file
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const tree = oneIn(random, 5) ? undefined : parseTree(changed)
    if (tree) {
      mutateTree(random, tree)
      changed = serializeTree(tree)
    } else changed = mutateBytes(random, changed, pick(random, FILES).file)
  }
  return { file: changed, cut: 0 }
}

/** Returns the result of `read`, or undefined if it throws a ModelError. Any other error is thrown again. */
function unlessRefused<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    return undefined
  }
}

function ensureSame(a: Network, b: Network, property: string): void {
  ensure(
    a.scale === b.scale && a.residual === b.residual && a.padding === b.padding && a.layers.length === b.layers.length,
    property,
  )
  a.layers.forEach((layer, i) => {
    const other = b.layers[i]
    const isSameShape =
      layer.kernel === other.kernel &&
      layer.inputs === other.inputs &&
      layer.outputs === other.outputs &&
      layer.hasSkip === other.hasSkip
    ensure(isSameShape, () => `${property}: layer ${i + 1}`)
    const isSame = (x: Float32Array, y: Float32Array) =>
      x.length === y.length && x.every((v, at) => Object.is(v, y[at]))
    ensure(
      isSame(layer.weights, other.weights) && isSame(layer.bias, other.bias),
      () => `${property}: the weights of layer ${i + 1}`,
    )
  })
}

function checkNetwork({ file, expected, cut }: NetworkInput): boolean {
  const before = file.slice()
  const network = unlessRefused(() => decodeNetwork(file))
  ensure(Buffer.compare(before, file) === 0, 'the file was changed')
  if (expected) {
    ensure(network !== undefined, 'a valid file was refused')
    ensureSame(network!, expected, 'another network than was written')
    ensure(!unlessRefused(() => decodeNetwork(file.subarray(0, cut))), 'a file that was cut short is accepted')
  }
  if (!network) return false
  const arrays = new Set(network.layers.flatMap(({ weights, bias }) => [weights, bias]))
  const held = [...arrays].reduce((sum, array) => sum + array.byteLength, 0)
  // The weights may take twice as many bytes as the file, because half precision is decoded to single precision.
  ensure(held <= 2 * file.length, () => `${held} bytes of weights from a file of ${file.length}`)
  for (const { kernel, inputs, outputs, weights, bias } of network.layers) {
    ensure(weights.length === kernel * kernel * inputs * outputs && bias.length === outputs, 'weights of another shape')
    ensure(weights.every(Number.isFinite) && bias.every(Number.isFinite), 'weights that are not finite')
  }
  ensureSame(decodeNetwork(encodeNetwork(network)), network, 'the network changes when it is written and read again')
  return true
}

function checkProtobuf(bytes: Uint8Array): boolean {
  try {
    let length = 0
    for (const field of readFields(bytes)) {
      ensure(field.number >= 0 && field.value >= 0, 'a negative number')
      ensure(field.bytes.length <= bytes.length, 'a field larger than its message')
      length += field.bytes.length
      ensure(length <= bytes.length, 'fields that overlap')
      ensure(readIntegers(field).length <= Math.max(1, field.bytes.length), 'more numbers than bytes')
    }
    return true
  } catch (error) {
    if (!(error instanceof RangeError) || error.message.includes('call stack')) throw error
    return false
  }
}

// The manifest

const SHA256 = '0123456789abcdef'.repeat(4)
const MANIFEST: Manifest = {
  version: 1,
  models: [
    { name: 'srcnn', scale: 3, file: 'srcnn-x3.onnx', sha256: SHA256, bytes: 1000 },
    {
      name: 'fast-jpeg',
      scale: 2,
      file: 'fast-jpeg-x2.onnx',
      sha256: SHA256,
      bytes: 1,
      architecture: '9-1-5 1-64-32-1 residual',
      padding: 'edge',
      data: 'T91 (91 images)',
      licence: 'unknown',
      seed: -1,
      steps: 10,
      patches: 100,
      runtime: 'node',
      command: 'npm run trainer',
      date: '2026-01-01',
      scores: [{ set: 'Set5', input: 'float', images: 5, psnr: 32.5, ssim: 0.9, bicubic: { psnr: 30.4, ssim: 0.87 } }],
      validation: { data: 'a', images: 3, input: 'uint8', psnr: 30, bicubic: 29 },
      scenes: 0.5,
    },
  ],
}

/** Placeholder for deeply nested lists, which JSON.stringify cannot write. */
const DEEP = 'deep'
const DEEP_TEXT = '['.repeat(20_000) + ']'.repeat(20_000)
const VALUES: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1.5,
  () => 1e21,
  () => -0,
  () => 3,
  () => '',
  () => 'srcnn',
  () => '../srcnn.onnx',
  () => 'a/b.onnx',
  () => 'srcnn-x4.onnx\n',
  () => SHA256.toUpperCase(),
  () => [],
  () => [[]],
  () => ({}),
  () => ({ length: 3 }),
  () => DEEP,
  () => '\ud800',
  () => 'x'.repeat(5000),
]

/** Returns a copy with one change somewhere in the tree of objects and lists. */
function mutateJson(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || oneIn(random, 8)) return pick(random, VALUES)()
  if (Array.isArray(value)) {
    const list: unknown[] = [...value]
    const at = random.below(list.length)
    if (list.length === 0 || oneIn(random, 5)) list.push(list[at] ?? pick(random, VALUES)())
    else if (oneIn(random, 4)) list.splice(at, 1)
    else list[at] = mutateJson(random, list[at])
    return list
  }
  const entries = Object.entries(value)
  const at = random.below(entries.length)
  const key = pick(random, [
    'name',
    'scale',
    'file',
    'sha256',
    'bytes',
    'scores',
    'version',
    'models',
    '__proto__',
    'toJSON',
    'unknown',
  ])
  if (entries.length === 0 || oneIn(random, 6)) entries.push([key, pick(random, VALUES)()])
  else if (oneIn(random, 5)) entries.splice(at, 1)
  else entries[at][1] = mutateJson(random, entries[at][1])
  return Object.fromEntries(entries)
}

const WORDS = [
  '"name"',
  '"scale"',
  '"models"',
  '"version"',
  'null',
  'true',
  '[',
  ']',
  '{',
  '}',
  ':',
  ',',
  '""',
  '1e999',
  '"__proto__"',
  '"\\u0000"',
]

function makeManifest(random: Random): string {
  let value: unknown = MANIFEST
  for (let changes = random.below(4); changes > 0; changes--) value = mutateJson(random, value)
  const text = JSON.stringify(value).replace(`"${DEEP}"`, DEEP_TEXT)
  return oneIn(random, 4) ? mutateText(random, text, WORDS) : text
}

function checkManifest(text: string): boolean {
  const manifest = unlessRefused(() => parseManifest(text))
  if (!manifest) return false
  const seen = new Set<string>()
  for (const { name, scale, file, sha256, bytes } of manifest.models) {
    ensure([2, 3, 4].includes(scale), `scale ${scale}`)
    ensure(/^[\w.-]+\.onnx$/.test(file) && !file.startsWith('.') && !file.includes('\n'), () => `file ${file}`)
    ensure(sha256.length === 64 && sha256 === sha256.toLowerCase(), 'not a SHA-256')
    ensure(Number.isInteger(bytes) && bytes > 0, `${bytes} bytes`)
    ensure(!seen.has(`${name} ${scale}`), 'a model twice')
    seen.add(`${name} ${scale}`)
  }
  const formatted = formatManifest(manifest)
  ensure(
    formatManifest(parseManifest(formatted)) === formatted,
    'the manifest changes when it is written and read again',
  )
  return true
}

export function modelTargets(): FuzzTarget[] {
  return [
    defineTarget({
      name: 'network',
      about: 'decodeNetwork: a ModelError, or a network that survives being written and read again',
      share: 25,
      make: makeNetworkFile,
      check: checkNetwork,
      fileOf: ({ file }) => file,
    }),
    defineTarget({
      name: 'protobuf',
      about: 'readFields: fields within their message, or a RangeError',
      share: 40,
      make: (random) => mutateBytes(random, pick(random, FILES).file.subarray(random.below(64)), FILES[0].file),
      check: checkProtobuf,
    }),
    defineTarget({
      name: 'manifest',
      about: 'parseManifest: a ModelError, or a manifest that survives being written and read again',
      share: 30,
      make: makeManifest,
      check: checkManifest,
    }),
  ]
}
