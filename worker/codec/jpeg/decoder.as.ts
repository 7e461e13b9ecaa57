// The WebAssembly module of decoder.ts: entropy decoding of baseline, extended sequential and progressive JPEG (ITU-T
// T.81, F.2 and G.2), the inverse transform at four scales, and conversion to RGBA. decoder.ts reads the markers.
//
// Plain SIMD only, as in the encoder. The transform is that of Arai, Agui and Nakajima in floats, on four columns at a
// time; its scale factors are part of the quantisation table. Blocks are transposed: a row holds the coefficients of
// one horizontal frequency.
import { add, HALF, lowHalves, ROUNDING, ROW, scale, sub, transpose } from './blocks.as'
import {
  AC_FIRST,
  AC_REFINING,
  BLOCK_AT,
  COMPONENT,
  COMPONENTS_AT,
  COMPONENT_BYTES,
  DC_FIRST,
  DC_REFINING,
  DROPPED,
  MAX_CODE_BITS,
  PLACES_BYTES,
  SCRATCH_AT,
  SEQUENTIAL,
  SHORT,
  TABLE,
} from './decoderLayout'

// The coded bytes that are not read yet.
let at: usize = 0
let end: usize = 0
/** The next bits, from the highest on; `heldBits` of them. All lower bits are zero. */
let held: u64 = 0
let heldBits: u32 = 0
/** Zeros that were appended to `held` because a marker or the end of the file follows. */
let padding: u32 = 0
/** True if a marker or the end of the file is at `at`. */
let isStopped: bool = false

// The scan.
let kind: u32 = 0
let firstPlace: u32 = 0
let lastPlace: u32 = 0
let lowBit: i32 = 0
let components: u32 = 0
let restartInterval: u32 = 0
let untilRestart: u32 = 0
/** Number of the next restart marker, 0 to 7. */
let restart: u32 = 0
/** Blocks that follow without a new coefficient in this scan (G.1.2.2). */
let emptyBlocks: u32 = 0
/** True from a broken or missing code on to the next restart marker. */
let isLost: bool = false

/** Begins a scan, whose coded bytes begin at `from`. `limit` is the end of the file. */
export function beginScan(
  from: usize,
  limit: usize,
  how: u32,
  first: u32,
  last: u32,
  low: i32,
  count: u32,
  interval: u32,
): void {
  at = from
  end = limit
  kind = how
  firstPlace = first
  lastPlace = last
  lowBit = low
  components = count
  restartInterval = interval
  untilRestart = interval
  restart = 0
  reset()
}

/** Returns the address of the marker that ends the scan, or of bytes before it that no block needed. */
export function scanEnd(): usize {
  return at
}

function reset(): void {
  held = 0
  heldBits = 0
  padding = 0
  isStopped = false
  emptyBlocks = 0
  isLost = false
  for (let i: u32 = 0; i < components; i++) store<i32>(COMPONENTS_AT + i * COMPONENT_BYTES, 0, COMPONENT.predicted)
}

/**
 * Decodes the MCUs of a row. If `draws`, the blocks are drawn into the planes, else added to their records. Returns
 * false if the data are damaged: they end early, or a code is broken and no restart marker follows.
 */
