// What came of many things: a line each on stdout; how far all of it is, and what it came to, on stderr.
import { createProgressLine, type ProgressStream, textOf } from '../terminal/progressLine.ts'

export interface Tally<Outcome extends string> {
  readonly counts: Readonly<Record<Outcome, number>>
  /** Those whose outcome is told. */
  finished(): number
  /** Since the tally began. */
  seconds(): number
  /** One more, and its line. */
  add(outcome: Outcome, text: string): void
  /** The last line. */
  end(text: string): void
}

/** `instant`: outcomes that take no time, which say nothing about how long the rest will. */
export function createTally<Outcome extends string>(
  counts: Record<Outcome, number>,
  total: number,
  print: (line: string) => void,
  stream: ProgressStream,
  instant?: Outcome,
): Tally<Outcome> {
  const line = createProgressLine(stream)
  const start = performance.now()
  const seconds = () => (performance.now() - start) / 1000
  const finished = () => Object.values<number>(counts).reduce((sum, count) => sum + count, 0)
  return {
    counts,
    finished,
    seconds,
    add(outcome, text) {
      counts[outcome]++
      line.clear()
      print(text)
      const worked = finished() - (instant === undefined ? 0 : counts[instant])
      const state = { finished: finished(), worked, total, seconds: seconds() }
      if (state.finished < total) line.draw(() => textOf(state, stream))
    },
    end(text) {
      line.clear()
      stream.write(`${text}\n`)
    },
  }
}
