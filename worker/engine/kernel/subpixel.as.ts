// The kernel of fused.ts for networks that work on the small picture (model/network.ts): 5x5, then any number of 3x3
// layers with or without skips, then depth-to-space. A call computes one band (four rows of all channels) of one layer
// from two bands of the layer before. The driver (../driver/subpixel.ts) chooses the order of bands and their
// addresses. All layers use Winograd's F(4x4, 3x3), with the 5x5 kernel as 2x2 blocks:
//
//   for every 8 tiles: transformInput of each channel ▶ V[36][inputs]
//                      for every 4 channels: multiply ▶ M ▶ transformOutput, with skip and ReLU
//
// The build puts the functions that subpixel.ts unrolls before this file: transformFirst1, transformInner1,
// multiplyFirst1, multiplyInner1, reluOutput1, skipOutput1 and linearOutput1 for one vector of tiles, the same names
// with 2 for two vectors; depthToSpace2, depthToSpace3 and depthToSpace4 by scale.
//
// Times are in ns of CPU per pixel of the result at x3, 768², on Node 24 (V8 13.6), one thread of an AMD EPYC (Zen 4).
// A network with 16 channels and three skips takes 28.5 (multiply 18, transformInput 5, transformOutput 5), a network
// with 32 channels 90. SRCNN's kernel takes 122 at the same scale and size. The multiplication runs at 25 GMAC/s, six
// sevenths of what the machine's multiply-adds allow. Tried without gain: computing all output channels of one
// frequency before the next frequency, so that V is read once instead of once for every four output channels (0.98x);
// strips of 128 (0.95x) or 1024 pixels (1.0x) instead of 512.
import {
  add, joinFirst, joinSecond, madd, nmadd, OneVector, relu, sub, TwoVectors, zipFirst, zipSecond,
} from './vectors.as'
import { FLOAT, FREQUENCIES, GROUP_BYTES, STEP, TILE, VECTOR } from './layout'
import { SCRATCH_AT, DEPTH_FIRST } from './subpixelLayout'

// Bytes between two phases, between two rows and between two channels of a band.
let phaseBytes: usize = 0
let rowBytes: usize = 0
let channelBytes: usize = 0
/** Number of input channels of the layer that is being computed. */
let inputs: usize = 0

/**
 * Bytes of the weights of four output channels. WEIGHTS_BYTES is for one input channel and one frequency,
 * WEIGHTS_FIRST_BYTES for all input channels and frequencies of the first layer.
 */
@inline const WEIGHTS_BYTES: usize = STEP * FLOAT
@inline const WEIGHTS_FIRST_BYTES: usize = FREQUENCIES * DEPTH_FIRST * WEIGHTS_BYTES

/** Sets the length of a row to `slots` tiles, including space for whole vectors that run over the end. */
export function begin(slots: usize): void {
  phaseBytes = slots * FLOAT
  rowBytes = TILE * phaseBytes
  channelBytes = TILE * rowBytes
  v128.store(SCRATCH_AT.four, f32x4.splat(4))
}

/** Returns a * b + c as this machine computes it in vectors: rounded once if multiply-add is fused, else twice. */
export function multiplyAdd(a: f32, b: f32, c: f32): f32 {
  return f32x4.extract_lane(madd(f32x4.splat(a), f32x4.splat(b), f32x4.splat(c)), 0)
}

/** Converts four consecutive rows of pixels to a band of one channel. */
export function load(from: usize, to: usize, slots: usize): void {
  for (let row: usize = 0; row < TILE; row++) deinterleave(from + row * rowBytes, to + row * rowBytes, slots)
}

/** Computes a band of the 5x5 layer from three quads of the padded picture. */
export function firstLayer(
  rows0: usize, rows1: usize, rows2: usize, weights: usize, bias: usize, to: usize, outputs: usize, tiles: usize,
): void {
  let slot: usize = 0
  for (; slot + VECTOR < tiles * FLOAT; slot += GROUP_BYTES) {
    firstGroup<TwoVectors>(rows0 + slot, rows1 + slot, rows2 + slot, weights, bias, to + slot, outputs)
  }
  if (slot < tiles * FLOAT) {
    firstGroup<OneVector>(rows0 + slot, rows1 + slot, rows2 + slot, weights, bias, to + slot, outputs)
  }
}

/** Computes a band of a 3x3 layer from two bands of the layer before. */
export function reluLayer(
  channels: usize, from0: usize, from1: usize, weights: usize, bias: usize, to: usize, outputs: usize, tiles: usize,
): void {
  inputs = channels
  let slot: usize = 0
  for (; slot + VECTOR < tiles * FLOAT; slot += GROUP_BYTES) {
    reluGroup<TwoVectors>(from0 + slot, from1 + slot, weights, bias, to + slot, outputs)
  }
  if (slot < tiles * FLOAT) reluGroup<OneVector>(from0 + slot, from1 + slot, weights, bias, to + slot, outputs)
}

