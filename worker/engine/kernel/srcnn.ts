// The kernel of fused.ts: SRCNN 9-1-5 in one pass over 4 rows at a time, composed of the blocks beside
// this file into AssemblyScript. No feature map ever exists as a whole.
import {
  activationStride, AT, BLOCK, BLOCKS, CARRY, FREQUENCIES, GROUP, GROUP_SLOTS, HALO, INPUT_ROWS, KERNEL_1,
  KERNEL_3, OUTPUT_ROWS, PHASE_BYTES, ROW_BYTES, STEP, TILE, VECTOR, WEIGHTS_3,
} from './layout.ts' // prettier-ignore
import { pointwise } from './pointwise.ts'
import { addInput, deinterleave, interleave } from './rows.ts'
import { carry, scatter, type Scatter } from './scatter.ts'
import { type Arithmetic, arithmetic, each } from './source.ts'
import { multiply, transformInput, transformOutput } from './winograd.ts'

const GROUP_BYTES = GROUP * TILE
const FEATURE_PHASE_BYTES = GROUP_SLOTS * TILE
/** Four phases and their union. */
const FEATURE_CHANNEL_BYTES = (TILE + 1) * FEATURE_PHASE_BYTES

const LAYER_3: Scatter = {
  name: 'scatter',
  kernel: KERNEL_3,
  phaseBytes: FEATURE_PHASE_BYTES,
  channelBytes: FEATURE_CHANNEL_BYTES,
  weightBytes: WEIGHTS_3 * TILE,
  list: AT.list,
  outPhaseBytes: PHASE_BYTES,
}

/** A group of `vectors` times four tiles through all three layers: `function group{vectors}(band, tile, rows)`. */
function group(vectors: number): string {
  const winograd = {
    vectors,
    transformed: AT.transformed,
    channelBytes: GROUP_BYTES,
    products: AT.products,
    productBytes: GROUP_BYTES,
  }
  return `
${transformInput({
  ...winograd,
  name: `transformInput${vectors}`,
  blocks: KERNEL_1 / BLOCK,
  phaseBytes: PHASE_BYTES,
  rowBytes: ROW_BYTES,
  halfSlots: GROUP_SLOTS,
  half: AT.half,
})}
${multiply({ ...winograd, name: `multiply${vectors}`, depth: BLOCKS })}
${transformOutput({ ...winograd, name: `transformOutput${vectors}` })}
function group${vectors}(band: usize, tile: usize, rows: usize): void {
  const slot = tile * ${TILE}
  ${each(BLOCK, (i) => `const rows${i}: usize = ${AT.input} + ((band + ${i}) & ${INPUT_ROWS / TILE - 1}) * ${TILE * ROW_BYTES} + slot`)}
  transformInput${vectors}(rows0, rows1, rows2)
  const stride = stride1
  let weights: usize = ${AT.weights1}
  let to: usize = ${AT.features1}
  let bias: usize = ${AT.bias1}
  for (let c: usize = 0; c < n1; c += ${STEP}) {
    multiply${vectors}(weights)
    transformOutput${vectors}(to, stride, bias)
    weights += ${FREQUENCIES * BLOCKS * STEP * TILE}
    to += ${STEP * GROUP_BYTES}
    bias += ${VECTOR}
  }
  for (let row: usize = 0; row < rows; row++) {
    const features: usize = ${AT.features2} + row * n2 * ${FEATURE_CHANNEL_BYTES}
    carry(features, n2)
    let from: usize = ${AT.features1} + row * ${TILE} * stride
    let into = features + ${CARRY * TILE}
    const union = into + ${TILE * FEATURE_PHASE_BYTES}
    for (let pair = 0; pair < 2; pair++) {
      ${each(vectors, (v) => `pointwise(from + ${v * VECTOR}, stride, n1, ${AT.weights2}, ${AT.bias2}, into + ${v * VECTOR}, n2, union + ${v * VECTOR})`)}
      from += stride + stride
      into += ${2 * FEATURE_PHASE_BYTES}
    }
    const y: usize = ${TILE} * band + row
    ${each(KERNEL_3, (dy) => `const to${dy}: usize = ${AT.output} + ((y - ${dy}) & ${OUTPUT_ROWS - 1}) * ${ROW_BYTES} + slot`)}
    ${each(vectors, (v) => `scatter(features + ${(CARRY - 1) * TILE + v * VECTOR}, ${AT.weights3}, n2, ${Array.from({ length: KERNEL_3 }, (_, dy) => `to${dy} + ${v * VECTOR}`).join(', ')})`)}
  }
}
`
}

