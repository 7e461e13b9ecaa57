// Bundles the worker with the limits that Workers and R2 have in production (test/support/limitedWorker).
import { join } from 'node:path'
import { bundleWorker } from './bundle.ts'
import { ROOT, type WorkerOptions } from './worker.ts'

/** Returns the options that start such a worker. `prelude`: see WorkerOptions. */
export async function limitedWorker(prelude?: string): Promise<Pick<WorkerOptions, 'modules' | 'flags'>> {
  const entry = join(ROOT, 'test/support/limitedWorker/index.ts')
  return { modules: await bundleWorker(entry, prelude, { ORT: '"none"' }), flags: ['nodejs_als'] }
}
