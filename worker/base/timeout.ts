// A bound on waiting for storage: a bucket that does not answer must not hold up a visitor.

/**
 * In ms. Slow answers of R2 take a second. Weights, edge cache and results may all hang, one after the other: together
 * they delay a visitor by less than 5 s.
 */
export const STORAGE_TIMEOUT_MS = 1_500

/** Resolves as `work` does; rejects after STORAGE_TIMEOUT_MS. The work is not cancelled; its result is ignored. */
export function withinTimeout<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timeOut = () => reject(new Error(`no answer within ${STORAGE_TIMEOUT_MS} ms`))
    const timer = setTimeout(timeOut, STORAGE_TIMEOUT_MS)
    void work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
