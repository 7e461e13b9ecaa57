/** A failure that a retry may solve: the store is busy or briefly unreachable. */
export class TransientError extends Error {
  override readonly name = 'TransientError'
}

export interface RetryOptions {
  /** Maximum number of tries. Default 5. */
  readonly attempts?: number
  /** Pause before the second try. It doubles before each further try. Default 250 ms, 3.75 s in all with five tries. */
  readonly delayMs?: number
}

/** Repeats `work` while it fails with a TransientError. Throws the error of the last try. */
export async function retry<T>(work: () => Promise<T>, { attempts = 5, delayMs = 250 }: RetryOptions = {}): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof TransientError) || attempt >= attempts) throw error
    }
    // A random 50 to 100 % of the pause, so that two clients that collided do not collide again.
    const pause = delayMs * 2 ** (attempt - 1) * (1 - Math.random() / 2)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
