// Ends the process, with the command that repeats it, where an execution does not come back: a loop without end
// holds up the thread that would have to say so.
import { Worker } from 'node:worker_threads'

/** An execution that takes so long will not end, in ms. */
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
  /** Before each execution. */
  sees(target: number, execution: number): void
  stop(): void
}

export function startWatchdog(
  targets: readonly string[],
  commandFor: (target: string, execution: number) => string,
): Watchdog {
  const shared = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)
  const seen = new Int32Array(shared)
  const PLACE = 987_654_321
  const commands = targets.map((target) => commandFor(target, PLACE).split(`${PLACE}`))
  const worker = new Worker(WATCH, { eval: true, workerData: { shared, commands, hangMs: HANG_MS } })
  worker.unref()
  return {
    sees(target, execution) {
      seen[0] = target
      seen[1] = execution
    },
    stop: () => void worker.terminate(),
  }
}
