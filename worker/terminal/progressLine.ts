// Shows the progress of long work: on a terminal as one line that is rewritten, elsewhere as a new line every 15 s.
// Progress is written to stderr, so that stdout contains only results.
import type { WriteStream } from 'node:tty'
import { shown } from './print.ts'

export type ProgressStream = Pick<WriteStream, 'write'> & { isTTY?: boolean }

export interface ProgressLine {
  /** Writes `text()` if the last write is at least `everyMs` ago, or if `isLast` is true. */
  draw(text: () => string, isLast?: boolean): void
  /** Erases the line on a terminal, so that other text can be written there. */
  clear(): void
  /** Keeps the line on a terminal and continues below it. */
  end(): void
}

const REDRAW_MS = 200
const LINE_MS = 15_000
const BAR_LENGTH = 20
/** Control sequence that erases the rest of the line, because the previous text may have been longer. */
const CLEAR_REST = '\x1b[K'

export function createProgressLine(
  stream: ProgressStream = process.stderr,
  everyMs = stream.isTTY ? REDRAW_MS : LINE_MS,
): ProgressLine {
  let drawn = performance.now()
  let isThere = false
  return {
    draw(text, isLast = false) {
      const now = performance.now()
      if (now - drawn < everyMs && !isLast) return
      drawn = now
      isThere = true
      const line = shown(text())
      stream.write(stream.isTTY ? `\r${line}${CLEAR_REST}` : `${line}\n`)
    },
    clear() {
      if (stream.isTTY && isThere) stream.write(`\r${CLEAR_REST}`)
      isThere = false
    },
    end() {
      if (stream.isTTY && isThere) stream.write('\n')
      isThere = false
    },
  }
}

/** Returns `[#####...............] ` on a terminal, an empty string elsewhere. `share` is 0..1. */
export function barOf(share: number, stream: ProgressStream = process.stderr): string {
  if (!stream.isTTY) return ''
  return `[${'#'.repeat(Math.round(share * BAR_LENGTH)).padEnd(BAR_LENGTH, '.')}] `
}

/** Formats `share`, 0..1, as ` 50 %`. */
export function percentOf(share: number): string {
  return `${(100 * share).toFixed(0).padStart(3)} %`
}

/** The state of work on many pictures. */
export interface ProgressState {
  /** Number of finished pictures. */
  readonly finished: number
  /** How many pictures' worth of unfinished ones is done. Default 0. */
  readonly part?: number
  /**
   * Number of finished pictures and `part`, without those that took almost no time. The rate and the time left are
   * computed from this number.
   */
  readonly worked: number
  readonly total: number
  readonly seconds: number
}

/** Formats a state as `[##########..........]  50 %  12/24  3.1 pictures/s  0:04 left`. */
export function textOf({ finished, part = 0, worked, total, seconds }: ProgressState, stream?: ProgressStream): string {
  const share = (finished + part) / total
  const perSecond = worked / seconds
  const left = perSecond > 0 ? [`${formatSeconds((total - finished - part) / perSecond)} left`] : []
  return [
    `${barOf(share, stream)}${percentOf(share)}`,
    `${finished}/${total}`,
    `${perSecond.toFixed(1)} pictures/s`,
    ...left,
  ].join('  ')
}

/** Formats seconds, rounded up, as `1:02:03` or `2:03`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds)
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((v) => `${v}`.padStart(2, '0'))
  const hours = Math.floor(whole / 3600)
  return hours > 0 ? `${hours}:${parts.join(':')}` : parts.join(':').replace(/^0/, '')
}
