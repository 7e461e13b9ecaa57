// The checks of the health page, for monitoring: whether the weights can be loaded, and whether the buckets answer.
import { SCALES } from '../client/allowed.ts'
import type { Models } from '../picture/models.ts'
import { withinTimeout } from '../base/timeout.ts'

/** Maps the name of each check to `ok` or to the error. */
export type Checks = Readonly<Record<string, string>>

/** Loads the weights of `model` at each scale, and asks each bucket for a file. */
export async function checkHealth(
  models: Models,
  model: string,
  buckets: Readonly<Record<string, R2Bucket | undefined>>,
): Promise<Checks> {
  const tried: [string, Promise<unknown>][] = []
  for (const scale of SCALES) {
    tried.push([`${model} x${scale}`, models.choose(model, scale).then((chosen) => chosen?.load())])
  }
  for (const [name, bucket] of Object.entries(buckets)) {
    if (bucket) tried.push([name, withinTimeout(bucket.head('manifest.json'))])
  }
  const checks: Record<string, string> = {}
  for (const [name, attempt] of tried) {
    checks[name] = await attempt.then(
      () => 'ok',
      (cause: unknown) => String(cause),
    )
  }
  return checks
}
