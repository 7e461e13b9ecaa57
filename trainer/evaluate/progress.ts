// How far an evaluation is, on stderr, so that stdout is the result alone: one line that is rewritten on
// a terminal, a line now and then elsewhere.
import type { WriteStream } from 'node:tty'
import { formatSeconds } from '../progress.ts'

export interface StepProgress {
  /** `what` begins now; `share` of all the work is done, 0..1. */
  at(what: string, share: number): void
  /** Takes the line off a terminal. */
  end(): void
}

const REDRAW_MS = 200
const LINE_MS = 15_000

export function createStepProgress(
  stream: Pick<WriteStream, 'write'> & { isTTY?: boolean } = process.stderr,
  everyMs = stream.isTTY ? REDRAW_MS : LINE_MS,
): StepProgress {
  const start = performance.now()
  let drawn = start
  return {
    at(what, share) {
      const now = performance.now()
      if (now - drawn < everyMs) return
      drawn = now
      const left = share > 0 ? `  ${formatSeconds(((now - start) / 1000) * (1 / share - 1))} left` : '' // prettier-ignore
      const line = `${(100 * share).toFixed(0).padStart(3)} %  ${what}${left}`
      // \x1b[K clears what a longer line left behind.
      stream.write(stream.isTTY ? `\r${line}\x1b[K` : `${line}\n`)
    },
    end: () => {
      if (stream.isTTY) stream.write('\r\x1b[K')
    },
  }
}
