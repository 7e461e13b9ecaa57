// The shapes of a platform's bindings that the options take. R2Bucket, Cache, RateLimit and AnalyticsEngineDataset fit
// them, and so does anything else of these shapes; the types of Workers are not needed.

/** Named files, as in Cloudflare's R2Bucket. */
export interface Bucket {
  /** Returns null if there is no such file. */
  get(key: string): Promise<StoredFile | null>
  /** Returns the file without `body` if its etag is the one in `onlyIf`. */
  get(key: string, options: { onlyIf?: { etagDoesNotMatch?: string } }): Promise<StoredFile | StoredHead | null>
  /** Rejects if the bytes that arrive have another digest than `sha256`. */
  put(key: string, value: Uint8Array, options?: { sha256?: string }): Promise<unknown>
  delete(keys: string | string[]): Promise<void>
  list(options?: { prefix?: string; cursor?: string; limit?: number }): Promise<StoredList>
}

export interface StoredHead {
  readonly etag: string
  /** The digest that was given to `put`, hexadecimal. */
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
  /** The start of the next page. */
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
