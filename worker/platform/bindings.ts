// What the options take of a platform, by shape: no types of Workers are needed where there are none, and
// anything of this shape will do in their place. R2Bucket, Cache, RateLimit and AnalyticsEngineDataset have it.

/** As Cloudflare's R2Bucket: named files. */
export interface Bucket {
  /** Null where there is none. */
  get(key: string): Promise<StoredFile | null>
  /** Without `body` where its etag is the one of `onlyIf`. */
  get(key: string, options: { onlyIf?: { etagDoesNotMatch?: string } }): Promise<StoredFile | StoredHead | null>
  /** Rejects where the bytes that arrive have another digest. */
  put(key: string, value: Uint8Array, options?: { sha256?: string }): Promise<unknown>
  delete(keys: string | string[]): Promise<void>
  list(options?: { prefix?: string; cursor?: string; limit?: number }): Promise<StoredList>
}

export interface StoredHead {
  readonly etag: string
  /** Hexadecimal; as it was put. */
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
  /** Where to go on. */
  readonly cursor?: string
}

/** As the Cache of Workers and browsers. */
export interface EdgeCache {
  match(url: string): Promise<Response | undefined>
  put(url: string, response: Response): Promise<void>
  delete(url: string): Promise<boolean>
}

/** As Cloudflare's AnalyticsEngineDataset. */
export interface Dataset {
  writeDataPoint(point: { indexes?: string[]; blobs?: string[]; doubles?: number[] }): void
}

/** As Cloudflare's RateLimit. */
export interface RateLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>
}