/** The module in AssemblyScript. */
export function srcnnSource(kind: Arithmetic): string {
  return `// Written by worker/engine/kernel/srcnn.ts
${arithmetic(kind)}
let n1: usize = 0
let n2: usize = 0
let stride1: usize = 0
// Tiles of features in a row: one more than the result has.
let tiles: usize = 0
let isResidual: bool = false

${deinterleave('deinterleave', PHASE_BYTES)}
${interleave('interleave', PHASE_BYTES)}
${addInput('addInput', PHASE_BYTES, HALO)}
${pointwise({
  name: 'pointwise',
  channelBytes: GROUP_BYTES,
  list: AT.list,
  outBytes: FEATURE_CHANNEL_BYTES,
  pairBytes: FEATURE_PHASE_BYTES,
})}
${scatter(LAYER_3)}
${carry('carry', LAYER_3, CARRY + GROUP - 1, CARRY - 1)}
${group(1)}
${group(2)}

// A strip of a picture begins: its channels, and tiles of features in a row.
export function begin(channels1: usize, channels2: usize, tilesOfFeatures: usize, residual: bool): void {
  n1 = channels1
  n2 = channels2
  stride1 = n1 * ${GROUP_BYTES} + ${activationStride(0)}
  tiles = tilesOfFeatures
  isResidual = residual
  const bias = v128.load_splat<f32>(${AT.bias3})
  for (let at: usize = ${AT.output}; at < ${AT.output + OUTPUT_ROWS * ROW_BYTES}; at += ${VECTOR}) v128.store(at, bias)
  memory.fill(${AT.input}, 0, ${INPUT_ROWS * ROW_BYTES})
}

// Takes rows 4 quad .. 4 quad + 3 of the padded input, of \`slots\` tiles.
export function load(quad: usize, slots: usize): void {
  for (let row: usize = 0; row < ${TILE}; row++) {
    deinterleave(${AT.rowsIn} + row * ${ROW_BYTES}, ${AT.input} + ((quad & ${INPUT_ROWS / TILE - 1}) * ${TILE} + row) * ${ROW_BYTES}, slots)
  }
}

// Rows 4 band .. of the features, as many as \`rows\`, from quads band .. band + 2 of the input.
export function compute(band: usize, rows: usize): void {
  // Left of the first tile there is nothing: what is computed there is thrown away, but must not grow.
  memory.fill(${AT.features2}, 0, ${TILE} * n2 * ${FEATURE_CHANNEL_BYTES})
  let tile: usize = 0
  for (; tile + ${TILE} < tiles; tile += ${GROUP}) group2(band, tile, rows)
  if (tile < tiles) group1(band, tile, rows)
}

// Gives rows 4 (band - 1) .. of the result, which are complete when band \`band\` is.
export function emit(band: usize): void {
  const bias = v128.load_splat<f32>(${AT.bias3})
  const slots = tiles - 1
  for (let row: usize = 0; row < ${TILE}; row++) {
    const y: usize = ${TILE} * (band - 1) + row
    const from: usize = ${AT.output} + (y & ${OUTPUT_ROWS - 1}) * ${ROW_BYTES}
    if (isResidual) addInput(${AT.input} + ((y + ${HALO}) & ${INPUT_ROWS - 1}) * ${ROW_BYTES}, from + ${TILE}, slots)
    interleave(from + ${TILE}, ${AT.rowsOut} + row * ${ROW_BYTES}, slots, bias)
    ${each(TILE, (p) => `f32.store(from, 0, ${p * PHASE_BYTES})`)}
  }
}
`
}
