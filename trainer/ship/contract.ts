// The contract of a bucket that weights are published to: objects by key, with conditional writes.

/** `local`: the simulated R2 of `wrangler dev`. `s3`: R2 or any other S3-compatible store. */
export const STORES = ['local', 's3'] as const
export type StoreName = (typeof STORES)[number]

/** `absent`: the object must not exist yet. `match`: the object must still have this ETag. */
export type PutCondition = { readonly match: string } | 'absent'

export interface StoredObject {
  readonly bytes: Uint8Array
  /** ETag. It changes with the content, and is comparable only with other ETags of the same store. */
  readonly etag: string
}

/**
 * A bucket: objects by key. A reader sees a put either whole or not at all. `get` and `put` retry transient failures,
 * and throw if the store cannot be reached or refuses the request.
 */
export interface ObjectStore {
  /** Kind of the store and name of the bucket, for messages. */
  readonly title: string
  /** Returns the object, or undefined if the key has none. */
  get(key: string): Promise<StoredObject | undefined>
  /**
   * Stores an object and returns true. If `condition` does not hold, writes nothing and returns false. Also returns
   * false if the object was stored but the response was lost: the retry then finds that `condition` no longer holds.
   */
  put(key: string, bytes: Uint8Array, condition?: PutCondition): Promise<boolean>
  close(): Promise<void>
}

/** A refusal by the store that no retry would change. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  /** HTTP status. */
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}
