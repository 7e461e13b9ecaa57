import { existsSync } from 'node:fs'
import { UsageError } from '../../worker/terminal/arguments.ts'
import type { StoreName } from './contract.ts'

const CONFIG = 'wrangler.toml'
const BINDING = 'MODELS_BUCKET'

interface Bound {
  readonly binding: string
  readonly bucket_name?: string
  readonly preview_bucket_name?: string
}

/**
 * Returns the name of the bucket that wrangler.toml binds for the worker. For `local`, this may also be the bucket of
 * the environment `demo`, if production has none. Throws a UsageError if no bucket is bound.
 */
export async function bucketName(to: StoreName): Promise<string> {
  if (existsSync(CONFIG)) {
    const { unstable_readConfig: readConfig } = await import('wrangler')
    for (const env of to === 'local' ? ['', 'demo'] : ['']) {
      const { r2_buckets: buckets } = readConfig({ config: CONFIG, env }, { hideWarnings: true })
      const bound = (buckets as readonly Bound[]).find(({ binding }) => binding === BINDING)
      const name = (to === 'local' && bound?.preview_bucket_name) || bound?.bucket_name
      if (name !== undefined) return name
    }
  }
  throw new UsageError(`expected --bucket NAME, because ${CONFIG} binds no bucket as ${BINDING}`)
}
