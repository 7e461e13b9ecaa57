// The line of progress of an evaluation: percentage, current step, time left.
import {
  createProgressLine,
  formatSeconds,
  percentOf,
  type ProgressStream,
} from '../../worker/terminal/progressLine.ts'

export interface StepProgress {
  /** Shows that the step `what` begins. `share`: the finished part of all work, 0..1. */
  at(what: string, share: number): void
  /** Clears the line. */
  end(): void
}

/** Creates a line of progress that is redrawn at most once per `everyMs` (default: that of createProgressLine). */
export function createStepProgress(stream?: ProgressStream, everyMs?: number): StepProgress {
  const line = createProgressLine(stream, everyMs)
  const start = performance.now()
  return {
    at(what, share) {
      line.draw(() => {
        const seconds = (performance.now() - start) / 1000
        const left = share > 0 ? `  ${formatSeconds(seconds * (1 / share - 1))} left` : ''
        return `${percentOf(share)}  ${what}${left}`
      })
    },
    end: () => line.clear(),
  }
}
