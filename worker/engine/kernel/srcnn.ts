// The kernel of fused.ts: SRCNN 9-1-5 in one pass, composed of the blocks beside this file into
// AssemblyScript. It works on 4 rows and 8 tiles of 4x4 pixels at a time, through all three layers, so
// that no feature map ever exists as a whole:
//
//   12 rows of the padded input, [4 phases][tiles]                                          (ring)
//     └ transformInput ▶ V[36][9]; for every 4 channels: multiply ▶ M ▶ transformOutput ▶ A1
//        └ pointwise, over the channels of A1 that are not all zero ▶ A2, 4 rows
//           └ scatter, over the channels of A2 that are not all zero ▶ sums of 8 rows          (ring)
//              └ emit: the 4 rows that are complete, and the input where the network is residual
//
// The ladder. Times are ns of CPU a pixel of the result, the best of 10 to 16 rounds at 512², shipped
// x3 weights on a drawn picture, Node 24 (V8 13.6), one thread of an AMD EPYC (Zen 4); speed is the
// paired median against onnxruntime-web 1.30.0 (712 ns) in the same process.
//
//                                                                          relaxed        plain
//   fused; Winograd F(4x4, 3x3) for 9x9 as nine 3x3; zero-skipping 1x1     177  3.9x     216  3.2x
//   + zero-skipping 5x5: 27 % of A2 is not zero, 45 % of its blocks        163  4.4x     198  3.6x
//   + Binaryen at -O2, as -O3 spills sums (build/assemblyScript.ts)                     157  4.5x
//   + output transform: fours loaded instead of made, middle columns first 152  4.7x     185  3.8x
//   + relaxed: weights loaded four at a time and spread by shuffles        155  4.6x
//
// The last step is for workerd, which checks every access against the memory's bounds, as
// `node --wasm-enforce-bounds-checks` does (there 207 -> 171): 221 -> 184 ns, 3.5x -> 4.2x
// onnxruntime-web in workerd. The plain build, which is for Node and browsers, would lose 9 %.
//
// Without both lists, as for a network without zeros, Node took 198 instead of 152: the floor is 3.7x.
// Of the 152: multiply 45, pointwise 57, output transform 19, scatter 20, the rest 11.
//
// Taken out again, as they did not pay: list loops of 2, 3 or 4 channels at a time, the list padded with
// a channel of zeros (0.98x); the end of a list moved by a shift instead of a choice (0.99x); with
// shuffles, the loop of the GEMM written out 3 or 9 times (1.00x).
// Not tried: M at constant addresses in the output transform, which need no check of bounds; F(6x6,
// 3x3), 16 products for 20.25; int16 for the 5x5; pixels side by side in a vector of A1, of whose
// blocks 10 % fewer are not zero; a bound on flat patches, which proves 4 to 6 % of layer 1's channels
// zero. Of the shipped weights' 64 channels 8 to 13 are never above zero on drawn pictures: pruned,
// they would save a sixth of layer 1.
import {
  activationStride,
  AT,
  BLOCK,
  BLOCKS,
  CARRY,
  FREQUENCIES,
  GROUP,
  GROUP_SLOTS,
  HALO,
  INPUT_ROWS,
  KERNEL_1,
  KERNEL_3,
  OUTPUT_ROWS,
  PHASE_BYTES,
  ROW_BYTES,
  STEP,
  TILE,
  VECTOR,
  WEIGHTS_3,
} from './layout.ts'
import { pointwise } from './pointwise.ts'
import { addInput, deinterleave, interleave } from './rows.ts'
import { carry, scatter } from './scatter.ts'
import { type Arithmetic, arithmetic, type Broadcast, each } from './source.ts'
import { multiply, transformInput, transformOutput } from './winograd.ts'

const GROUP_BYTES = GROUP * TILE
const FEATURE_PHASE_BYTES = GROUP_SLOTS * TILE
/** Four phases and their union. */
const FEATURE_CHANNEL_BYTES = (TILE + 1) * FEATURE_PHASE_BYTES

const LAYER_3 = {
  name: 'scatter',
  kernel: KERNEL_3,
  phaseBytes: FEATURE_PHASE_BYTES,
  channelBytes: FEATURE_CHANNEL_BYTES,
  weightBytes: WEIGHTS_3 * TILE,
  list: AT.list,
  outPhaseBytes: PHASE_BYTES,
}

/** A group of `vectors` times four tiles through all three layers: `function group{vectors}(band, tile, rows)`. */
function group(vectors: number, how: Broadcast): string {
  const winograd = {
    vectors,
    transformed: AT.transformed,
    channelBytes: GROUP_BYTES,
    frequencyBytes: BLOCKS * GROUP_BYTES,
    products: AT.products,
    productBytes: GROUP_BYTES,
    four: AT.four,
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
${multiply({ ...winograd, name: `multiply${vectors}`, depth: BLOCKS, broadcast: how })}
${transformOutput({ ...winograd, name: `transformOutput${vectors}`, end: 'relu' })}
function group${vectors}(band: usize, tile: usize, rows: usize): void {
  const slot = tile * ${TILE}
  ${each(BLOCK, (i) => `const rows${i}: usize = ${AT.input} + ((band + ${i}) & ${INPUT_ROWS / TILE - 1}) * ${TILE * ROW_BYTES} + slot`)}
  transformInput${vectors}(rows0, rows1, rows2, 0)
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
  const how: Broadcast = kind === 'relaxed' ? 'shuffle' : 'load'
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
  broadcast: how,
})}
${scatter({ ...LAYER_3, broadcast: how })}
${carry('carry', LAYER_3, CARRY + GROUP - 1, CARRY - 1)}
${group(1, how)}
${group(2, how)}

// A strip of a picture begins: its channels, and tiles of features in a row.
export function begin(channels1: usize, channels2: usize, tilesOfFeatures: usize, residual: bool): void {
  n1 = channels1
  n2 = channels2
  stride1 = n1 * ${GROUP_BYTES} + ${activationStride(0)}
  tiles = tilesOfFeatures
  isResidual = residual
  v128.store(${AT.four}, f32x4.splat(4))
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
