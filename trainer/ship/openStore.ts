// Where weights are served from: a bucket with a manifest.json and the files that it names.
import { bucketName } from './bucketName.ts'

export const STORES = ['local', 's3'] as const
export type StoreName = (typeof STORES)[number]

/** `absent`: there must be no object yet. `match`: the object must still have this ETag. */
export type PutCondition = { readonly match: string } | 'absent'

export interface StoredObject {
  readonly bytes: Uint8Array
  /** Changes with the content. Means something to this store alone. */
  readonly etag: string
}

/**
 * Objects by key. A put is seen whole or not at all. Methods try again what may pass by itself, and
 * throw where the store cannot be reached or refuses.
 */
export interface ObjectStore {
  /** For people: what it is and which bucket. */
  readonly title: string
  /** Undefined where there is no such object. */
  get(key: string): Promise<StoredObject | undefined>
  /**
   * True once the object is there, false where the condition did not hold and nothing was written.
   * A put that was repeated after a lost answer can be false although its first try was carried out.
   */
  put(key: string, bytes: Uint8Array, condition?: PutCondition): Promise<boolean>
  close(): Promise<void>
}

/** A store's answer that no repetition would change. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  /** HTTP status. */
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

/**
 * Opens `local`, the simulated R2 of `wrangler dev` in this folder, or `s3`, what the environment
 * names. `bucket` is by default the one that wrangler.toml binds as MODELS_BUCKET. Throws a
 * UsageError that says what is missing.
 */
export async function openStore(to: StoreName, bucket?: string): Promise<ObjectStore> {
  const name = bucket ?? (await bucketName(to))
  if (to === 'local') {
    const { openLocalStore } = await import('./localStore.ts')
    return openLocalStore(name)
  }
  const { openS3Store, s3Settings } = await import('./s3Store.ts')
  return openS3Store(s3Settings(name, process.env))
}
