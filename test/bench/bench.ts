// Times candidates against each other: they take turns within one process, so that a busy moment of
// the machine meets them all, and the ratio of one round tells more than either time.

export interface Candidate {
  readonly name: string
  run(): unknown
}

export interface Row {
  readonly name: string
  readonly minMs: number
  readonly medianMs: number
  /** Median over the rounds of (first candidate's time) / (this one's): above 1 is faster than the first. */
  readonly speed: number
}

export interface Table {
  readonly title: string
  readonly rounds: number
  readonly rows: readonly Row[]
  /** What else is to be known: accuracy, memory, sizes. */
  readonly notes: readonly string[]
}

/** In ms, for the candidate of this number. */
export type Clock = (candidate: number) => number

/** The first candidate is the one that the others are compared with. */
export async function compare(
  title: string,
  candidates: readonly Candidate[],
  { clock = wallMs, ...options }: Rounds & { readonly clock?: Clock } = {},
): Promise<Table> {
  const [table] = await compareBy({ [title]: clock }, candidates, options)
  return table
}

/** The same by several clocks at once, each under a title: a table for each. */
export async function compareBy(
  clocks: Readonly<Record<string, Clock>>,
  candidates: readonly Candidate[],
  { rounds = 20, warmups = 3, notes = [] }: Rounds = {},
): Promise<Table[]> {
  const times = Object.values(clocks).map((clock) => ({
    clock,
    of: candidates.map((): number[] => []),
  }))
  for (let round = -warmups; round < rounds; round++) {
    for (const [i, candidate] of candidates.entries()) {
      const starts = times.map(({ clock }) => clock(i))
      await candidate.run()
      const ends = times.map(({ clock }) => clock(i))
      if (round >= 0) times.forEach(({ of }, c) => of[i].push(ends[c] - starts[c]))
    }
  }
  const names = candidates.map(({ name }) => name)
  return Object.keys(clocks).map((title, c) => tabulate(title, names, times[c].of, notes))
}

export interface Rounds {
  /** Default 20. */
  readonly rounds?: number
  /** Rounds before them that are not counted. Default 3. */
  readonly warmups?: number
  readonly notes?: readonly string[]
}

/** What each of `names` took in each round, in ms. */
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

/** What this process had of the processors, all its threads together. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Aligned columns, for a terminal. */
export function format({ title, rounds, rows, notes }: Table): string {
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