export function decodeUnits(row: u32, units: u32, draws: bool): bool {
  for (let unit: u32 = 0; unit < units; unit++) {
    if (restartInterval > 0) {
      if (untilRestart == 0) {
        untilRestart = restartInterval
        if (!passRestart()) return false
      }
      untilRestart--
    }
    if (emptyBlocks > 0 && kind == AC_FIRST) {
      emptyBlocks--
      continue
    }
    for (let i: u32 = 0; i < components; i++) {
      const component = COMPONENTS_AT + i * COMPONENT_BYTES
      const across = load<u32>(component, COMPONENT.across)
      const down = load<u32>(component, COMPONENT.down)
      const side = load<u32>(component, COMPONENT.side)
      const recordBytes = load<u32>(component, COMPONENT.recordBytes)
      for (let y: u32 = 0; y < down; y++) {
        for (let x: u32 = 0; x < across; x++) {
          const column = unit * across + x
          let record: usize = BLOCK_AT
          if (!draws) {
            record = load<u32>(component, COMPONENT.records)
            record += (row * down + y) * load<u32>(component, COMPONENT.recordsStride) + column * recordBytes
          }
          if (!isLost && !decodeBlock(component, record)) isLost = true
          if (isLost && kind == SEQUENTIAL) clearRecord(record, recordBytes)
          if (draws) {
            const stride = load<u32>(component, COMPONENT.stride)
            const plane: usize = load<u32>(component, COMPONENT.plane) + y * side * stride + column * side
            drawBlock(record, load<u32>(component, COMPONENT.quantizer), side, plane, stride)
            clearRecord(record, recordBytes)
          }
        }
      }
    }
    if (padding > heldBits) isLost = true
    if (isLost && restartInterval == 0) return false
  }
  return true
}

/** True if the scan is complete: its last restart interval has no broken code. Call it behind the last unit. */
export function isWhole(): bool {
  return !isLost
}

/** Sets all coefficients of a block to zero, which is a grey block. */
function clearRecord(record: usize, bytes: usize): void {
  store<u64>(record, 0)
  for (let end = record + bytes, at = record + PLACES_BYTES; at < end; at += 8) store<u64>(at, 0)
}

/**
 * Passes the next restart marker, as libjpeg's jpeg_resync_to_restart does: one of the two markers behind the expected
 * one is left for later, so that this interval has no data; one of the two before it is skipped; any other counts as
 * the expected one. Returns false if no restart marker follows.
 */
function passRestart(): bool {
  reset()
  for (;;) {
    const marker = nextMarker()
    if (marker < 0xd0 || marker > 0xd7) {
      if (marker == 0 || marker >= 0xc0) return false
      at += 2
      continue
    }
    const ahead = (marker - 0xd0 - restart) & 7
    if (ahead == 1 || ahead == 2) break
    at += 2
    if (ahead < 6) break
  }
  restart = (restart + 1) & 7
  return true
}

/** Moves `at` to the next marker and returns its code, or 0 if none follows. */
function nextMarker(): u32 {
  for (; at + 1 < end; at++) {
    if (load<u8>(at) != 0xff) continue
    const code: u32 = load<u8>(at, 1)
    if (code != 0 && code != 0xff) return code
  }
  return 0
}

function decodeBlock(component: usize, record: usize): bool {
  switch (kind) {
    case SEQUENTIAL:
      return sequentialBlock(component, record)
    case DC_FIRST:
      return firstDc(component, record)
    case DC_REFINING:
      if (readBits(1)) store<i16>(record, <i32>load<i16>(record, PLACES_BYTES) | (1 << lowBit), PLACES_BYTES)
      return true
    case AC_FIRST:
      return firstAc(component, record)
    default:
      return refinedAc(component, record)
  }
}

