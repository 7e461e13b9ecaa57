// A bound on waiting for storage: a bucket that does not answer must not hold a visitor.

/**
 * R2's slow answers take a second. Weights, edge cache and results may all hang, one after the other: together
 * they cost a visitor less than 5 s.
 */
export const STORAGE_TIMEOUT_MS = 1_500

/** What `work` gives; rejects where that takes longer than STORAGE_TIMEOUT_MS. The work itself goes on unheard. */
export function withinTimeout<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`no answer within ${STORAGE_TIMEOUT_MS} ms`))
    const timer = setTimeout(late, STORAGE_TIMEOUT_MS)
    void work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
