// Limits the wait for storage, because a bucket that does not answer must not delay a visitor.

/**
 * Longest wait for an answer of storage. A slow answer of R2 takes a second, which is within the limit. If weights,
 * edge cache and results all hang, one after the other, a visitor still waits less than 5 s for them.
 */
export const STORAGE_TIMEOUT_MS = 1_500

/**
 * Settles as `work` does, but rejects if `work` takes longer than `timeoutMs`. `work` then continues, and its result is
 * ignored.
 */
export function withinTimeout<T>(work: Promise<T>, timeoutMs = STORAGE_TIMEOUT_MS): Promise<T> {
  return new Promise((resolve, reject) => {
    const timeOut = () => reject(new Error(`no answer within ${timeoutMs} ms`))
    const timer = setTimeout(timeOut, timeoutMs)
    void work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
