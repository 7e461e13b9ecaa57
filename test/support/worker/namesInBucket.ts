// Lists what a worker has stored in R2.
import type { Miniflare } from 'miniflare'

/** Returns all names in the worker's RESULTS_BUCKET that begin with `prefix`. */
export async function namesInBucket(worker: Miniflare, prefix?: string): Promise<string[]> {
  const bucket = await worker.getR2Bucket('RESULTS_BUCKET')
  const names: string[] = []
  for (let cursor: string | undefined; ;) {
    const page = await bucket.list({ prefix, cursor })
    names.push(...page.objects.map(({ key }) => key))
    if (!page.truncated) return names
    ;({ cursor } = page)
  }
}
