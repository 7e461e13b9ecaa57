// Handles Ctrl-C: the first one stops the work and still prints the summary, the second one exits immediately.
import { constants } from 'node:os'

export interface Stop {
  /** Aborted when the first signal of the operating system arrives. */
  readonly signal: AbortSignal
  /** Exit code of the process after a signal; undefined before the first signal. */
  readonly code: number | undefined
  /** Removes the handlers, so that signals have their default effect again. */
  end(): void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** If a signal ended a program, shells report 128 + the number of the signal as the program's exit code. */
const EXIT_SIGNAL = 128

/** Starts to handle signals. `onSecond` runs at the second signal, synchronously, before the process exits. */
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
