// Ends the process if an execution never returns, and prints the command that repeats the execution. The watchdog runs
// on a thread of its own, because an endless loop blocks the main thread.
import { Worker } from 'node:worker_threads'

/** An execution that takes longer than this is assumed to hang. */
const HANG_MS = 20_000

const WATCH = `
const { workerData: { shared, commands, hangMs } } = require('node:worker_threads')
const seen = new Int32Array(shared)
let last = ''
setInterval(() => {
  const now = seen[0] + ' ' + seen[1]
  if (now === last) {
    const [before, after] = commands[seen[0]]
    require('node:fs').writeSync(2, '\\nhangs: ' + before + seen[1] + after + '\\n')
    process.kill(process.pid, 'SIGKILL')
  }
  last = now
}, hangMs)
`

export interface Watchdog {
  /** Must be called before each execution. */
  noteExecution(target: number, execution: number): void
  stop(): void
}

export function startWatchdog(
  targets: readonly string[],
  commandFor: (target: string, execution: number) => string,
): Watchdog {
  const shared = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)
  const seen = new Int32Array(shared)
  // Placeholder for the number of the execution in each command. The thread prints the real number in its place.
  const PLACEHOLDER = 987_654_321
  const commands = targets.map((target) => commandFor(target, PLACEHOLDER).split(`${PLACEHOLDER}`))
  const worker = new Worker(WATCH, { eval: true, workerData: { shared, commands, hangMs: HANG_MS } })
  worker.unref()
  return {
    noteExecution(target, execution) {
      seen[0] = target
      seen[1] = execution
    },
    stop: () => void worker.terminate(),
  }
}
