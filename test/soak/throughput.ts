// Hits a second against a bare Hono app that answers the same bytes from the Cache API, in turns within one run.
// Both are behind miniflare's entry and the router of static assets, and both have a simulated cache that costs
// about as much as all the rest: the second of ours makes most of the difference, so a bare app with two lookups
// is beside them. All of a worker runs on one thread, which is busy while a client waits: its time is the other clock.
import { fileURLToPath } from 'node:url'
import { compareBy, type Table } from '../bench/bench.ts'
import { bundleWorker } from '../support/worker/bundle.ts'
import { isolateMs, withProcesses } from '../support/measure/processes.ts'
import { startWorker } from '../support/worker/worker.ts'
import { type Client, createClient } from './client.ts'

const CONCURRENCY = 16

export async function compareHits(
  ours: { readonly client: Client; readonly processes: number[]; readonly url: string },
  rounds: number,
  hits: number,
): Promise<Table[]> {
  const modules = await bundleWorker(fileURLToPath(new URL('bareWorker.ts', import.meta.url)))
  const [bare, processes] = await withProcesses(() => startWorker({ modules }))
  const base = await bare.ready
  const client = createClient(base)
  try {
    const result = (await ours.client.ask({ url: ours.url }))!
    const put = (url: string, body: Buffer) => fetch(new URL(url, base), { method: 'PUT', body: new Uint8Array(body) })
    await put('/hit?sr=3', result.body)
    await put('/entry?sr=3', Buffer.alloc(400))
    const same = (await client.ask({ url: '/hit?sr=3' }))!
    if (!same.body.equals(result.body)) throw new Error('the bare worker answers with other bytes')
    const candidates = [
      { name: 'bare Hono', run: () => load(client, '/hit?sr=3', hits) },
      {
        name: 'bare Hono, two lookups',
        run: () => load(client, '/hit?sr=3&and=/entry%3Fsr=3', hits),
      },
      { name: 'ours', run: () => load(ours.client, ours.url, hits) },
    ]
    const cpu = (candidate: number) => isolateMs(candidate === 2 ? ours.processes : processes)
    const title = `${hits} hits of ${result.body.length} bytes, ${CONCURRENCY} at a time`
    return await compareBy(
      { [title]: () => performance.now(), [`${title}, time of workerd's thread`]: cpu },
      candidates,
      { rounds, warmups: 1 },
    )
  } finally {
    client.close()
    await bare.dispose()
  }
}

async function load(client: Client, url: string, hits: number): Promise<void> {
  let left = hits
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (left-- > 0) await client.ask({ url })
    }),
  )
}
