// Limits the wait for storage, because a bucket that does not answer must not delay a visitor.

/**
 * Longest wait for an answer of storage. A slow answer of R2 takes a second. Weights, edge cache and results may all
 * hang, one after the other; together they then delay a visitor by less than 5 s.
 */
export const STORAGE_TIMEOUT_MS = 1_500

/**
 * Settles as `work` does, but rejects after STORAGE_TIMEOUT_MS. `work` is not cancelled then; its result is ignored.
 */
export function withinTimeout<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timeOut = () => reject(new Error(`no answer within ${STORAGE_TIMEOUT_MS} ms`))
    const timer = setTimeout(timeOut, STORAGE_TIMEOUT_MS)
    void work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