/** Computes a band of a 3x3 layer with a skip: adds the bands `skip0` and `skip1` before the ReLU. */
export function skipLayer(
  channels: usize, from0: usize, from1: usize, weights: usize, bias: usize, to: usize, outputs: usize, tiles: usize,
  skip0: usize, skip1: usize,
): void {
  inputs = channels
  let slot: usize = 0
  for (; slot + VECTOR < tiles * FLOAT; slot += GROUP_BYTES) {
    skipGroup<TwoVectors>(from0 + slot, from1 + slot, weights, bias, to + slot, outputs, skip0 + slot, skip1 + slot)
  }
  if (slot < tiles * FLOAT) {
    skipGroup<OneVector>(from0 + slot, from1 + slot, weights, bias, to + slot, outputs, skip0 + slot, skip1 + slot)
  }
}

/** Computes a band of the last layer, a 3x3 layer without a ReLU. */
export function linearLayer(
  channels: usize, from0: usize, from1: usize, weights: usize, bias: usize, to: usize, outputs: usize, tiles: usize,
): void {
  inputs = channels
  let slot: usize = 0
  for (; slot + VECTOR < tiles * FLOAT; slot += GROUP_BYTES) {
    linearGroup<TwoVectors>(from0 + slot, from1 + slot, weights, bias, to + slot, outputs)
  }
  if (slot < tiles * FLOAT) linearGroup<OneVector>(from0 + slot, from1 + slot, weights, bias, to + slot, outputs)
}

// Each of the following functions converts a band of scale² channels to 4 * scale consecutive rows of pixels.
export function emit2(from: usize, to: usize, tiles: usize): void {
  depthToSpace2(from, to, tiles, phaseBytes, rowBytes * 2)
}
export function emit3(from: usize, to: usize, tiles: usize): void {
  depthToSpace3(from, to, tiles, phaseBytes, rowBytes * 3)
}
export function emit4(from: usize, to: usize, tiles: usize): void {
  depthToSpace4(from, to, tiles, phaseBytes, rowBytes * 4)
}

// Each of the following functions computes `outputs` channels of a layer for a group of one or two vectors of tiles.

function firstGroup<V>(
  rows0: usize, rows1: usize, rows2: usize, weights: usize, bias: usize, to: usize, outputs: usize,
): void {
  if (offsetof<V>() > VECTOR) transformFirst2(rows0, rows1, rows2, 0)
  else transformFirst1(rows0, rows1, rows2, 0)
  const end = to + outputs * channelBytes
  for (; to < end; to += STEP * channelBytes) {
    if (offsetof<V>() > VECTOR) {
      multiplyFirst2(weights)
      reluOutput2(to, phaseBytes, bias)
    } else {
      multiplyFirst1(weights)
      reluOutput1(to, phaseBytes, bias)
    }
    weights += WEIGHTS_FIRST_BYTES
    bias += VECTOR
  }
}

/** Computes the input transform of all channels. */
function transform<V>(from0: usize, from1: usize): void {
  for (let at: usize = 0; at < inputs * GROUP_BYTES; at += GROUP_BYTES) {
    if (offsetof<V>() > VECTOR) transformInner2(from0, from1, at)
    else transformInner1(from0, from1, at)
    from0 += channelBytes
    from1 += channelBytes
  }
}

function reluGroup<V>(from0: usize, from1: usize, weights: usize, bias: usize, to: usize, outputs: usize): void {
  transform<V>(from0, from1)
  const end = to + outputs * channelBytes
  const layerBytes: usize = FREQUENCIES * inputs * WEIGHTS_BYTES
  for (; to < end; to += STEP * channelBytes) {
    if (offsetof<V>() > VECTOR) {
      multiplyInner2(weights)
      reluOutput2(to, phaseBytes, bias)
    } else {
      multiplyInner1(weights)
      reluOutput1(to, phaseBytes, bias)
    }
    weights += layerBytes
    bias += VECTOR
  }
}

function skipGroup<V>(
  from0: usize, from1: usize, weights: usize, bias: usize, to: usize, outputs: usize, skip0: usize, skip1: usize,
): void {
  transform<V>(from0, from1)
  const end = to + outputs * channelBytes
  const layerBytes: usize = FREQUENCIES * inputs * WEIGHTS_BYTES
  for (; to < end; to += STEP * channelBytes) {
    if (offsetof<V>() > VECTOR) {
      multiplyInner2(weights)
      skipOutput2(to, phaseBytes, bias, skip0, skip1)
    } else {
      multiplyInner1(weights)
      skipOutput1(to, phaseBytes, bias, skip0, skip1)
    }
    weights += layerBytes
    bias += VECTOR
    skip0 += STEP * channelBytes
    skip1 += STEP * channelBytes
  }
}

function linearGroup<V>(from0: usize, from1: usize, weights: usize, bias: usize, to: usize, outputs: usize): void {
  transform<V>(from0, from1)
  const end = to + outputs * channelBytes
  const layerBytes: usize = FREQUENCIES * inputs * WEIGHTS_BYTES
  for (; to < end; to += STEP * channelBytes) {
    if (offsetof<V>() > VECTOR) {
      multiplyInner2(weights)
      linearOutput2(to, phaseBytes, bias)
    } else {
      multiplyInner1(weights)
      linearOutput1(to, phaseBytes, bias)
    }
    weights += layerBytes
    bias += VECTOR
  }
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
    v128.store(to + phaseBytes, joinSecond(p0, p1))
    v128.store(to + 2 * phaseBytes, joinFirst(p2, p3))
    v128.store(to + 3 * phaseBytes, joinSecond(p2, p3))
    from += TILE * VECTOR
  }
}
