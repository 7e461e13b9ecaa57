// What came of each picture, a line each on stdout; how far all of it is, on stderr.
import { createProgressLine, type ProgressStream, textOf } from '../progressLine.ts'
import type { Outcome } from './run.ts'

export interface Report {
  tell(outcome: Outcome): void
  /** The last line. */
  end(isStopped: boolean): void
  readonly counts: Readonly<Counts>
}

type Counts = Record<Outcome['outcome'], number>

export function createReport(
  total: number,
  json = false,
  print: (line: string) => void = console.log,
  stream: ProgressStream = process.stderr,
): Report {
  const counts: Counts = { done: 0, exists: 0, skipped: 0, failed: 0 }
  const line = createProgressLine(stream)
  const start = performance.now()
  const seconds = () => (performance.now() - start) / 1000
  /** What took no time says nothing about the rest. */
  const worked = () => counts.done + counts.skipped + counts.failed
  return {
    counts,
    tell(outcome) {
      counts[outcome.outcome]++
      line.clear()
      print(json ? JSON.stringify(outcome) : describeOutcome(outcome))
      const state = {
        finished: worked() + counts.exists,
        worked: worked(),
        total,
        seconds: seconds(),
      }
      if (state.finished < total) line.draw(() => textOf(state, stream))
    },
    end(isStopped) {
      line.clear()
      const { done, exists, skipped, failed } = counts
      const took = `${seconds().toFixed(1)} s, ${(done / seconds()).toFixed(1)} pictures/s`
      const rest = total - done - exists - skipped - failed
      const stopped = isStopped ? `\nstopped, ${rest} left: the same command goes on with them` : ''
      stream.write(`${done} done, ${exists} there already, ${skipped} left out, ${failed} failed (${took})${stopped}\n`) // prettier-ignore
    },
  }
}

function describeOutcome(outcome: Outcome): string {
  const { input } = outcome
  switch (outcome.outcome) {
    case 'done': {
      const { output, width, height, model, seconds } = outcome
      return `${input}: done, ${output} (${width} x ${height}, ${model}, ${seconds.toFixed(2)} s)`
    }
    case 'exists':
      return `${input}: there already, ${outcome.output} (--force makes it anew)`
    case 'skipped': {
      const copied = outcome.output === undefined ? '' : `; copied to ${outcome.output}`
      return `${input}: left out, ${outcome.reason}: ${outcome.message}${copied}`
    }
    default:
      return `${input}: failed, ${outcome.message}`
  }
}
