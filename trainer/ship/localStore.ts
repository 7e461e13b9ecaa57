// The simulated R2 of `wrangler dev`. This code uses the same miniflare and the same folder, so it and a worker under
// `wrangler dev` see each other's writes.
import path from 'node:path'
import { Miniflare } from 'miniflare'
import type { ObjectStore, PutCondition } from './contract.ts'
import { type RetryOptions, retry, TransientError } from './retry.ts'

/** Wrangler's folder of simulated buckets, beside wrangler.toml. */
export const LOCAL_BUCKETS = '.wrangler/state/v3/r2'
const BINDING = 'BUCKET'
const MANY_TRIES: RetryOptions = { attempts: 8, delayMs: 20 }

export async function openLocalStore(bucket: string, folder = LOCAL_BUCKETS): Promise<ObjectStore> {
  const miniflare = new Miniflare({
    modules: true,
    script: 'export default { fetch: () => new Response() }',
    r2Buckets: { [BINDING]: bucket },
    r2Persist: path.resolve(folder),
  })
  const r2 = await miniflare.getR2Bucket(BINDING)
  return {
    title: `local bucket ${bucket}`,
    get: (key) =>
      patiently(async () => {
        const object = await r2.get(key)
        return object && { bytes: new Uint8Array(await object.arrayBuffer()), etag: object.httpEtag }
      }).then((object) => object ?? undefined),
    put: (key, bytes, condition) =>
      // The bytes are copied, because miniflare's channel rejects subclasses of Uint8Array such as readFile's Buffer.
      patiently(() => r2.put(key, Uint8Array.from(bytes), { onlyIf: onlyIf(condition) })).then(Boolean),
    close: () => miniflare.dispose(),
  }
}

function onlyIf(condition: PutCondition | undefined) {
  if (condition === undefined) return undefined
  return condition === 'absent' ? { etagDoesNotMatch: '*' } : { etagMatches: condition.match.replaceAll('"', '') }
}

/**
 * Repeats `work` while another process (`wrangler dev`) locks the SQLite database in which Miniflare keeps the
 * simulated bucket. Miniflare reports the lock only as "Unspecified error".
 */
function patiently<T>(work: () => Promise<T>): Promise<T> {
  return retry(async () => {
    try {
      return await work()
    } catch (cause) {
      if (!/Unspecified error/.test((cause as Error).message)) throw cause
      throw new TransientError('the simulated bucket is locked', { cause })
    }
  }, MANY_TRIES)
}
