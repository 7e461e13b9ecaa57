// Counts the outcomes of many items. Prints a line per item to stdout, and the progress and the summary to stderr.
import { shown } from '../terminal/print.ts'
import { createProgressLine, type ProgressStream, textOf } from '../terminal/progressLine.ts'

export interface Tally<Outcome extends string> {
  readonly counts: Readonly<Record<Outcome, number>>
  /** Number of items that have an outcome. */
  finished(): number
  /** Seconds since the tally was created. */
  seconds(): number
  /** Counts one outcome and prints the item's line. */
  add(outcome: Outcome, text: string): void
  /** Shows the progress if unfinished items are done in part: `items` is the sum of their parts, each 0..1. */
  addPart(items: number): void
  /** Prints the lines of the summary. */
  end(...lines: readonly string[]): void
}

/** A stream for runs that show neither progress nor a summary. */
export const SILENT: ProgressStream = { write: () => true }

/**
 * Creates a tally. If `isQuiet`, only the lines of items that failed are printed, and neither progress nor summary.
 * `instant` is the outcome of items that take no time; the rate and the remaining time ignore these items.
 */
export function createTally<Outcome extends string>(
  counts: Record<Outcome, number>,
  total: number,
  print: (line: string) => void,
  progress: ProgressStream,
  isQuiet = false,
  instant?: Outcome,
): Tally<Outcome> {
  const stream = isQuiet ? SILENT : progress
  const line = createProgressLine(stream)
  const start = performance.now()
  const seconds = () => (performance.now() - start) / 1000
  const finished = () => Object.values<number>(counts).reduce((sum, count) => sum + count, 0)
  const draw = (part: number) => {
    const worked = finished() - (instant === undefined ? 0 : counts[instant]) + part
    const state = { finished: finished(), part, worked, total, seconds: seconds() }
    if (state.finished < total) line.draw(() => textOf(state, stream))
  }
  return {
    counts,
    finished,
    seconds,
    add(outcome, text) {
      counts[outcome]++
      line.clear()
      if (!isQuiet || outcome === 'failed') print(text)
      draw(0)
    },
    addPart: draw,
    end(...lines) {
      line.clear()
      for (const one of lines) stream.write(`${shown(one)}\n`)
    },
  }
}
