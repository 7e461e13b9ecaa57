// Prints the outcome of each picture and the summary of a run.
import { describeAsked } from '../../client/xSr.ts'
import { print as printLine } from '../../terminal/print.ts'
import type { ProgressStream } from '../../terminal/progressLine.ts'
import { createTally, type Tally } from '../tally.ts'
import { STDIN } from './inputs.ts'
import { STDOUT } from './outputs.ts'
import type { UpscaleOutcome } from './upscaleAll.ts'

export interface UpscaleReport extends Pick<Tally<UpscaleOutcome['outcome']>, 'counts'> {
  tell(outcome: UpscaleOutcome): void
  /** Shows how many pictures' worth of the pictures in progress is made. */
  tellPart(pictures: number): void
  /** Prints the summary. */
  end(isStopped: boolean): void
}

/** `isQuiet`: only the lines of pictures that failed are printed. */
export function createUpscaleReport(
  total: number,
  json = false,
  print: (line: string) => void = printLine,
  stream: ProgressStream = process.stderr,
  isQuiet = false,
): UpscaleReport {
  const none = { done: 0, exists: 0, skipped: 0, failed: 0 }
  const tally = createTally<UpscaleOutcome['outcome']>(none, total, print, stream, isQuiet, 'exists')
  const { counts, finished, seconds, addPart } = tally
  return {
    counts,
    tell(outcome) {
      tally.add(outcome.outcome, json ? JSON.stringify(outcome) : describeOutcome(outcome))
    },
    tellPart: addPart,
    end(isStopped) {
      const { done, exists, skipped, failed } = counts
      const took = `${seconds().toFixed(1)} s, ${(done / seconds()).toFixed(1)} pictures/s`
      const stopped = isStopped ? [`stopped, ${total - finished()} left: run the same command again to make them`] : []
      tally.end(`${done} done, ${exists} there already, ${skipped} left out, ${failed} failed (${took})`, ...stopped)
    },
  }
}

function describeOutcome(outcome: UpscaleOutcome): string {
  const input = outcome.input === STDIN ? 'stdin' : outcome.input
  switch (outcome.outcome) {
    case 'done': {
      const { output, width, height, model, seconds, asked } = outcome
      const most = asked ? `; ${describeAsked(asked)} was asked for, which is too large` : ''
      const place = output === STDOUT ? 'stdout' : output
      return `${input}: done, ${place} (${width} x ${height}, ${model}, ${seconds.toFixed(2)} s${most})`
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