/** Decodes all coefficients of a block (F.2.2). Returns false if a code is broken. */
function sequentialBlock(component: usize, record: usize): bool {
  let bits = held
  let count = heldBits
  let table: usize = load<u32>(component, COMPONENT.dcTable)
  const acTable: usize = load<u32>(component, COMPONENT.acTable)
  const offsets: usize = load<u32>(component, COMPONENT.offsets)
  let places: u64 = 1
  let place: u32 = 0
  for (;;) {
    if (count < 32) {
      const four: u32 = at + 4 <= end ? bswap(load<u32>(at)) : 0xffffffff
      if ((~four - 0x01010101) & four & 0x80808080) {
        held = bits
        heldBits = count
        fillSlowly()
        bits = held
        count = heldBits
      } else {
        bits |= <u64>four << (32 - count)
        count += 32
        at += 4
      }
    }
    let found: u32 = load<u16>(table + <usize>(bits >> (64 - SHORT)) * 2, TABLE.short)
    if (found == 0) found = lookUpLong(table, bits)
    const length = found >> 8
    if (length == 0) return false
    const size = found & 15
    // The bits of the value follow those of the code. A value whose first bit is 0 is negative.
    const raw = <i32>((bits << (length - size)) >> 1 >> (63 - size))
    bits <<= length
    count -= length
    const value = raw - (((1 << size) - 1) & ((raw >> (size - 1)) - 1))
    if (place == 0) {
      const dc = load<i32>(component, COMPONENT.predicted) + value
      store<i32>(component, dc, COMPONENT.predicted)
      store<i16>(record, dc, PLACES_BYTES)
      table = acTable
      place = 1
      continue
    }
    const run = (found >> 4) & 15
    if (size == 0) {
      if (run < 15) break
      place += 16
      if (place > 63) break
      continue
    }
    place += run
    if (place > 63) return false
    const offset = <usize>load<u8>(offsets + place)
    if (offset != DROPPED) store<i16>(record + offset, value, PLACES_BYTES)
    places |= <u64>1 << place
    if (++place > 63) break
  }
  store<u64>(record, places)
  held = bits
  heldBits = count
  return true
}

/** Appends whole bytes to `held`, up to the next marker; behind that, zeros. */
function fillSlowly(): void {
  for (; heldBits <= 56; heldBits += 8) {
    let byte: u64 = 0
    if (!isStopped) {
      byte = at < end ? load<u8>(at) : 0xff
      if (byte != 0xff) at++
      else {
        // Any number of 0xff may precede the zero that marks the byte 0xff, or the code of a marker.
        let next = at + 1
        while (next < end && load<u8>(next) == 0xff) next++
        if (next < end && load<u8>(next) == 0) at = next + 1
        else {
          isStopped = true
          byte = 0
        }
      }
    }
    if (isStopped) padding += 8
    held |= byte << (56 - heldBits)
  }
}

/**
 * Looks up the next symbol, whose code is longer than SHORT bits. Returns an entry as in TABLE.short, or 0 if no code
 * matches.
 */
function lookUpLong(table: usize, bits: u64): u32 {
  const code = <u32>(bits >> 48)
  let length: u32 = SHORT + 1
  while (code >= load<u32>(table + length * 4, TABLE.limits)) {
    if (++length > MAX_CODE_BITS) return 0
  }
  const index = (code >> (MAX_CODE_BITS - length)) + load<u32>(table + length * 4, TABLE.offsets)
  const symbol: u32 = load<u8>(table + (index & 0xff), TABLE.symbols)
  return ((length + (symbol & 15)) << 8) | symbol
}

@inline
function fill(): void {
  if (heldBits >= 32) return
  const four: u32 = at + 4 <= end ? bswap(load<u32>(at)) : 0xffffffff
  if ((~four - 0x01010101) & four & 0x80808080) fillSlowly()
  else {
    held |= <u64>four << (32 - heldBits)
    heldBits += 32
    at += 4
  }
}

/** Returns the next symbol, without the bits of its value, or NO_SYMBOL if no code matches. */
function readSymbol(table: usize): u32 {
  fill()
  let found: u32 = load<u16>(table + <usize>(held >> (64 - SHORT)) * 2, TABLE.short)
  if (found == 0) found = lookUpLong(table, held)
  if (found == 0) return NO_SYMBOL
  const symbol = found & 0xff
  const length = (found >> 8) - (symbol & 15)
  held <<= length
  heldBits -= length
  return symbol
}
@inline const NO_SYMBOL: u32 = 256

/** Returns the next bits as a number. `count` is at most 16. */
function readBits(count: u32): u32 {
  if (count == 0) return 0
  fill()
  const value = <u32>(held >> (64 - count))
  held <<= count
  heldBits -= count
  return value
}

/** Returns the next value of `size` bits; if its first bit is 0, it is negative. */
function readValue(size: u32): i32 {
  if (size == 0) return 0
  const raw = <i32>readBits(size)
  return raw >> (size - 1) ? raw : raw - (1 << size) + 1
}

