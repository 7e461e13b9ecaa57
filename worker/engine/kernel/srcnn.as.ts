// The kernel of fused.ts for SRCNN 9-1-5. It computes all three layers in one pass, for 8 tiles of 4x4 pixels at a
// time, so that a whole feature map is never in memory:
//
//   12 rows of the padded input, [4 phases][tiles]                                          (ring)
//     └ transformInput ▶ V[36][9]; for every 4 channels: multiply ▶ M ▶ transformOutput ▶ A1
//        └ pointwise, over the channels of A1 that are not all zero ▶ A2, 4 rows
//           └ scatter, over the channels of A2 that are not all zero ▶ sums of 8 rows          (ring)
//              └ emit: the 4 rows that are complete, plus the input if the network is residual
//
// layout.ts has the addresses and the order of tiles and phases. The build puts the functions that srcnn.ts unrolls
// before this file: transformInput1, multiply1 and transformOutput1 for one vector of tiles, transformInput2, multiply2
// and transformOutput2 for two vectors, scatter0 and scatter1 for two phases each.
//
// The steps that made the kernel fast. Times are in ns of CPU per pixel of the result, the best of 10 to 16 rounds at
// 512², with the shipped x3 weights on a drawn picture, on Node 24 (V8 13.6), one thread of an AMD EPYC (Zen 4). Speed
// is the paired median against onnxruntime-web 1.30.0 (712 ns) in the same process.
//
//                                                                          relaxed        plain
//   fused; Winograd F(4x4, 3x3) for 9x9 as nine 3x3; zero-skipping 1x1     177  3.9x     216  3.2x
//   + zero-skipping 5x5: 27 % of A2 is not zero, 45 % of its blocks        163  4.4x     198  3.6x
//   + Binaryen at -O2, as -O3 spills sums (build/assemblyScript.ts)                     157  4.5x
//   + output transform: vector of 4s loaded; middle columns first          152  4.7x     185  3.8x
//   + relaxed: weights loaded four at a time and spread by shuffles        155  4.6x
//
// The last step is for workerd, which checks every access against the memory's bounds. In workerd this step lowers the
// time from 221 to 184 ns, and so raises the speed from 3.5 to 4.2 times that of onnxruntime-web in workerd. In Node
// with the same checks (`--wasm-enforce-bounds-checks`) it lowers the time from 207 to 171 ns. The plain build, which
// is for Node and browsers, would be 9 % slower with this step.
//
// Without zero-skipping, as for a network without zeros, Node took 198 ns instead of 152, so the speed is at least 3.7x
// for any network. The 152 ns are: multiply 45, pointwise 57, output transform 19, scatter 20, the rest 11.
//
// Tried without gain (with the speed relative to before): loops over 2, 3 or 4 listed channels at a time, with the list
// padded by a channel of zeros (0.98x); moving the end of a list by a shift instead of a select (0.99x); with shuffles,
// the loop of the GEMM written out 3 or 9 times (1.00x). Not tried: constant addresses of M in the output transform,
// which would need no check of bounds; F(6x6, 3x3), which needs 16 products instead of 20.25; int16 for the 5x5;
// neighbouring pixels in a vector of A1, so that 10 % fewer blocks are not zero; a bound on flat patches, which would
// prove that 4 to 6 % of layer 1's channels are zero. Of the 64 channels of the shipped weights, 8 to 13 are never
// above zero on drawn pictures, so layer 1 would take a sixth less time without them.
import { add, joinFirst, joinSecond, madd, nmadd, OneVector, relu, sub, TwoVectors, zipFirst, zipSecond } from './vectors.as'
import {
  CACHE_LINE, AT, BLOCKS, CARRY, FEATURE_CHANNEL_BYTES, FEATURE_PHASE_BYTES, FLOAT, FREQUENCIES, GROUP,
  GROUP_BYTES, HALO, INPUT_ROWS, OUTPUT_ROWS, PHASE_BYTES, ROW_BYTES, STEP, TILE, VECTOR,
} from './layout'
import { pointwise } from './pointwise.as'

// Numbers of channels of layers 1 and 2, and bytes between two positions of A1.
let n1: usize = 0
let n2: usize = 0
let stride1: usize = 0
/** Number of tiles in a row of features, one more than in a row of the result. */
let tiles: usize = 0
let isResidual: bool = false

