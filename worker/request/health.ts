// The checks of the health page, for a monitor: can the weights be loaded, do the buckets answer.
import { SCALES } from '../client/allowed.ts'
import type { Models } from '../picture/models.ts'
import { withinTimeout } from '../base/timeout.ts'

/** What was tried, with `ok` or what is wrong. */
export type Checks = Readonly<Record<string, string>>

/** Loads the weights of `auto` at each scale, and asks each bound bucket for a file. */
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