function firstDc(component: usize, record: usize): bool {
  const size = readSymbol(load<u32>(component, COMPONENT.dcTable))
  if (size == NO_SYMBOL) return false
  const dc = load<i32>(component, COMPONENT.predicted) + readValue(size & 15)
  store<i32>(component, dc, COMPONENT.predicted)
  store<i16>(record, dc << lowBit, PLACES_BYTES)
  return true
}

/** Decodes the first scan of AC coefficients (G.1.2.2). Returns false if a code is broken. */
function firstAc(component: usize, record: usize): bool {
  const table: usize = load<u32>(component, COMPONENT.acTable)
  const offsets: usize = load<u32>(component, COMPONENT.offsets)
  let bits = held
  let count = heldBits
  let places = load<u64>(record)
  let place = firstPlace
  while (place <= lastPlace) {
    if (count < 32) {
      held = bits
      heldBits = count
      fill()
      bits = held
      count = heldBits
    }
    let found: u32 = load<u16>(table + <usize>(bits >> (64 - SHORT)) * 2, TABLE.short)
    if (found == 0) found = lookUpLong(table, bits)
    const length = found >> 8
    if (length == 0) return false
    const run = (found >> 4) & 15
    const size = found & 15
    const raw = <i32>((bits << (length - size)) >> 1 >> (63 - size))
    bits <<= length
    count -= length
    if (size == 0) {
      if (run < 15) {
        emptyBlocks = (1 << run) + <u32>(bits >> 1 >> (63 - run)) - 1
        bits <<= run
        count -= run
        break
      }
      place += 16
      continue
    }
    place += run
    if (place > 63) return false
    const value = raw - (((1 << size) - 1) & ((raw >> (size - 1)) - 1))
    const offset = <usize>load<u8>(offsets + place)
    if (offset != DROPPED) store<i16>(record + offset, value << lowBit, PLACES_BYTES)
    places |= <u64>1 << place
    place++
  }
  store<u64>(record, places)
  held = bits
  heldBits = count
  return true
}

/** Decodes a scan that refines AC coefficients by a bit (G.1.2.3). Returns false if a code is broken. */
function refinedAc(component: usize, record: usize): bool {
  const table: usize = load<u32>(component, COMPONENT.acTable)
  const offsets: usize = load<u32>(component, COMPONENT.offsets)
  let places = load<u64>(record)
  let place = firstPlace
  while (emptyBlocks == 0 && place <= lastPlace) {
    const symbol = readSymbol(table)
    if (symbol == NO_SYMBOL) return false
    const run = symbol >> 4
    const isNew = (symbol & 15) != 0
    if (!isNew && run < 15) {
      emptyBlocks = (1 << run) + readBits(run)
      break
    }
    const value: i32 = isNew ? (readBits(1) ? 1 : -1) << lowBit : 0
    // The new coefficient, or the last of 16 zeros, is at the (run + 1)th zero. Each coefficient before it that is not
    // zero has a bit.
    const rest = ~places >> place << place
    const target = <u32>ctz(withoutLowest(rest, run))
    const stop = min<u32>(target, lastPlace + 1)
    refine(record, offsets, places & below(stop) & ~below(place))
    place = stop
    if (isNew) {
      if (place > 63) return false
      places |= <u64>1 << place
      const offset = <usize>load<u8>(offsets + place)
      if (offset != DROPPED) store<i16>(record + offset, value, PLACES_BYTES)
    }
    place++
  }
  if (emptyBlocks > 0) {
    refine(record, offsets, places & below(lastPlace + 1) & ~below(min<u32>(place, 64)))
    emptyBlocks--
  }
  store<u64>(record, places)
  return true
}

/** Returns the set of all places below `place`, which is at most 64. */
@inline
function below(place: u32): u64 {
  return place > 63 ? ~(<u64>0) : (<u64>1 << place) - 1
}