// The number of rows in a ring is a power of two, so row y of the input or of the sums is row y & mask of its ring. A
// quad is four rows of the padded input.
@inline const INPUT_MASK: usize = INPUT_ROWS - 1
@inline const QUAD_MASK: usize = INPUT_ROWS / TILE - 1
@inline const OUTPUT_MASK: usize = OUTPUT_ROWS - 1
@inline const QUAD_BYTES: usize = TILE * ROW_BYTES
@inline const INPUT_BYTES: usize = INPUT_ROWS * ROW_BYTES
@inline const OUTPUT_END: usize = AT.output + OUTPUT_ROWS * ROW_BYTES

/** Bytes of layer 1's weights for four output channels, and bytes of these four channels in A1. */
@inline const WEIGHTS_1_BYTES: usize = FREQUENCIES * BLOCKS * STEP * FLOAT
@inline const STEP_BYTES: usize = STEP * GROUP_BYTES

// Offsets in a channel of A2, in bytes: the group's first tile, the tile before the group, the tile before its second
// vector, the group's last tile, the union of the phases, the third phase.
@inline const FIRST_TILE: usize = CARRY * FLOAT
@inline const TILE_BEFORE: usize = (CARRY - 1) * FLOAT
@inline const NEXT_TILES: usize = TILE_BEFORE + VECTOR
@inline const LAST_TILE: usize = (CARRY + GROUP - 1) * FLOAT
@inline const UNION: usize = TILE * FEATURE_PHASE_BYTES
@inline const TWO_PHASES: usize = 2 * FEATURE_PHASE_BYTES

/**
 * Begins a strip. `channels1` and `channels2` are the numbers of channels of layers 1 and 2. `tilesOfFeatures` is the
 * number of tiles in a row of features.
 */
export function begin(channels1: usize, channels2: usize, tilesOfFeatures: usize, residual: bool): void {
  n1 = channels1
  n2 = channels2
  stride1 = n1 * GROUP_BYTES + CACHE_LINE
  tiles = tilesOfFeatures
  isResidual = residual
  v128.store(AT.four, f32x4.splat(4))
  const bias = v128.load_splat<f32>(AT.bias3)
  for (let at: usize = AT.output; at < OUTPUT_END; at += VECTOR) v128.store(at, bias)
  memory.fill(AT.input, 0, INPUT_BYTES)
}

/** Copies quad number `quad` of the padded input, four rows with `slots` tiles each, from rowsIn to the ring. */
export function load(quad: usize, slots: usize): void {
  for (let row: usize = 0; row < TILE; row++) {
    deinterleave(AT.rowsIn + row * ROW_BYTES, AT.input + ((quad & QUAD_MASK) * TILE + row) * ROW_BYTES, slots)
  }
}

/** Computes `rows` rows of features, starting at row `4 * band`, from the quads `band` to `band + 2` of the input. */
export function compute(band: usize, rows: usize): void {
  // Fills A2 with zeros, because `carry` copies a tile of A2 to the slot left of the first tile, which has no features.
  // The sums left of the first tile are not used, but must not grow from band to band.
  memory.fill(AT.features2, 0, TILE * n2 * FEATURE_CHANNEL_BYTES)
  let tile: usize = 0
  for (; tile + TILE < tiles; tile += GROUP) forwardGroup<TwoVectors>(band, tile, rows)
  if (tile < tiles) forwardGroup<OneVector>(band, tile, rows)
}

/** Writes four rows of the result, starting at row `4 * (band - 1)`. They are complete after `compute(band)`. */
export function emit(band: usize): void {
  const bias = v128.load_splat<f32>(AT.bias3)
  const slots = tiles - 1
  for (let row: usize = 0; row < TILE; row++) {
    const y: usize = TILE * (band - 1) + row
    const from: usize = AT.output + (y & OUTPUT_MASK) * ROW_BYTES
    if (isResidual) addInput(AT.input + ((y + HALO) & INPUT_MASK) * ROW_BYTES, from + FLOAT, slots)
    interleave(from + FLOAT, AT.rowsOut + row * ROW_BYTES, slots, bias)
    f32.store(from, 0)
    f32.store(from, 0, PHASE_BYTES)
    f32.store(from, 0, 2 * PHASE_BYTES)
    f32.store(from, 0, 3 * PHASE_BYTES)
  }
}

