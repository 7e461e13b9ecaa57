// A running worker serves the weights that the trainer uploads, and serves the earlier ones again after a rollback.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readCandidates } from '../../trainer/ship/readCandidates.ts'
import { openLocalStore } from '../../trainer/ship/localStore.ts'
import { publish, rollBack } from '../../trainer/ship/publish.ts'
import type { ObjectStore } from '../../trainer/ship/contract.ts'
import { makeRunFolder } from '../support/trainer/runFolder.ts'
import { fastClock } from '../support/worker/clock.ts'
import { askUntil, startSite } from '../support/worker/site.ts'

/**
 * The worker's clock runs this many times as fast as the real one. So the half minute until the worker reads the
 * manifest again takes 0.5 s.
 */
const SPEED = 60
const MINUTE_MS = 60_000 / SPEED

const bucketFolder = mkdtempSync(join(tmpdir(), 'r2-'))
const { origin, ask } = startSite({ buckets: ['MODELS_BUCKET'], bucketFolder, prelude: fastClock(SPEED) })
let store: ObjectStore

beforeAll(async () => {
  const grey = { width: 16, height: 12, channels: 3, background: '#808080' } as const
  origin.serve('/grey.png', await sharp({ create: grey }).png().toBuffer(), {})
  store = await openLocalStore('MODELS_BUCKET', bucketFolder)
})
afterAll(() => store.close())

const servedModel = async () => (await ask('/grey.png?sr=2')).sr

/** Repeats the request until other weights than `before` are served, for at most one minute of the worker's clock. */
function nextModel(before: string): Promise<string> {
  return askUntil(servedModel, (model) => model !== before, `an answer made by other weights than ${before}`, MINUTE_MS)
}

test('uploaded weights are served within a minute, and so are the earlier weights after a rollback', async () => {
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
