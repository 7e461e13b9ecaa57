// How far an evaluation is.
import {
  createProgressLine,
  formatSeconds,
  percentOf,
  type ProgressStream,
} from '../../worker/terminal/progressLine.ts'

export interface StepProgress {
  /** `what` begins now; `share` of all the work is done, 0..1. */
  at(what: string, share: number): void
  /** Takes the line off a terminal. */
  end(): void
}

/** By default as often as lines of progress are. */
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
