/** A failure that a retry may solve: the store is busy or briefly unreachable. */
export class TransientError extends Error {
  override readonly name = 'TransientError'
}

export interface RetryOptions {
  /** Maximum number of tries. Default 5. */
  readonly attempts?: number
  /**
   * Maximum pause before the second try. The maximum doubles with each further try. By default it is 250 ms, and the
   * pauses between five tries add up to at most 3.75 s.
   */
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
    // The pause is a random 50 to 100 % of its maximum, so that two clients that collided do not collide again.
    const pause = delayMs * 2 ** (attempt - 1) * (1 - Math.random() / 2)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
