import { print, printText } from '../../worker/terminal/print.ts'
import { readCandidates, titleOf } from './readCandidates.ts'
import type { StoreName } from './contract.ts'
import { formatModels } from './formatModels.ts'
import { withStore } from './openStore.ts'
import { publish } from './publish.ts'

export interface UploadOptions {
  /** Bucket to upload to. Default: the bucket that wrangler.toml binds as MODELS_BUCKET. */
  readonly bucket?: string
  /** Scales to upload. Default: all scales in the folder. */
  readonly scales?: readonly number[]
  /**
   * True to upload even if the weights score worse than the current ones or bicubic, or if the store has no conditional
   * writes. Default false.
   */
  readonly force?: boolean
}

/**
 * Publishes the weights of a run's folder and prints what changed. A worker that reads the bucket serves them within a
 * minute. Throws the errors of readCandidates, openStore and publish.
 */
export async function uploadRun(
  folder: string,
  to: StoreName,
  { bucket, scales, force = false }: UploadOptions = {},
): Promise<void> {
  const candidates = await readCandidates(folder, scales)
  await withStore(to, bucket, async (store) => {
    const { manifest, changed, notes } = await publish(store, candidates, { force })
    for (const note of notes) print(`note: ${note}`)
    const titles = candidates.map(({ entry }) => titleOf(entry)).join(', ')
    print(changed ? `${store.title} serves ${titles} from ${folder}` : `${store.title} served ${titles} already`)
    printText(formatModels(manifest))
  })
}
