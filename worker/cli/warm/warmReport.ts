// Prints the outcome of each URL and the summary of a run.
import { type AskedSize, describeAsked } from '../../client/xSr.ts'
import { print as printLine } from '../../terminal/print.ts'
import type { ProgressStream } from '../../terminal/progressLine.ts'
import { createTally } from '../tally.ts'
import type { Warmed } from './warmAll.ts'

export interface WarmReport {
  tell(warmed: Warmed): void
  /** Prints the summary. */
  end(isStopped: boolean): void
  readonly failed: number
}

/** `isQuiet`: only the lines of URLs that failed are printed. */
export function createWarmReport(
  total: number,
  json = false,
  print: (line: string) => void = printLine,
  stream: ProgressStream = process.stderr,
  isQuiet = false,
): WarmReport {
  const none = { hit: 0, made: 0, skipped: 0, failed: 0 }
  const { counts, finished, seconds, add, end } = createTally(none, total, print, stream, isQuiet)
  const reasons = new Map<string, number>()
  return {
    get failed() {
      return counts.failed
    },
    tell(warmed) {
      if (warmed.outcome === 'skipped') reasons.set(warmed.reason, (reasons.get(warmed.reason) ?? 0) + 1)
      add(warmed.outcome, json ? JSON.stringify(warmed) : describeWarmed(warmed))
    },
    end(isStopped) {
      const { hit, made, skipped, failed } = counts
      const why = [...reasons].map(([reason, count]) => `${reason} ${count}`).join(', ')
      const took = `${seconds().toFixed(1)} s`
      const stopped = isStopped ? [`stopped, ${total - finished()} left`] : []
      end(
        `${hit} there already, ${made} made, ${skipped} left out${why && `: ${why}`}, ${failed} failed (${took})`,
        ...stopped,
      )
    },
  }
}

function describeWarmed(warmed: Warmed): string {
  const { url, seconds } = warmed
  switch (warmed.outcome) {
    case 'hit':
      return `${url}: there already${askedText(warmed.asked)}`
    case 'made':
      return `${url}: made (${seconds.toFixed(2)} s)${askedText(warmed.asked)}`
    case 'skipped':
      return `${url}: left out, ${warmed.reason}`
    default:
      return `${url}: failed, ${warmed.message}`
  }
}

function askedText(asked: AskedSize | undefined): string {
  return asked ? `, as large as possible: ${describeAsked(asked)} was asked for` : ''
}
