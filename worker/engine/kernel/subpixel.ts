// The kernel of networks that work on the small picture (network.ts): 5x5, then any number of 3x3 with
// or without skips, then depth-to-space. A call computes one layer's band, four rows of all channels,
// from two bands of the layer before; which band when, and where it lies, is the engine's business
// (../subpixel.ts). All layers are Winograd's F(4x4, 3x3), the 5x5 as 2x2 blocks:
//
//   for every 8 tiles: transformInput of each channel ▶ V[36][inputs]
//                      for every 4 channels: multiply ▶ M ▶ transformOutput, skip and ReLU in it
//
// Times are ns of CPU a pixel of the result at x3, 768², Node 24 (V8 13.6), one thread of an AMD EPYC
// (Zen 4), where SRCNN's kernel takes 122: 16 channels and three skips 28.5, of which multiply 18,
// transformInput 5, transformOutput 5; 32 channels 90. The multiplication runs at 25 GMAC/s, six
// sevenths of what the machine's multiply-adds allow.
// Taken out again: a frequency at a time through all output channels, so that V is read once instead of
// once for every four of them (0.98x); strips of 128 (0.95x) or 1024 pixels (1.0x) instead of 512.
import { FREQUENCIES, GROUP, GROUP_SLOTS, STEP, TILE, VECTOR } from './layout.ts'
import { deinterleave, depthToSpace } from './rows.ts'
import { type Arithmetic, arithmetic, type Broadcast } from './source.ts'
import { AT, BLOCKS_FIRST, FREQUENCY_BYTES, QUADS_FIRST } from './subpixelLayout.ts'
import { multiply, transformInput, transformOutput } from './winograd.ts'

const SCALES = [2, 3, 4]
const ENDS = ['relu', 'skip', 'linear'] as const
const GROUP_BYTES = GROUP * TILE
/** Parameters that are the same for all tiles of a row. */
const FIXED = new Set(['weights', 'bias', 'outputs'])
const SKIPS = ['skip0', 'skip1']
const SKIP_PARAMETERS = ', skip0: usize, skip1: usize'
const DEPTH_FIRST = BLOCKS_FIRST * BLOCKS_FIRST

/** A group of `vectors` times four tiles: `first{vectors}` and `inner{vectors}`. */
function group(vectors: number, how: Broadcast): string {
  const winograd = {
    vectors,
    phaseBytes: 'phaseBytes',
    rowBytes: 'rowBytes',
    halfSlots: GROUP_SLOTS,
    half: AT.half,
    transformed: AT.transformed,
    channelBytes: GROUP_BYTES,
    frequencyBytes: FREQUENCY_BYTES,
    products: AT.products,
    productBytes: GROUP_BYTES,
    four: AT.four,
    broadcast: how,
  }
  const outputs = (multiplication: string, depth: string, output: string, skip = '') => `
  const end = to + outputs * channelBytes
  const uBytes: usize = ${FREQUENCIES} * ${depth} * ${STEP * TILE}
  for (; to < end; to += ${STEP} * channelBytes) {
    ${multiplication}
    ${output}Output${vectors}(to, phaseBytes, bias${skip})
    weights += uBytes
    bias += ${VECTOR}
    ${skip ? `skip0 += ${STEP} * channelBytes\n    skip1 += ${STEP} * channelBytes` : ''}
  }`
  const rows = Array.from({ length: QUADS_FIRST }, (_, i) => `rows${i}`)
  return `
${transformInput({ ...winograd, name: `transformFirst${vectors}`, blocks: BLOCKS_FIRST })}
${transformInput({ ...winograd, name: `transformInner${vectors}`, blocks: 1 })}
${multiply({ ...winograd, name: `multiplyFirst${vectors}`, depth: DEPTH_FIRST })}
${multiply({ ...winograd, name: `multiplyInner${vectors}`, depth: 'inputs' })}
${ENDS.map((end) => transformOutput({ ...winograd, name: `${end}Output${vectors}`, channelBytes: 'channelBytes', end })).join('')}
function firstGroup${vectors}(${rows.map((row) => `${row}: usize`).join(', ')}, weights: usize, bias: usize, to: usize, outputs: usize): void {
  transformFirst${vectors}(${rows.join(', ')}, 0)
  ${outputs(`multiplyFirst${vectors}(weights)`, `${DEPTH_FIRST}`, 'relu')}
}
function transform${vectors}(from0: usize, from1: usize): void {
  for (let at: usize = 0; at < inputs * ${GROUP_BYTES}; at += ${GROUP_BYTES}) {
    transformInner${vectors}(from0, from1, at)
    from0 += channelBytes
    from1 += channelBytes
  }
}
${ENDS.map(
  (end) => `
function ${end}Group${vectors}(from0: usize, from1: usize, weights: usize, bias: usize, to: usize, outputs: usize${end === 'skip' ? SKIP_PARAMETERS : ''}): void {
  transform${vectors}(from0, from1)
  ${outputs(`multiplyInner${vectors}(weights)`, 'inputs', end, end === 'skip' ? ', skip0, skip1' : '')}
}`,
).join('')}
`
}