/** Removes the lowest `count` members of a set. */
@inline
function withoutLowest(places: u64, count: u32): u64 {
  for (; count > 0; count--) places &= places - 1
  return places
}

/** Reads a bit for each of these coefficients, which are not zero. */
function refine(record: usize, offsets: usize, places: u64): void {
  const bit = 1 << lowBit
  while (places != 0) {
    fill()
    // The next bits, up to 32 of them, from the highest on.
    let bits = held
    const count = min<u32>(<u32>popcnt(places), 32)
    held <<= count
    heldBits -= count
    for (let i: u32 = 0; i < count; i++, bits <<= 1, places &= places - 1) {
      if (<i64>bits >= 0) continue
      const offset = <usize>load<u8>(offsets + <usize>ctz(places))
      if (offset == DROPPED) continue
      const value = <i32>load<i16>(record + offset, PLACES_BYTES)
      if ((value & bit) == 0) store<i16>(record + offset, value >= 0 ? value + bit : value - bit, PLACES_BYTES)
    }
  }
}

/** Draws the blocks of a row of records. */
export function drawRecords(
  from: usize,
  recordBytes: u32,
  blocks: u32,
  quantizer: usize,
  side: u32,
  to: usize,
  stride: usize,
): void {
  for (let i: u32 = 0; i < blocks; i++) {
    drawBlock(from, quantizer, side, to, stride)
    from += recordBytes
    to += side
  }
}

/** Draws a block: the inverse transform of its coefficients, as samples from 0 to 255. */
function drawBlock(record: usize, quantizer: usize, side: u32, to: usize, stride: usize): void {
  const coefficients = record + PLACES_BYTES
  if (side == 1 || load<u64>(record) >> 1 == 0) {
    flatBlock(<f32>load<i16>(coefficients) * load<f32>(quantizer), side, to, stride)
  } else if (side == 8) block8(coefficients, quantizer, to, stride)
  else if (side == 4) block4(coefficients, quantizer, to, stride)
  else block2(coefficients, quantizer, to, stride)
}

/** Draws a block of one value. */
function flatBlock(value: f32, side: u32, to: usize, stride: usize): void {
  const levels = i8x16.splat(level(value))
  for (let y: u32 = 0; y < side; y++) {
    if (side == 8) v128.store64_lane(to, levels, 0)
    else if (side == 4) v128.store32_lane(to, levels, 0)
    else if (side == 2) v128.store16_lane(to, levels, 0)
    else v128.store8_lane(to, levels, 0)
    to += stride
  }
}

@inline
function level(value: f32): u8 {
  return <u8>max<f32>(0, min<f32>(255, nearest<f32>(value + 128)))
}

/** Rounds like ROUNDING, and adds the level of a sample that is 0. */
@inline const LEVEL_ROUNDING: f32 = ROUNDING + 128

/** Multiplies four 16-bit coefficients by their factors. */
@inline
function dequantized(coefficients: usize, quantizer: usize): v128 {
  const integers = i32x4.extend_low_i16x8_s(v128.load64_zero(coefficients))
  return f32x4.mul(f32x4.convert_i32x4_s(integers), v128.load(quantizer))
}

/**
 * Transforms four columns, of eight rows each. The first pass dequantises and transposes its result. The second rounds
 * it: then the lowest 16 bits of each result are the level.
 */