/** Computes all three layers for a group of one or two vectors of tiles, starting at tile `tile`. */
function forwardGroup<V>(band: usize, tile: usize, rows: usize): void {
  const slot = tile * FLOAT
  const rows0: usize = AT.input + (band & QUAD_MASK) * QUAD_BYTES + slot
  const rows1: usize = AT.input + ((band + 1) & QUAD_MASK) * QUAD_BYTES + slot
  const rows2: usize = AT.input + ((band + 2) & QUAD_MASK) * QUAD_BYTES + slot
  // Layer 1, four channels at a time.
  if (offsetof<V>() > VECTOR) transformInput2(rows0, rows1, rows2, 0)
  else transformInput1(rows0, rows1, rows2, 0)
  const stride = stride1
  let weights: usize = AT.weights1
  let to: usize = AT.features1
  let bias: usize = AT.bias1
  for (let c: usize = 0; c < n1; c += STEP) {
    if (offsetof<V>() > VECTOR) {
      multiply2(weights)
      transformOutput2(to, stride, bias)
    } else {
      multiply1(weights)
      transformOutput1(to, stride, bias)
    }
    weights += WEIGHTS_1_BYTES
    to += STEP_BYTES
    bias += VECTOR
  }
  for (let row: usize = 0; row < rows; row++) {
    // Layer 2, two phases at a time.
    const features: usize = AT.features2 + row * n2 * FEATURE_CHANNEL_BYTES
    carry(features, n2)
    let from: usize = AT.features1 + row * TILE * stride
    let into = features + FIRST_TILE
    const union = into + UNION
    for (let pair = 0; pair < 2; pair++) {
      pointwise(from, stride, n1, AT.weights2, AT.bias2, into, n2, union)
      if (offsetof<V>() > VECTOR) {
        pointwise(from + VECTOR, stride, n1, AT.weights2, AT.bias2, into + VECTOR, n2, union + VECTOR)
      }
      from += stride + stride
      into += TWO_PHASES
    }
    // Layer 3: adds this row of features to the five rows of the result that depend on it.
    const y: usize = TILE * band + row
    const to0: usize = AT.output + (y & OUTPUT_MASK) * ROW_BYTES + slot
    const to1: usize = AT.output + ((y - 1) & OUTPUT_MASK) * ROW_BYTES + slot
    const to2: usize = AT.output + ((y - 2) & OUTPUT_MASK) * ROW_BYTES + slot
    const to3: usize = AT.output + ((y - 3) & OUTPUT_MASK) * ROW_BYTES + slot
    const to4: usize = AT.output + ((y - 4) & OUTPUT_MASK) * ROW_BYTES + slot
    scatter(features + TILE_BEFORE, AT.weights3, n2, to0, to1, to2, to3, to4)
    if (offsetof<V>() > VECTOR) {
      scatter(
        features + NEXT_TILES, AT.weights3, n2,
        to0 + VECTOR, to1 + VECTOR, to2 + VECTOR, to3 + VECTOR, to4 + VECTOR,
      )
    }
  }
}

/**
 * For each channel, copies the last tile of the previous group to the slot before the next group, and sets the
 * channel's union (the bitwise or of its phases) to zero.
 */
function carry(at: usize, channels: usize): void {
  for (const end = at + channels * FEATURE_CHANNEL_BYTES; at < end; at += FEATURE_CHANNEL_BYTES) {
    f32.store(at, f32.load(at, LAST_TILE), TILE_BEFORE)
    f32.store(at, f32.load(at, FEATURE_PHASE_BYTES + LAST_TILE), FEATURE_PHASE_BYTES + TILE_BEFORE)
    f32.store(at, f32.load(at, 2 * FEATURE_PHASE_BYTES + LAST_TILE), 2 * FEATURE_PHASE_BYTES + TILE_BEFORE)
    f32.store(at, f32.load(at, 3 * FEATURE_PHASE_BYTES + LAST_TILE), 3 * FEATURE_PHASE_BYTES + TILE_BEFORE)
    f32.store(at, f32.load(at, UNION + LAST_TILE), UNION + TILE_BEFORE)
    v128.store(at, f32x4.splat(0), UNION + FIRST_TILE)
    v128.store(at, f32x4.splat(0), UNION + FIRST_TILE + VECTOR)
  }
}

/**
 * Multiplies a row of features, in four tiles and in the tile to the right of each, by the weights
 * [channels][5 columns][5 rows]. Adds the products to the rows of sums at `to0` to `to4`, one for each row of taps. So
 * at most one row of features is needed at a time.
 */