/** The module in AssemblyScript. */
export function subpixelSource(kind: Arithmetic): string {
  const how: Broadcast = kind === 'relaxed' ? 'shuffle' : 'load'
  /** Calls `name` for all tiles; what it takes that lies along them moves with them. */
  const alongTiles = (name: string, given: readonly string[]) => {
    const values = given.map((one) => (FIXED.has(one) ? one : `${one} + slot`)).join(', ')
    return `let slot: usize = 0
  for (; slot + ${VECTOR} < tiles * ${TILE}; slot += ${GROUP_BYTES}) ${name}2(${values})
  if (slot < tiles * ${TILE}) ${name}1(${values})`
  }
  const rows = Array.from({ length: QUADS_FIRST }, (_, i) => `rows${i}`)
  return `// Written by worker/engine/kernel/subpixel.ts
${arithmetic(kind)}
let phaseBytes: usize = 0
let rowBytes: usize = 0
let channelBytes: usize = 0
// Of the layer at hand.
let inputs: usize = 0

${deinterleave('deinterleave', 'phaseBytes')}
${SCALES.map((scale) => depthToSpace(`depthToSpace${scale}`, scale)).join('')}
${group(1, how)}
${group(2, how)}

// Says how long rows are; \`slots\` counts what vectors overrun.
export function begin(slots: usize): void {
  phaseBytes = slots * ${TILE}
  rowBytes = ${TILE} * phaseBytes
  channelBytes = ${TILE} * rowBytes
  v128.store(${AT.four}, f32x4.splat(4))
}

// Four rows of pixels, one behind the other, into a band of one channel.
export function load(from: usize, to: usize, slots: usize): void {
  for (let row: usize = 0; row < ${TILE}; row++) deinterleave(from + row * rowBytes, to + row * rowBytes, slots)
}

// The 5x5 layer, from bands of the padded picture.
export function firstLayer(${rows.map((row) => `${row}: usize`).join(', ')}, weights: usize, bias: usize, to: usize, outputs: usize, tiles: usize): void {
  ${alongTiles('firstGroup', [...rows, 'weights', 'bias', 'to', 'outputs'])}
}
${ENDS.map(
  (end) => `
// A 3x3 layer, from two bands of the one before${end === 'skip' ? ', and two of what is added' : ''}.
export function ${end}Layer(channels: usize, from0: usize, from1: usize, weights: usize, bias: usize, to: usize, outputs: usize, tiles: usize${end === 'skip' ? SKIP_PARAMETERS : ''}): void {
  inputs = channels
  ${alongTiles(`${end}Group`, ['from0', 'from1', 'weights', 'bias', 'to', 'outputs', ...(end === 'skip' ? SKIPS : [])])}
}`,
).join('')}

// A band of scale² channels into 4 * scale rows of pixels, one behind the other.
${SCALES.map(
  (scale) => `
export function emit${scale}(from: usize, to: usize, tiles: usize): void {
  depthToSpace${scale}(from, to, tiles, phaseBytes, rowBytes * ${scale})
}`,
).join('')}
`
}
