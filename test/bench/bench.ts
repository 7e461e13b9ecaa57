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

/** The first candidate is the one that the others are compared with. */
export async function compare(
  title: string,
  candidates: readonly Candidate[],
  { rounds = 20, warmups = 3, notes = [] as readonly string[], clock = wallMs } = {},
): Promise<Table> {
  const times: number[][] = candidates.map(() => [])
  for (let round = -warmups; round < rounds; round++) {
    for (const [i, candidate] of candidates.entries()) {
      const start = clock()
      await candidate.run()
      if (round >= 0) times[i].push(clock() - start)
    }
  }
  const rows = candidates.map(({ name }, i) => ({
    name,
    minMs: Math.min(...times[i]),
    medianMs: median(times[i]),
    speed: median(times[i].map((time, round) => times[0][round] / time)),
  }))
  return { title, rounds, rows, notes }
}

function wallMs(): number {
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

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