@inline
function transform(from: usize, quantizer: usize, to: usize, isSecond: bool): void {
  const d0 = isSecond ? v128.load(from) : dequantized(from, quantizer)
  const d1 = isSecond ? v128.load(from, ROW) : dequantized(from + 16, quantizer + ROW)
  const d2 = isSecond ? v128.load(from, 2 * ROW) : dequantized(from + 32, quantizer + 2 * ROW)
  const d3 = isSecond ? v128.load(from, 3 * ROW) : dequantized(from + 48, quantizer + 3 * ROW)
  const d4 = isSecond ? v128.load(from, 4 * ROW) : dequantized(from + 64, quantizer + 4 * ROW)
  const d5 = isSecond ? v128.load(from, 5 * ROW) : dequantized(from + 80, quantizer + 5 * ROW)
  const d6 = isSecond ? v128.load(from, 6 * ROW) : dequantized(from + 96, quantizer + 6 * ROW)
  const d7 = isSecond ? v128.load(from, 7 * ROW) : dequantized(from + 112, quantizer + 7 * ROW)
  const s04 = add(d0, d4)
  const m04 = sub(d0, d4)
  const s26 = add(d2, d6)
  const m26 = sub(scale(sub(d2, d6), 1.4142135623730951), s26)
  const even0 = add(s04, s26)
  const even3 = sub(s04, s26)
  const even1 = add(m04, m26)
  const even2 = sub(m04, m26)

  const s53 = add(d5, d3)
  const m53 = sub(d5, d3)
  const s17 = add(d1, d7)
  const m17 = sub(d1, d7)
  const odd7 = add(s17, s53)
  const between = scale(add(m53, m17), 1.8477590650225735)
  const odd6 = sub(sub(between, scale(m53, 2.613125929752753)), odd7)
  const odd5 = sub(scale(sub(s17, s53), 1.4142135623730951), odd6)
  const odd4 = add(sub(scale(m17, 1.082392200292394), between), odd5)
  const r0 = add(even0, odd7)
  const r7 = sub(even0, odd7)
  const r1 = add(even1, odd6)
  const r6 = sub(even1, odd6)
  const r2 = add(even2, odd5)
  const r5 = sub(even2, odd5)
  const r4 = add(even3, odd4)
  const r3 = sub(even3, odd4)
  if (isSecond) {
    const rounding = f32x4.splat(LEVEL_ROUNDING)
    v128.store(to, add(r0, rounding))
    v128.store(to, add(r1, rounding), ROW)
    v128.store(to, add(r2, rounding), 2 * ROW)
    v128.store(to, add(r3, rounding), 3 * ROW)
    v128.store(to, add(r4, rounding), 4 * ROW)
    v128.store(to, add(r5, rounding), 5 * ROW)
    v128.store(to, add(r6, rounding), 6 * ROW)
    v128.store(to, add(r7, rounding), 7 * ROW)
  } else {
    transpose(r0, r1, r2, r3, to)
    transpose(r4, r5, r6, r7, to + HALF)
  }
}

function firstPass(from: usize, quantizer: usize, to: usize): void {
  transform(from, quantizer, to, false)
}

function secondPass(from: usize, to: usize): void {
  transform(from, 0, to, true)
}

function block8(coefficients: usize, quantizer: usize, to: usize, stride: usize): void {
  const levels = SCRATCH_AT + 8 * ROW
  firstPass(coefficients, quantizer, SCRATCH_AT)
  firstPass(coefficients + 8, quantizer + HALF, SCRATCH_AT + 4 * ROW)
  secondPass(SCRATCH_AT, levels)
  secondPass(SCRATCH_AT + HALF, levels + HALF)
  for (let y: usize = 0; y < 8 * ROW; y += ROW) {
    const row = lowHalves(v128.load(levels + y), v128.load(levels + y, HALF))
    v128.store64_lane(to, i8x16.narrow_i16x8_u(row, row), 0)
    to += stride
  }
}

/** Draws the 4x4 samples that the 16 lowest frequencies give. */
function block4(coefficients: usize, quantizer: usize, to: usize, stride: usize): void {
  const scratch = SCRATCH_AT
  pass4(
    dequantized(coefficients, quantizer),
    dequantized(coefficients + 8, quantizer + 16),
    dequantized(coefficients + 16, quantizer + 32),
    dequantized(coefficients + 24, quantizer + 48),
    scratch,
  )
  const a = v128.load(scratch)
  const b = v128.load(scratch, ROW)
  const c = v128.load(scratch, 2 * ROW)
  const d = v128.load(scratch, 3 * ROW)
  transpose(a, b, c, d, scratch)
  pass4(v128.load(scratch), v128.load(scratch, ROW), v128.load(scratch, 2 * ROW), v128.load(scratch, 3 * ROW), scratch)
  for (let y: usize = 0; y < 4 * ROW; y += ROW) {
    const levels = add(v128.load(scratch + y), f32x4.splat(LEVEL_ROUNDING))
    const row = lowHalves(levels, levels)
    v128.store32_lane(to, i8x16.narrow_i16x8_u(row, row), 0)
    to += stride
  }
}

