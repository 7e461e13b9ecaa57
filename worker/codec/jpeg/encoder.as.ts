// The WebAssembly module of encoder.ts: baseline JPEG (ITU-T T.81) in two steps. `encodeRgba` and `encodePlanes` turn a
// band, which is one row of MCUs, into tokens: the symbols of its coefficients with their value bits. `writeTokens`
// turns tokens into bytes. Between the two, encoder.ts fits Huffman codes to the symbols that were counted.
//
// Plain SIMD only: without relaxed instructions, the bytes are the same on every processor. The transform is that of
// Y. Arai, T. Agui and M. Nakajima, "A Fast DCT-SQ Scheme for Images" (1988), in floats, on four columns at a time. Its
// scale factors are part of the quantiser. Blocks are transposed: a row holds the coefficients of one horizontal
// frequency.
import { add, HALF, lowHalves, ROUNDING, ROW, scale, sub, transpose } from './blocks.as'
import {
  BLOCK_AT,
  CHROMA,
  CODES_AT,
  FREQUENCIES_AT,
  HALF_CHROMA_BITS,
  LUMA,
  OFFSETS_AT,
  PLACES_AT,
  QUANTIZER,
  QUANTIZERS_AT,
  QUANTIZER_BYTES,
  SAMPLES_AT,
  SCRATCH_AT,
  TOKEN_BYTES,
  WEIGHT_BITS,
} from './encoderLayout'

/** Bytes of a block of floats. */
@inline const BLOCK: usize = 8 * ROW
@inline const CB_AT: usize = SAMPLES_AT + 4 * BLOCK
@inline const CR_AT: usize = SAMPLES_AT + 5 * BLOCK

// The weights of RGB in YCbCr (Rec. 601, as JFIF uses it), in 2^14ths.
@inline const RED_Y: i16 = 4899
@inline const GREEN_Y: i16 = 9617
@inline const BLUE_Y: i16 = 1868
@inline const RED_CB: i16 = -2765
@inline const GREEN_CB: i16 = -5427
@inline const GREEN_CR: i16 = -6860
@inline const BLUE_CR: i16 = -1332
@inline const HALF_WEIGHT: i16 = 8192

// Predictions of the DC coefficients, in steps.
let luma: i32 = 0
let cb: i32 = 0
let cr: i32 = 0

/** Fills the table at PLACES_AT. `place` maps a coefficient of BLOCK_AT to its place in zig-zag order. */
export function initPlaces(placeOf: usize): void {
  for (let row: usize = 0; row < 8; row++) {
    const table = PLACES_AT + (row << 11)
    for (let byte: usize = 1; byte < 256; byte++) {
      const lowest = <usize>ctz(<u32>byte)
      const place: u64 = load<u8>(placeOf + row * 8 + lowest)
      store<u64>(table + (byte << 3), load<u64>(table + ((byte & (byte - 1)) << 3)) | (<u64>1 << place))
    }
  }
}

/**
 * Transforms four columns, of eight rows each. In the first pass, the result is transposed. In the second, it is
 * quantised with the quantiser at `quantizer`: then each result is a float whose lowest 16 bits are the integer.
 */
