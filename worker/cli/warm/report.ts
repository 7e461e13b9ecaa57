// What came of each URL, a line each on stdout; how far all of it is, and what it came to, on stderr.
import { createProgressLine, type ProgressStream, textOf } from '../progressLine.ts'
import type { Warmed } from './warm.ts'

export interface Report {
  tell(warmed: Warmed): void
  /** The last line. */
  end(isStopped: boolean): void
  readonly failed: number
}

export function createReport(
  total: number,
  json = false,
  print: (line: string) => void = console.log,
  stream: ProgressStream = process.stderr,
): Report {
  const counts = { hit: 0, made: 0, skipped: 0, failed: 0 }
  const reasons = new Map<string, number>()
  const line = createProgressLine(stream)
  const start = performance.now()
  const seconds = () => (performance.now() - start) / 1000
  const finished = () => counts.hit + counts.made + counts.skipped + counts.failed
  return {
    get failed() {
      return counts.failed
    },
    tell(warmed) {
      counts[warmed.outcome]++
      if (warmed.outcome === 'skipped') reasons.set(warmed.reason, (reasons.get(warmed.reason) ?? 0) + 1) // prettier-ignore
      line.clear()
      print(json ? JSON.stringify(warmed) : describeWarmed(warmed))
      const state = { finished: finished(), worked: finished(), total, seconds: seconds() }
      if (state.finished < total) line.draw(() => textOf(state, stream))
    },
    end(isStopped) {
      line.clear()
      const { hit, made, skipped, failed } = counts
      const why = [...reasons].map(([reason, count]) => `${reason} ${count}`).join(', ')
      const stopped = isStopped ? `\nstopped, ${total - finished()} left` : ''
      stream.write(`${hit} there already, ${made} made, ${skipped} left out${why && `: ${why}`}, ${failed} failed (${seconds().toFixed(1)} s)${stopped}\n`) // prettier-ignore
    },
  }
}

function describeWarmed(warmed: Warmed): string {
  const { url, seconds } = warmed
  switch (warmed.outcome) {
    case 'hit':
      return `${url}: there already`
    case 'made':
      return `${url}: made (${seconds.toFixed(2)} s)`
    case 'skipped':
      return `${url}: left out, ${warmed.reason}`
    default:
      return `${url}: failed, ${warmed.message}`
  }
}