/** The inverse transform of four values: cos(k pi / 8) sqrt(2). */
@inline
function pass4(d0: v128, d1: v128, d2: v128, d3: v128, to: usize): void {
  const even0 = add(d0, d2)
  const even1 = sub(d0, d2)
  const odd0 = add(scale(d1, 1.3065629648763766), scale(d3, 0.5411961001461969))
  const odd1 = sub(scale(d1, 0.5411961001461969), scale(d3, 1.3065629648763766))
  v128.store(to, add(even0, odd0))
  v128.store(to, add(even1, odd1), ROW)
  v128.store(to, sub(even1, odd1), 2 * ROW)
  v128.store(to, sub(even0, odd0), 3 * ROW)
}

/** Draws the 2x2 samples that the four lowest frequencies give. */
function block2(coefficients: usize, quantizer: usize, to: usize, stride: usize): void {
  const mean = <f32>load<i16>(coefficients) * load<f32>(quantizer)
  const down = <f32>load<i16>(coefficients, 2) * load<f32>(quantizer, 4)
  const across = <f32>load<i16>(coefficients, 4) * load<f32>(quantizer, 8)
  const both = <f32>load<i16>(coefficients, 6) * load<f32>(quantizer, 12)
  store<u8>(to, level(mean + down + across + both))
  store<u8>(to, level(mean + down - across - both), 1)
  store<u8>(to + stride, level(mean - down + across - both))
  store<u8>(to + stride, level(mean - down - across + both), 1)
}

/**
 * Mixes two rows of samples as 16-bit integers: three parts of `near` and one of `far`. The first and the last of
 * the `count` sums are repeated beside the row.
 */
export function mixRows(near: usize, far: usize, count: u32, to: usize): void {
  for (let i: u32 = 0; i < count; i += 8) {
    const a = i16x8.extend_low_i8x16_u(v128.load64_zero(near + i))
    const b = i16x8.extend_low_i8x16_u(v128.load64_zero(far + i))
    v128.store(to + 2 * i, i16x8.add(i16x8.add(a, b), i16x8.shl(a, 1)))
  }
  store<u16>(to - 2, load<u16>(to))
  store<u16>(to + 2 * count, load<u16>(to + 2 * count - 2))
}

/** Turns `count` sums of mixRows into samples: (sum + rounding) / 4. */
export function narrowRow(from: usize, count: u32, rounding: i32, to: usize): void {
  for (let i: u32 = 0; i < count; i += 8) {
    const sums = i16x8.shr_u(i16x8.add(v128.load(from + 2 * i), i16x8.splat(<i16>rounding)), 2)
    v128.store64_lane(to + i, i8x16.narrow_i16x8_u(sums, sums), 0)
  }
}

/**
 * Turns `count` sums of mixRows into twice as many samples, which lie a quarter of the distance between sums beside the
 * nearest: (3 * nearest + next + rounding) / 16.
 */
export function spreadRow(from: usize, count: u32, evenRounding: i32, oddRounding: i32, to: usize): void {
  for (let i: u32 = 0; i < count; i += 8) {
    const here = v128.load(from + 2 * i)
    const before = v128.load(from + 2 * i - 2)
    const behind = v128.load(from + 2 * i + 2)
    const thrice = i16x8.add(i16x8.shl(here, 1), here)
    const even = i16x8.shr_u(i16x8.add(i16x8.add(thrice, before), i16x8.splat(<i16>evenRounding)), 4)
    const odd = i16x8.shr_u(i16x8.add(i16x8.add(thrice, behind), i16x8.splat(<i16>oddRounding)), 4)
    v128.store(to + 2 * i, v128.or(even, i16x8.shl(odd, 8)))
  }
}

