import type { Manifest } from '../../worker/model/manifest.ts'
import { alignColumns } from '../evaluate/table.ts'
import { readCandidates, titleOf } from './candidate.ts'
import { publish } from './publish.ts'
import { openStore, type ObjectStore, type StoreName } from './openStore.ts'

export interface UploadOptions {
  /** Default: the one that wrangler.toml binds as MODELS_BUCKET. */
  readonly bucket?: string
  /** Default: all that the folder has. */
  readonly scales?: readonly number[]
  /** Also weights that lose, and into a store without conditional writes; default false. */
  readonly force?: boolean
}

/**
 * Publishes a run folder's weights and says what was done. A worker that reads the bucket serves
 * them within a minute. Throws what readCandidates, openStore and publish throw.
 */
export async function uploadRun(
  folder: string,
  to: StoreName,
  { bucket, scales, force = false }: UploadOptions = {},
): Promise<void> {
  const candidates = await readCandidates(folder, scales)
  await withStore(to, bucket, async (store) => {
    const { manifest, changed, notes } = await publish(store, candidates, { force })
    for (const note of notes) console.log(`note: ${note}`)
    const titles = candidates.map(({ entry }) => titleOf(entry)).join(', ')
    console.log(changed ? `${store.title} serves ${titles} from ${folder}` : `${store.title} served ${titles} already`)
    console.log(formatModels(manifest))
  })
}

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

/** One line a model: name, scale, digest, validation PSNR and what bicubic has, date, bytes. */
export function formatModels({ models }: Manifest): string {
  return alignColumns(
    models.map(({ name, scale, sha256, validation, date, bytes }) => [
      `  ${name}`,
      `x${scale}`,
      sha256.slice(0, 16),
      validation ? `${validation.psnr.toFixed(2)} dB (bicubic ${validation.bicubic.toFixed(2)})` : 'no validation',
      date?.slice(0, 10) ?? '',
      `${bytes} bytes`,
    ]),
  )
}
