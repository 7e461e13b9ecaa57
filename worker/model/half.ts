// IEEE 754 half precision: 1 sign bit, 5 exponent bits, 10 fraction bits. Numbers from 6.1e-5 to 65,504 have 11
// significant bits; smaller ones are multiples of 6e-8.

const FRACTION_BITS = 10
const EXPONENT_BIAS = 15
/** Exponent of the smallest normal number. Smaller numbers have the same spacing as numbers with this exponent. */
const LOWEST_EXPONENT = 1 - EXPONENT_BIAS
const LARGEST = 65_504
const SIGN = 0x8000
const INFINITY = 0x7c00

/** Rounds to the nearest half-precision number, ties to even. Values beyond the largest such number become infinity. */
export function roundToHalf(value: number): number {
  const magnitude = Math.abs(value)
  if (!(magnitude > 0 && magnitude < Infinity)) return value
  const step = 2 ** (Math.max(LOWEST_EXPONENT, exponentOf(magnitude)) - FRACTION_BITS)
  const steps = magnitude / step // exact
  const below = Math.floor(steps)
  const rest = steps - below
  const rounded = step * (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below)
  return Math.sign(value) * (rounded > LARGEST ? Infinity : rounded)
}

/** True if half precision holds `value` without loss. */
export function isHalf(value: number): boolean {
  return Object.is(roundToHalf(value), value)
}

/** Returns the 16 bits that encode `value`. `isHalf(value)` must be true. */
export function encodeHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? SIGN : 0
  const magnitude = Math.abs(value)
  if (Number.isNaN(value)) return INFINITY + 1
  if (magnitude === Infinity) return sign + INFINITY
  const exponent = Math.max(LOWEST_EXPONENT, magnitude > 0 ? exponentOf(magnitude) : -Infinity)
  // A number below the smallest normal one has no leading 1, and its exponent field is 0.
  const steps = magnitude / 2 ** (exponent - FRACTION_BITS)
  return sign + steps + ((exponent - LOWEST_EXPONENT) << FRACTION_BITS)
}

export function decodeHalf(bits: number): number {
  const sign = bits & SIGN ? -1 : 1
  const field = (bits >> FRACTION_BITS) & 0x1f
  const fraction = bits & ((1 << FRACTION_BITS) - 1)
  if (field === 0x1f) return fraction > 0 ? NaN : sign * Infinity
  const exponent = Math.max(1, field) - EXPONENT_BIAS
  const leading = field > 0 ? 1 << FRACTION_BITS : 0
  return sign * (leading + fraction) * 2 ** (exponent - FRACTION_BITS)
}

/** Returns the exponent of the leading bit. Math.log2 could be off by one near a power of two. */
function exponentOf(magnitude: number): number {
  const exponent = Math.floor(Math.log2(magnitude))
  if (2 ** exponent > magnitude) return exponent - 1
  return 2 ** (exponent + 1) <= magnitude ? exponent + 1 : exponent
}
