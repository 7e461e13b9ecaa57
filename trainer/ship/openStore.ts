// Opens the bucket that weights are served from: manifest.json and the files that it names.
import { bucketName } from './bucketName.ts'
import type { ObjectStore, StoreName } from './contract.ts'

/**
 * Opens a bucket. `local`: in the simulated R2 of `wrangler dev` in this folder. `s3`: in the store that the AWS_*
 * variables name. By default, the bucket is the one that wrangler.toml binds as MODELS_BUCKET. Throws a UsageError that
 * names what is missing.
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

/** Runs `work` on the opened store and closes the store afterwards. */
export async function withStore<T>(
  to: StoreName,
  bucket: string | undefined,
  work: (store: ObjectStore) => Promise<T>,
): Promise<T> {
  const store = await openStore(to, bucket)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