@inline
function transform(from: usize, to: usize, quantizer: usize, isSecond: bool): void {
  const d0 = v128.load(from)
  const d1 = v128.load(from, ROW)
  const d2 = v128.load(from, 2 * ROW)
  const d3 = v128.load(from, 3 * ROW)
  const d4 = v128.load(from, 4 * ROW)
  const d5 = v128.load(from, 5 * ROW)
  const d6 = v128.load(from, 6 * ROW)
  const d7 = v128.load(from, 7 * ROW)
  const s07 = add(d0, d7)
  const s16 = add(d1, d6)
  const s25 = add(d2, d5)
  const s34 = add(d3, d4)
  const even0 = add(s07, s34)
  const even1 = add(s16, s25)
  const even2 = sub(s16, s25)
  const even3 = sub(s07, s34)
  const c0 = add(even0, even1)
  const c4 = sub(even0, even1)
  const turned = scale(add(even2, even3), 0.7071067811865476)
  const c2 = add(even3, turned)
  const c6 = sub(even3, turned)

  const m07 = sub(d0, d7)
  const m16 = sub(d1, d6)
  const m25 = sub(d2, d5)
  const m34 = sub(d3, d4)
  const odd0 = add(m34, m25)
  const odd1 = scale(add(m25, m16), 0.7071067811865476)
  const odd2 = add(m16, m07)
  const between = scale(sub(odd0, odd2), 0.3826834323650898)
  const low = add(scale(odd0, 0.5411961001461969), between)
  const high = add(scale(odd2, 1.3065629648763766), between)
  const near = add(m07, odd1)
  const far = sub(m07, odd1)
  const c1 = add(near, high)
  const c3 = sub(far, low)
  const c5 = add(far, low)
  const c7 = sub(near, high)
  if (isSecond) {
    v128.store(to, quantize(c0, quantizer))
    v128.store(to, quantize(c1, quantizer + ROW), ROW)
    v128.store(to, quantize(c2, quantizer + 2 * ROW), 2 * ROW)
    v128.store(to, quantize(c3, quantizer + 3 * ROW), 3 * ROW)
    v128.store(to, quantize(c4, quantizer + 4 * ROW), 4 * ROW)
    v128.store(to, quantize(c5, quantizer + 5 * ROW), 5 * ROW)
    v128.store(to, quantize(c6, quantizer + 6 * ROW), 6 * ROW)
    v128.store(to, quantize(c7, quantizer + 7 * ROW), 7 * ROW)
  } else {
    transpose(c0, c1, c2, c3, to)
    transpose(c4, c5, c6, c7, to + HALF)
  }
}

/** Moves a coefficient towards zero by its dead zone and rounds it. */
@inline
function quantize(coefficient: v128, quantizer: usize): v128 {
  const steps = f32x4.mul(coefficient, v128.load(quantizer, QUANTIZER.factors))
  const sign = v128.and(steps, i32x4.splat(0x80000000))
  const deadZone = v128.or(sign, v128.load(quantizer, QUANTIZER.deadZones))
  return add(sub(steps, deadZone), f32x4.splat(ROUNDING))
}

function firstPass(from: usize, to: usize): void {
  transform(from, to, 0, false)
}

function secondPass(from: usize, to: usize, quantizer: usize): void {
  transform(from, to, quantizer, true)
}

/**
 * Transforms and quantises the block of floats at `from` to BLOCK_AT. Returns the coefficients that are not zero, as a
 * set of places in zig-zag order.
 */
function quantizedBlock(from: usize, quantizer: usize): u64 {
  firstPass(from, SCRATCH_AT)
  firstPass(from + HALF, SCRATCH_AT + 4 * ROW)
  secondPass(SCRATCH_AT, SCRATCH_AT + BLOCK, quantizer)
  secondPass(SCRATCH_AT + HALF, SCRATCH_AT + BLOCK + HALF, quantizer + HALF)
  return packRows(0) | packRows(1) | packRows(2) | packRows(3)
}

/** Stores two rows of integers to BLOCK_AT. Returns the places of those that are not zero. */
@inline
function packRows(pair: usize): u64 {
  const from = SCRATCH_AT + BLOCK + pair * 2 * ROW
  const first = lowHalves(v128.load(from), v128.load(from, HALF))
  const second = lowHalves(v128.load(from, ROW), v128.load(from, ROW + HALF))
  v128.store(BLOCK_AT + pair * ROW, first)
  v128.store(BLOCK_AT + pair * ROW + HALF, second)
  // Narrowing saturates, so only zero becomes zero.
  const isZero = i8x16.eq(i8x16.narrow_i16x8_s(first, second), i8x16.splat(0))
  const bits: u32 = ~i8x16.bitmask(isZero)
  const table = PLACES_AT + (pair << 12)
  return load<u64>(table + <usize>((bits & 0xff) << 3)) | load<u64>(table + <usize>((bits & 0xff00) >> 5), 1 << 11)
}

/**
 * Appends the tokens of the block of floats at `from` (F.1.2) and returns the address behind them. `kind` is LUMA or
 * CHROMA, `predicted` the DC coefficient of the component's previous block. Leaves the block at BLOCK_AT.
 */
