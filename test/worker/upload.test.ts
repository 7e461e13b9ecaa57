// What the trainer uploads, a running worker serves, and a rollback takes back.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Miniflare } from 'miniflare'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readCandidates } from '../../trainer/ship/readCandidates.ts'
import { openLocalStore } from '../../trainer/ship/localStore.ts'
import { publish, rollBack } from '../../trainer/ship/publish.ts'
import type { ObjectStore } from '../../trainer/ship/contract.ts'
import { type FakeOrigin, startOrigin } from '../support/origin/origin.ts'
import { makeRunFolder } from '../support/process/runFolder.ts'
import { startWorker } from '../support/worker/worker.ts'

/** The worker's clock runs so many times as fast: its half minute passes in half a second. */
const HASTE = 60
const MINUTE_MS = 60_000 / HASTE
const CLOCK = `{
  const now = Date.now
  let start = 0
  Date.now = () => ((start ||= now()), start + (now() - start) * ${HASTE})
}
`

let origin: FakeOrigin
let worker: Miniflare
let store: ObjectStore

beforeAll(async () => {
  const bucketFolder = mkdtempSync(join(tmpdir(), 'r2-'))
  origin = await startOrigin()
  const grey = { width: 16, height: 12, channels: 3, background: '#808080' } as const
  origin.serve('/grey.png', await sharp({ create: grey }).png().toBuffer(), {})
  worker = await startWorker({
    vars: { ORIGIN_URL: origin.url },
    buckets: ['MODELS_BUCKET'],
    bucketFolder,
    prelude: CLOCK,
  })
  store = await openLocalStore('MODELS_BUCKET', bucketFolder)
})
afterAll(async () => {
  await store.close()
  await worker.dispose()
  await origin.close()
})

async function servedModel(): Promise<string> {
  const response = await worker.dispatchFetch('http://site.test/grey.png?sr=2')
  await response.arrayBuffer()
  return response.headers.get('x-sr') ?? ''
}

/** Asks until other weights are served, for a minute of the worker's at most. */
async function nextModel(before: string): Promise<string> {
  const deadline = Date.now() + MINUTE_MS
  let model = await servedModel()
  while (model === before && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    model = await servedModel()
  }
  return model
}

test('uploaded weights are served within a minute, and after a rollback the earlier ones again', async () => {
  const upload = async (lift: number, psnr: number) => {
    const candidates = await readCandidates(await makeRunFolder({ lift, psnr }))
    await publish(store, candidates, { force: false })
    return `done; scale=2; model="fast@${candidates[0].entry.sha256.slice(0, 8)}"`
  }
  const bundled = await servedModel()
  const first = await upload(0.1, 31)
  expect(await nextModel(bundled)).toContain(first)
  const before = await servedModel()
  const second = await upload(0.2, 32)
  expect(await nextModel(before)).toContain(second)
  const after = await servedModel()
  await rollBack(store, { force: false })
  expect(await nextModel(after)).toContain(first)
})
