// Ctrl-C: the first ends what is being done and lets what is done be told, the second ends it all.
import { constants } from 'node:os'

export interface Stop {
  readonly signal: AbortSignal
  /** What to exit with, once a signal came. */
  readonly code: number | undefined
  /** Signals are nobody's business any more. */
  end(): void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** What a shell says of a program that a signal ended. */
const EXIT_SIGNAL = 128

/** `onSecond` is for what cannot wait; the process ends behind it. */
export function stopOnSignals(onSecond: () => void = () => {}): Stop {
  const controller = new AbortController()
  let code: number | undefined
  const hear = (name: NodeJS.Signals) => {
    code = EXIT_SIGNAL + constants.signals[name]
    if (controller.signal.aborted) {
      onSecond()
      process.exit(code)
    }
    controller.abort()
  }
  for (const name of SIGNALS) process.on(name, hear)
  return {
    signal: controller.signal,
    get code() {
      return code
    },
    end: () => SIGNALS.forEach((name) => process.off(name, hear)),
  }
}