function blockTokens(from: usize, kind: usize, predicted: i32, to: usize): usize {
  let places = quantizedBlock(from, QUANTIZERS_AT + kind * QUANTIZER_BYTES)
  const dcTable = <u32>kind << 9
  const acTable = dcTable | 256
  to = putToken(to, dcTable, <i32>load<i16>(BLOCK_AT) - predicted)
  places &= ~(<u64>1)
  let last: u32 = 0
  while (places != 0) {
    const place = <u32>ctz(places)
    places &= places - 1
    let run = place - last - 1
    for (; run > 15; run -= 16) to = putSymbol(to, acTable | 0xf0)
    const value = <i32>load<i16>(BLOCK_AT + <usize>load<u8>(OFFSETS_AT + <usize>place))
    to = putToken(to, acTable | (run << 4), value)
    last = place
  }
  return last < 63 ? putSymbol(to, acTable) : to
}

/** Appends the token of a value. `symbol` lacks only the value's size in bits, its lowest four bits. */
@inline
function putToken(to: usize, symbol: u32, value: i32): usize {
  const sign = value >> 31
  const size: u32 = 32 - clz((value ^ sign) - sign)
  const bits = <u32>(value + sign) & ((1 << size) - 1)
  return putSymbol(to, (bits << 10) | symbol | size)
}

@inline
function putSymbol(to: usize, token: u32): usize {
  const counter = FREQUENCIES_AT + <usize>((token & 1023) << 2)
  store<u32>(counter, load<u32>(counter) + 1)
  store<u32>(to, token)
  return to + TOKEN_BYTES
}

/** Sets 8x8 luma samples, in 2^14ths of a level, from RGBA. */
function lumaBlock(from: usize, stride: usize, to: usize): void {
  const weights = i16x8(RED_Y, GREEN_Y, BLUE_Y, 0, RED_Y, GREEN_Y, BLUE_Y, 0)
  for (const end = to + BLOCK; to < end; to += ROW) {
    lumaSamples(v128.load(from), weights, to)
    lumaSamples(v128.load(from, 16), weights, to + HALF)
    from += stride
  }
}

@inline
function lumaSamples(pixels: v128, weights: v128, to: usize): void {
  const sums = weighted(i16x8.extend_low_i8x16_u(pixels), i16x8.extend_high_i8x16_u(pixels), weights)
  v128.store(to, f32x4.convert_i32x4_s(i32x4.sub(sums, i32x4.splat(128 << <i32>WEIGHT_BITS))))
}

/** Returns the weighted sums of four pixels, which are 16-bit RGBA. */
@inline
function weighted(low: v128, high: v128, weights: v128): v128 {
  const a = i32x4.dot_i16x8_s(low, weights)
  const b = i32x4.dot_i16x8_s(high, weights)
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7))
}

@inline
function cbWeights(): v128 {
  return i16x8(RED_CB, GREEN_CB, HALF_WEIGHT, 0, RED_CB, GREEN_CB, HALF_WEIGHT, 0)
}

@inline
function crWeights(): v128 {
  return i16x8(HALF_WEIGHT, GREEN_CR, BLUE_CR, 0, HALF_WEIGHT, GREEN_CR, BLUE_CR, 0)
}

/** Sets 8x8 samples of Cb and of Cr, in 2^14ths of a level, from RGBA. */
function chromaBlocks(from: usize, stride: usize): void {
  for (let to: usize = 0; to < BLOCK; to += ROW) {
    for (let x: usize = 0; x < ROW; x += HALF) {
      const pixels = v128.load(from + x)
      const low = i16x8.extend_low_i8x16_u(pixels)
      const high = i16x8.extend_high_i8x16_u(pixels)
      v128.store(CB_AT + to + x, f32x4.convert_i32x4_s(weighted(low, high, cbWeights())))
      v128.store(CR_AT + to + x, f32x4.convert_i32x4_s(weighted(low, high, crWeights())))
    }
    from += stride
  }
}

