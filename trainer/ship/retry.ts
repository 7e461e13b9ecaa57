/** A failure that may pass by itself: a store that is busy, or out of reach for a moment. */
export class TransientError extends Error {
  override readonly name = 'TransientError'
}

export interface RetryOptions {
  /** How often to try at most; default 5. */
  readonly attempts?: number
  /** Pause before the second try, doubled before each further one; default 250 ms, 3.75 s in all. */
  readonly delayMs?: number
}

/** Repeats `work` while it fails with a TransientError. The last failure is the caller's. */
export async function retry<T>(work: () => Promise<T>, { attempts = 5, delayMs = 250 }: RetryOptions = {}): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof TransientError) || attempt >= attempts) throw error
    }
    // Between half and all of it, so that two who collided do not collide again.
    const pause = delayMs * 2 ** (attempt - 1) * (1 - Math.random() / 2)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
