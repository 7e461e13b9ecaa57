// Interfaces of the bindings that the options accept. R2Bucket, Cache, RateLimit and AnalyticsEngineDataset implement
// them, and any other object may. So an app does not need the types of Workers.

/** Named files, as in Cloudflare's R2Bucket. */
export interface Bucket {
  /** Returns null if the file does not exist. */
  get(key: string): Promise<StoredFile | null>
  /** Returns the file without its `body` if its etag equals the one in `onlyIf`. */
  get(key: string, options: { onlyIf?: { etagDoesNotMatch?: string } }): Promise<StoredFile | StoredHead | null>
  /**
   * Rejects if the SHA-256 of the bytes that arrive is not `sha256`. When it resolves, the bytes are stored or copied:
   * in Workers, the array is freed then.
   */
  put(key: string, value: Uint8Array, options?: { sha256?: string }): Promise<unknown>
  delete(keys: string | string[]): Promise<void>
  list(options?: { prefix?: string; cursor?: string; limit?: number }): Promise<StoredList>
}

export interface StoredHead {
  readonly etag: string
  /** The SHA-256 that was given to `put`, in hex. */
  readonly checksums: { toJSON(): { sha256?: string } }
}

export interface StoredFile extends StoredHead {
  readonly body: unknown
  arrayBuffer(): Promise<ArrayBuffer>
  text(): Promise<string>
}

export interface StoredList {
  readonly objects: readonly { readonly key: string }[]
  readonly truncated: boolean
  /** Where the next page starts: a value for `cursor` in the options of `list`. */
  readonly cursor?: string
}

/** A cache with the interface of Workers' and browsers' Cache. */
export interface EdgeCache {
  match(url: string): Promise<Response | undefined>
  put(url: string, response: Response): Promise<void>
  delete(url: string): Promise<boolean>
}

/** A data set with the interface of Cloudflare's AnalyticsEngineDataset. */
export interface Dataset {
  writeDataPoint(point: { indexes?: string[]; blobs?: string[]; doubles?: number[] }): void
}

/** A rate limiter with the interface of Cloudflare's RateLimit. */
export interface RateLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>
}