/** Sets 8x8 samples of Cb and of Cr, each the mean of 2x2 pixels, in 2^16ths of a level, from RGBA. */
function halfChromaBlocks(from: usize, stride: usize): void {
  for (let to: usize = 0; to < BLOCK; to += ROW) {
    for (let x: usize = 0; x < ROW; x += HALF) {
      const low = pairSums(from + 2 * x, stride)
      const high = pairSums(from + 2 * x + 16, stride)
      v128.store(CB_AT + to + x, f32x4.convert_i32x4_s(weighted(low, high, cbWeights())))
      v128.store(CR_AT + to + x, f32x4.convert_i32x4_s(weighted(low, high, crWeights())))
    }
    from += 2 * stride
  }
}

/** Returns the sums of 2x2 pixels, for two neighbours, as 16-bit RGBA. */
@inline
function pairSums(from: usize, stride: usize): v128 {
  const upper = v128.load(from)
  const lower = v128.load(from + stride)
  const low = i16x8.add(i16x8.extend_low_i8x16_u(upper), i16x8.extend_low_i8x16_u(lower))
  const high = i16x8.add(i16x8.extend_high_i8x16_u(upper), i16x8.extend_high_i8x16_u(lower))
  return i16x8.add(v128.shuffle<i64>(low, high, 0, 2), v128.shuffle<i64>(low, high, 1, 3))
}

/** Sets 8x8 samples, in parts of a level of which there are 2^`bits`, from a plane of bytes. */
function planeBlock(from: usize, stride: usize, to: usize, bits: i32): void {
  for (const end = to + BLOCK; to < end; to += ROW) {
    const samples = i16x8.sub(i16x8.extend_low_i8x16_u(v128.load64_zero(from)), i16x8.splat(128))
    v128.store(to, f32x4.convert_i32x4_s(i32x4.shl(i32x4.extend_low_i16x8_s(samples), bits)))
    v128.store(to, f32x4.convert_i32x4_s(i32x4.shl(i32x4.extend_high_i16x8_s(samples), bits)), HALF)
    from += stride
  }
}

/**
 * Appends the tokens of a band of RGBA, which is `units` whole MCUs wide, and returns the address behind them.
 * `lumaBlocks` of an MCU: 4 if chroma has half the size, else 1. If `hasChroma` is 0, the picture is grey.
 */
export function encodeRgba(
  from: usize,
  stride: usize,
  units: u32,
  lumaBlocks: u32,
  hasChroma: bool,
  to: usize,
): usize {
  for (let unit: u32 = 0; unit < units; unit++) {
    lumaBlock(from, stride, SAMPLES_AT)
    if (lumaBlocks == 4) {
      lumaBlock(from + 32, stride, SAMPLES_AT + BLOCK)
      lumaBlock(from + 8 * stride, stride, SAMPLES_AT + 2 * BLOCK)
      lumaBlock(from + 8 * stride + 32, stride, SAMPLES_AT + 3 * BLOCK)
      halfChromaBlocks(from, stride)
      from += 64
    } else {
      if (hasChroma) chromaBlocks(from, stride)
      from += 32
    }
    to = unitTokens(lumaBlocks, hasChroma, to)
  }
  return to
}

/**
 * Does the same for a band of three planes. `stride` is that of luma; chroma's is the same, or half if chroma has half
 * the size.
 */
export function encodePlanes(
  lumaAt: usize,
  cbAt: usize,
  crAt: usize,
  stride: usize,
  units: u32,
  lumaBlocks: u32,
  hasChroma: bool,
  to: usize,
): usize {
  const chromaStride = lumaBlocks == 4 ? stride >> 1 : stride
  const chromaBits: i32 = lumaBlocks == 4 ? HALF_CHROMA_BITS : WEIGHT_BITS
  for (let unit: u32 = 0; unit < units; unit++) {
    planeBlock(lumaAt, stride, SAMPLES_AT, WEIGHT_BITS)
    if (lumaBlocks == 4) {
      planeBlock(lumaAt + 8, stride, SAMPLES_AT + BLOCK, WEIGHT_BITS)
      planeBlock(lumaAt + 8 * stride, stride, SAMPLES_AT + 2 * BLOCK, WEIGHT_BITS)
      planeBlock(lumaAt + 8 * stride + 8, stride, SAMPLES_AT + 3 * BLOCK, WEIGHT_BITS)
      lumaAt += 8
    }
    lumaAt += 8
    if (hasChroma) {
      planeBlock(cbAt, chromaStride, CB_AT, chromaBits)
      planeBlock(crAt, chromaStride, CR_AT, chromaBits)
      cbAt += 8
      crAt += 8
    }
    to = unitTokens(lumaBlocks, hasChroma, to)
  }
  return to
}

