// Compares the speed of contenders. They take turns within one process, so that a busy moment of the machine slows all
// of them. Therefore the ratio of two contenders' times in the same round is more accurate than the times themselves.

export interface Contender {
  readonly name: string
  run(): unknown
}

export interface Row {
  readonly name: string
  readonly minMs: number
  readonly medianMs: number
  /**
   * Median over the rounds of (first contender's time) / (this contender's time). Above 1, this contender is faster
   * than the first.
   */
  readonly speed: number
}

export interface Table {
  readonly title: string
  readonly rounds: number
  readonly rows: readonly Row[]
  /** Further lines below the rows, for example about accuracy, memory or sizes. */
  readonly notes: readonly string[]
}

/** Returns the current time in ms for the contender with this index. */
export type Clock = (contender: number) => number

/** Runs the contenders in turns, and compares each of them with the first. */
export async function compare(
  title: string,
  contenders: readonly Contender[],
  { clock = wallMs, ...options }: RoundOptions & { readonly clock?: Clock } = {},
): Promise<Table> {
  const [table] = await compareBy({ [title]: clock }, contenders, options)
  return table
}

/**
 * Compares like compare(), but reads several clocks during the same runs. Returns one table per clock. The keys of
 * `clocks` are the titles of the tables.
 */
export async function compareBy(
  clocks: Readonly<Record<string, Clock>>,
  contenders: readonly Contender[],
  { rounds = 20, warmups = 3, notes = [] }: RoundOptions = {},
): Promise<Table[]> {
  const times = Object.values(clocks).map((clock) => ({
    clock,
    of: contenders.map((): number[] => []),
  }))
  for (let round = -warmups; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      const starts = times.map(({ clock }) => clock(i))
      await contender.run()
      const ends = times.map(({ clock }) => clock(i))
      if (round >= 0) times.forEach(({ of }, c) => of[i].push(ends[c] - starts[c]))
    }
  }
  const names = contenders.map(({ name }) => name)
  return Object.keys(clocks).map((title, c) => tabulate(title, names, times[c].of, notes))
}

export interface RoundOptions {
  /** Number of timed rounds. Default 20. */
  readonly rounds?: number
  /** Number of untimed rounds before the timed rounds. Default 3. */
  readonly warmups?: number
  readonly notes?: readonly string[]
}

/** Makes a table. `times[i]` contains the times of `names[i]` in ms, one per round. */
export function tabulate(
  title: string,
  names: readonly string[],
  times: readonly (readonly number[])[],
  notes: readonly string[] = [],
): Table {
  const rows = names.map((name, i) => ({
    name,
    minMs: Math.min(...times[i]),
    medianMs: median(times[i]),
    speed: median(times[i].map((time, round) => times[0][round] / time)),
  }))
  return { title, rounds: times[0].length, rows, notes }
}

export function wallMs(): number {
  return performance.now()
}

/** Returns the CPU time of this process in ms, summed over all threads. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Returns the table as text with aligned columns. */
export function describeTable({ title, rounds, rows, notes }: Table): string {
  if (rows.length === 0) return [title, ...notes].join('\n')
  const cells = [
    ['', 'median ms', 'min ms', 'speed'],
    ...rows.map(({ name, medianMs, minMs, speed }) => [
      name,
      medianMs.toFixed(2),
      minMs.toFixed(2),
      `${speed.toFixed(2)}x`,
    ]),
  ]
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)))
  const lines = cells.map((row) =>
    row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[0]))).join('  '),
  )
  return [`${title} (${rounds} rounds)`, ...lines, ...notes].join('\n')
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