/**
 * Interpolates a row of `count` samples at any spacing. `farWeight` is the weight of the row at `far`, in 256ths.
 * For each sample, the list at `columns` has the column to its left << 8 | the weight of the column to its right.
 */
export function interpolateRow(near: usize, far: usize, farWeight: u32, columns: usize, count: u32, to: usize): void {
  const nearWeight = 256 - farWeight
  for (let i: u32 = 0; i < count; i++) {
    const column = load<u32>(columns + 4 * i)
    const left = column >> 8
    const rightWeight = column & 0xff
    const a = load<u8>(near + left) * nearWeight + load<u8>(far + left) * farWeight
    const b = load<u8>(near + left, 1) * nearWeight + load<u8>(far + left, 1) * farWeight
    store<u8>(to + i, (a * (256 - rightWeight) + b * rightWeight + 0x8000) >> 16)
  }
}

/** Converts a row of Y'CbCr (Rec. 601, as JFIF uses it) to RGBA. */
export function ycbcrToRgba(luma: usize, cb: usize, cr: usize, count: u32, to: usize): void {
  const middle = i16x8.splat(128)
  const half = i16x8.splat(64)
  for (let i: u32 = 0; i < count; i += 8) {
    const y = i16x8.extend_low_i8x16_u(v128.load64_zero(luma + i))
    // In 2^7ths of a level, so that products keep a fraction.
    const b = i16x8.shl(i16x8.sub(i16x8.extend_low_i8x16_u(v128.load64_zero(cb + i)), middle), 7)
    const r = i16x8.shl(i16x8.sub(i16x8.extend_low_i8x16_u(v128.load64_zero(cr + i)), middle), 7)
    const red = i16x8.add(r, times(r, 13173)) // 1.402
    const blue = i16x8.add(b, times(b, 25297)) // 1.772
    const green = i16x8.add(times(b, 11277), times(r, 23401)) // 0.344136, 0.714136
    storeRgba(
      i16x8.add(y, i16x8.shr_s(i16x8.add(red, half), 7)),
      i16x8.sub(y, i16x8.shr_s(i16x8.add(green, half), 7)),
      i16x8.add(y, i16x8.shr_s(i16x8.add(blue, half), 7)),
      to + 4 * i,
    )
  }
}

/** Returns values times `factor` / 2^15, rounded. */
@inline
function times(values: v128, factor: i16): v128 {
  return i16x8.q15mulr_sat_s(values, i16x8.splat(factor))
}

/** Converts a row of three planes of red, green and blue to RGBA. */
export function rgbToRgba(red: usize, green: usize, blue: usize, count: u32, to: usize): void {
  for (let i: u32 = 0; i < count; i += 8) {
    storeRgba(
      i16x8.extend_low_i8x16_u(v128.load64_zero(red + i)),
      i16x8.extend_low_i8x16_u(v128.load64_zero(green + i)),
      i16x8.extend_low_i8x16_u(v128.load64_zero(blue + i)),
      to + 4 * i,
    )
  }
}

/** Stores eight opaque pixels, saturated to 0 to 255. */
@inline
function storeRgba(red: v128, green: v128, blue: v128, to: usize): void {
  const rb = i8x16.narrow_i16x8_u(red, blue)
  const ga = i8x16.narrow_i16x8_u(green, i16x8.splat(255))
  const rg = v128.shuffle<i8>(rb, ga, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
  const ba = v128.shuffle<i8>(rb, ga, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
  v128.store(to, v128.shuffle<i16>(rg, ba, 0, 8, 1, 9, 2, 10, 3, 11))
  v128.store(to, v128.shuffle<i16>(rg, ba, 4, 12, 5, 13, 6, 14, 7, 15), 16)
}
