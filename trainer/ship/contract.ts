// The contract of a bucket that weights are published to: objects by key, with conditional writes.

/** `local`: the simulated R2 of `wrangler dev`. `s3`: R2 or any other S3-compatible store. */
export const STORES = ['local', 's3'] as const
export type StoreName = (typeof STORES)[number]

/** `absent`: the object must not exist yet. `match`: the object must still have this ETag. */
export type PutCondition = { readonly match: string } | 'absent'

export interface StoredObject {
  readonly bytes: Uint8Array
  /** Changes with the content. Comparable only with other ETags of the same store. */
  readonly etag: string
}

/**
 * A bucket: objects by key. A reader sees a put whole or not at all. Both methods retry transient
 * failures, and throw if the store cannot be reached or refuses the request.
 */
export interface ObjectStore {
  /** Kind and bucket, for messages. */
  readonly title: string
  /** Returns undefined if there is no such object. */
  get(key: string): Promise<StoredObject | undefined>
  /**
   * Returns true once the object is stored, false if the condition did not hold and nothing was written.
   * Can also return false after a lost response: the first try stored the object, so the retry fails its condition.
   */
  put(key: string, bytes: Uint8Array, condition?: PutCondition): Promise<boolean>
  close(): Promise<void>
}

/** A store's refusal that no retry would change. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  /** HTTP status. */
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}
