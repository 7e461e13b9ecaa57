// Handles Ctrl-C: the first stops the work but still prints the summary, the second exits at once.
import { constants } from 'node:os'

export interface Stop {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** Exit code after a signal; undefined before one. */
  readonly code: number | undefined
  /** Removes the handlers: signals have their default effect again. */
  end(): void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Shells report a program that a signal ended with 128 + the signal's number. */
const EXIT_SIGNAL = 128

/** Starts to handle signals. `onSecond` runs at the second one, synchronously, before the process exits. */
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