function scatter(
  from: usize, weights: usize, channels: usize, to0: usize, to1: usize, to2: usize, to3: usize, to4: usize,
): void {
  const end = listFeatures(from, channels)
  scatter0(from, weights, end, to0, to1, to2, to3, to4)
  scatter1(from, weights, end, to0, to1, to2, to3, to4)
}

/**
 * Writes a list of offsets: one for each channel whose union (the bitwise or of its phases) is not zero. Returns the end
 * of the list.
 */
function listFeatures(from: usize, channels: usize): usize {
  let end: usize = AT.list
  const last = channels * FEATURE_CHANNEL_BYTES
  for (let c: usize = 0; c < last; c += FEATURE_CHANNEL_BYTES) {
    const a = from + c
    i32.store(end, <i32>c)
    end += <usize>(v128.any_true(v128.or(v128.load(a, UNION), v128.load(a, UNION + FLOAT))) ? 4 : 0)
  }
  return end
}

/** Splits a row of pixels into its four phases. `slots` is a multiple of 4. */
function deinterleave(from: usize, to: usize, slots: usize): void {
  for (const end = to + slots * FLOAT; to < end; to += VECTOR) {
    const a0 = v128.load(from)
    const a1 = v128.load(from, VECTOR)
    const a2 = v128.load(from, 2 * VECTOR)
    const a3 = v128.load(from, 3 * VECTOR)
    const p0 = zipFirst(a0, a1)
    const p1 = zipFirst(a2, a3)
    const p2 = zipSecond(a0, a1)
    const p3 = zipSecond(a2, a3)
    v128.store(to, joinFirst(p0, p1))
    v128.store(to, joinSecond(p0, p1), PHASE_BYTES)
    v128.store(to, joinFirst(p2, p3), 2 * PHASE_BYTES)
    v128.store(to, joinSecond(p2, p3), 3 * PHASE_BYTES)
    from += TILE * VECTOR
  }
}

/** Merges four phases into a row of pixels. Then resets the phases to the bias, from which the next sums start. */
function interleave(from: usize, to: usize, slots: usize, bias: v128): void {
  for (const end = from + slots * FLOAT; from < end; from += VECTOR) {
    const a0 = v128.load(from)
    v128.store(from, bias)
    const a1 = v128.load(from, PHASE_BYTES)
    v128.store(from, bias, PHASE_BYTES)
    const a2 = v128.load(from, 2 * PHASE_BYTES)
    v128.store(from, bias, 2 * PHASE_BYTES)
    const a3 = v128.load(from, 3 * PHASE_BYTES)
    v128.store(from, bias, 3 * PHASE_BYTES)
    const p0 = zipFirst(a0, a1)
    const p1 = zipFirst(a2, a3)
    const p2 = zipSecond(a0, a1)
    const p3 = zipSecond(a2, a3)
    v128.store(to, joinFirst(p0, p1))
    v128.store(to, joinSecond(p0, p1), VECTOR)
    v128.store(to, joinFirst(p2, p3), 2 * VECTOR)
    v128.store(to, joinSecond(p2, p3), 3 * VECTOR)
    to += TILE * VECTOR
  }
}

/** Adds a row of the padded input, without its first HALO (6) pixels, to a row of sums. */
function addInput(from: usize, to: usize, slots: usize): void {
  for (const end = to + slots * FLOAT; to < end; to += VECTOR) {
    // 6 pixels are one tile and two phases. So phases 0 and 1 of the sums get phases 2 and 3 of the input's next tile,
    // and phases 2 and 3 get phases 0 and 1 of the tile after that.
    v128.store(to, add(v128.load(to), v128.load(from, 2 * PHASE_BYTES + FLOAT)))
    v128.store(to, add(v128.load(to, PHASE_BYTES), v128.load(from, 3 * PHASE_BYTES + FLOAT)), PHASE_BYTES)
    v128.store(to, add(v128.load(to, 2 * PHASE_BYTES), v128.load(from, 2 * FLOAT)), 2 * PHASE_BYTES)
    v128.store(to, add(v128.load(to, 3 * PHASE_BYTES), v128.load(from, PHASE_BYTES + 2 * FLOAT)), 3 * PHASE_BYTES)
    from += VECTOR
  }
}