/** Appends the tokens of the MCU at SAMPLES_AT. */
function unitTokens(lumaBlocks: u32, hasChroma: bool, to: usize): usize {
  for (let from = SAMPLES_AT; from < SAMPLES_AT + lumaBlocks * BLOCK; from += BLOCK) {
    to = blockTokens(from, LUMA, luma, to)
    luma = <i32>load<i16>(BLOCK_AT)
  }
  if (!hasChroma) return to
  to = blockTokens(CB_AT, CHROMA, cb, to)
  cb = <i32>load<i16>(BLOCK_AT)
  to = blockTokens(CR_AT, CHROMA, cr, to)
  cr = <i32>load<i16>(BLOCK_AT)
  return to
}

/**
 * Composes the pixels of RGBA from `at` to `end` on white: 255 + (pixel - 255) * alpha / 255, rounded. Their number is a
 * multiple of four.
 */
export function composeOnWhite(at: usize, end: usize): void {
  for (; at < end; at += 16) {
    const opaque = v128.or(v128.load(at), i32x4.splat(0x00ffffff))
    if (!i32x4.all_true(i32x4.eq(opaque, i32x4.splat(-1)))) {
      for (let pixel = at; pixel < at + 16; pixel += 4) composePixel(pixel)
    }
  }
}

function composePixel(at: usize): void {
  const alpha: u32 = load<u8>(at, 3)
  const white = 255 * (255 - alpha) + 127
  store<u8>(at, (<u32>load<u8>(at) * alpha + white) / 255)
  store<u8>(at, (<u32>load<u8>(at, 1) * alpha + white) / 255, 1)
  store<u8>(at, (<u32>load<u8>(at, 2) * alpha + white) / 255, 2)
}

// The bits that are not written yet: the lowest `heldBits` bits of `held`, fewer than 32.
let held: u64 = 0
let heldBits: u64 = 0

/**
 * Writes the tokens from `from` to `end` with the codes at CODES_AT, and returns the address behind the bytes. A token
 * takes at most 27 bits, and so at most 8 bytes with stuffing.
 */
export function writeTokens(from: usize, end: usize, to: usize): usize {
  let bits = held
  let count = heldBits
  for (; from < end; from += TOKEN_BYTES) {
    const token = load<u32>(from)
    const code = load<u32>(CODES_AT + <usize>((token & 1023) << 2))
    const length: u64 = code & 31
    bits = (bits << length) | ((code >> 5) | (token >> 10))
    count += length
    if (count >= 32) {
      count -= 32
      const four = <u32>(bits >> count)
      // True if one of the four bytes is 0xff, behind which a zero is stuffed.
      if ((~four - 0x01010101) & four & 0x80808080) {
        for (let shift = 24; shift >= 0; shift -= 8) to = writeByte(to, four >> shift)
      } else {
        store<u32>(to, bswap(four))
        to += 4
      }
    }
  }
  held = bits
  heldBits = count
  return to
}

/** Writes the last bits, with ones up to a whole byte, and returns the address behind them. */
export function finishBits(to: usize): usize {
  const padding = (8 - heldBits) & 7
  const bits = (held << padding) | ((1 << padding) - 1)
  for (let count = heldBits + padding; count > 0; count -= 8) to = writeByte(to, <u32>(bits >> (count - 8)))
  return to
}

@inline
function writeByte(to: usize, byte: u32): usize {
  store<u8>(to, byte)
  if ((byte & 0xff) != 0xff) return to + 1
  store<u8>(to, 0, 1)
  return to + 2
}
