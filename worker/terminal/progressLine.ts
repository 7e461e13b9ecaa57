// How far long work is, as a text: one line that is rewritten on a terminal, a line now and then elsewhere. On
// stderr, so that stdout is the result alone.
import type { WriteStream } from 'node:tty'

export type ProgressStream = Pick<WriteStream, 'write'> & { isTTY?: boolean }

export interface ProgressLine {
  /** Writes `text()` if it is time, or `isLast`. */
  draw(text: () => string, isLast?: boolean): void
  /** Takes the line off a terminal, so that something else can be written there. */
  clear(): void
  /** Leaves the line as it is, and goes on below it. */
  end(): void
}

const REDRAW_MS = 200
const LINE_MS = 15_000
const BAR_LENGTH = 20
/** Clears what a longer line left behind. */
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
      stream.write(stream.isTTY ? `\r${text()}${CLEAR_REST}` : `${text()}\n`)
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

/** `[#####...............] ` on a terminal, nothing elsewhere; `share` is 0..1. */
export function barOf(share: number, stream: ProgressStream = process.stderr): string {
  if (!stream.isTTY) return ''
  return `[${'#'.repeat(Math.round(share * BAR_LENGTH)).padEnd(BAR_LENGTH, '.')}] `
}

/** ` 50 %` */
export function percentOf(share: number): string {
  return `${(100 * share).toFixed(0).padStart(3)} %`
}

/** So many pictures. */
export interface ProgressState {
  readonly finished: number
  /** Those among them that took time: they tell how long the rest will. */
  readonly worked: number
  readonly total: number
  readonly seconds: number
}

/** `[##########..........]  50 %  12/24  3.1 pictures/s  0:04 left` */
export function textOf({ finished, worked, total, seconds }: ProgressState, stream?: ProgressStream): string {
  const share = finished / total
  const perSecond = worked / seconds
  const left = perSecond > 0 ? [`${formatSeconds((total - finished) / perSecond)} left`] : []
  return [
    `${barOf(share, stream)}${percentOf(share)}`,
    `${finished}/${total}`,
    `${perSecond.toFixed(1)} pictures/s`,
    ...left,
  ].join('  ')
}

/** `1:02:03` or `2:03`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds)
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((v) => `${v}`.padStart(2, '0'))
  const hours = Math.floor(whole / 3600)
  return hours > 0 ? `${hours}:${parts.join(':')}` : parts.join(':').replace(/^0/, '')
}
