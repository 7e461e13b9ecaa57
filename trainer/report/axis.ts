// An axis of a chart: maps values to 0..1 and chooses round values for ticks.

export interface Axis {
  /**
   * Returns the position of a value: 0 at the lower end of the axis, 1 at the upper end. A value beyond an end has a
   * position outside 0..1.
   */
  at(value: number): number
  readonly ticks: readonly Tick[]
}

export interface Tick {
  readonly value: number
  readonly text: string
}

/** Approximate number of ticks. */
const TICKS = 5
/** Margin on both sides if all values are equal, as a share of the value. */
const MARGIN = 0.05

/**
 * Creates an axis that covers `values`, which must not be empty. If `isLog`, the axis is logarithmic and all values
 * must be positive.
 */
export function createAxis(values: readonly number[], isLog = false): Axis {
  let least = Math.min(...values)
  let most = Math.max(...values)
  if (least === most) {
    const room = Math.abs(least) * MARGIN || 1
    least -= room
    most += room
  }
  const position = isLog ? Math.log10 : (value: number) => value
  const start = position(least)
  const length = position(most) - start
  const at = (value: number) => (position(value) - start) / length
  const ticks = isLog ? logTicks(least, most) : linearTicks(least, most)
  return { at, ticks }
}

/** Returns ticks at multiples of 1, 2 or 5 times a power of ten. */
function linearTicks(least: number, most: number): Tick[] {
  const rough = (most - least) / TICKS
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10)
  const digits = Math.max(0, -Math.floor(Math.log10(step)))
  const first = Math.ceil(least / step)
  const count = Math.floor(most / step) - first + 1
  return Array.from({ length: count }, (_, i) => {
    const value = (first + i) * step
    return { value, text: Math.abs(value) < 1000 ? value.toFixed(digits) : formatNumber(value) }
  })
}

/**
 * Returns ticks at 1, 2 and 5 times the powers of ten. If fewer than three of these are on the axis, returns linear
 * ticks. If too many are, keeps only powers of ten and, if necessary, only every second or third of those.
 */
function logTicks(least: number, most: number): Tick[] {
  const first = Math.floor(Math.log10(least))
  const powers = Array.from({ length: Math.ceil(Math.log10(most)) - first + 1 }, (_, i) => first + i)
  const within = (factors: readonly number[]) =>
    powers
      .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
      .filter((value) => value >= least && value <= most)
  const fine = within([1, 2, 5])
  if (fine.length < 3) return linearTicks(least, most)
  const coarse = within([1])
  const values = fine.length <= TICKS + 2 ? fine : coarse
  const every = Math.ceil(values.length / (TICKS + 2))
  return values.filter((_, i) => i % every === 0).map((value) => ({ value, text: formatNumber(value) }))
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })

/** Formats a number with three significant digits: `1.28M`, `0.02`, `5e-4`. */
export function formatNumber(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.01) return Number(value.toPrecision(3)).toExponential()
  return compact.format(value)
}
