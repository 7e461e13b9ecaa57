// `npm run bench -- hits` compares cache hits with those of a bare Hono app that answers the same bytes from the Cache
// API of workerd (soak/throughput.ts), for small, usual and large results.
import sharp from 'sharp'
import { renderScene } from '../fixtures/make.ts'
import { startOrigin } from '../support/servers/origin.ts'
import { withProcesses } from '../support/measure/processes.ts'
import { setup } from '../support/worker/build.ts'
import { startWorker } from '../support/worker/worker.ts'
import { createSoakClient, type SoakClient } from '../soak/client.ts'
import { compareHits } from '../soak/throughput.ts'
import type { Table } from './compare.ts'

const SCALE = 3
/** Widths of sources whose results have about 3, 130 and 600 KB. */
const WIDTHS = [42, 328, 866]
const HITS_PER_ROUND = 400

export async function benchHits({ rounds = 15 } = {}): Promise<Table[]> {
  await setup()
  const origin = await startOrigin()
  const scene = await renderScene('harbour')
  for (const width of WIDTHS) {
    const { width: sceneWidth, height: sceneHeight, data } = scene
    const picture = sharp(data, { raw: { width: sceneWidth, height: sceneHeight, channels: 4 } }).removeAlpha()
    const file = await picture.resize(width).jpeg({ quality: 90 }).toBuffer()
    origin.serve(pathOf(width), file, { 'cache-control': 'max-age=86400' })
  }
  const [worker, processes] = await withProcesses(() => startWorker({ vars: { ORIGIN_URL: origin.url } }))
  const client = createSoakClient(await worker.ready)
  try {
    const tables: Table[] = []
    for (const width of WIDTHS) {
      const url = `${pathOf(width)}?sr=${SCALE}`
      await untilHit(client, url)
      tables.push(...(await compareHits({ client, processes, url }, rounds, HITS_PER_ROUND)))
    }
    return tables
  } finally {
    client.close()
    await worker.dispose()
    await origin.close()
  }
}

const pathOf = (width: number) => `/${width}.jpg`

/** Requests a result until it comes from the edge cache, because the worker stores it only after it has answered. */
async function untilHit(client: SoakClient, url: string): Promise<void> {
  for (let i = 0; i < MAX_TRIES; i++) {
    const response = await client.send({ url })
    if (response?.headers['cache-status']?.toString().includes('hit; detail=edge') === true) return
  }
  throw new Error(`no hit: ${url}`)
}

const MAX_TRIES = 100
