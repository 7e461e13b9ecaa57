// Compares the worker's hits per second with those of a bare Hono app that answers the same bytes from the Cache API.
// The two take turns within one run. In front of both are miniflare's entry worker and its router of static assets. One
// lookup in the simulated cache costs about as much as everything else in a hit together. The worker makes two lookups,
// which explains most of the difference. Therefore the bare app is measured with one lookup and with two. Each
// measurement uses two clocks: the wall clock, and the CPU time of the one thread on which a worker runs.
import { fileURLToPath } from 'node:url'
import { compareBy, type Table } from '../bench/compare.ts'
import { bundleWorker } from '../support/worker/bundle.ts'
import { isolateMs, withProcesses } from '../support/measure/processes.ts'
import { startWorker } from '../support/worker/worker.ts'
import { type SoakClient, createSoakClient } from './client.ts'

const CONCURRENCY = 16

export async function compareHits(
  worker: { readonly client: SoakClient; readonly processes: number[]; readonly url: string },
  rounds: number,
  hits: number,
): Promise<Table[]> {
  const modules = await bundleWorker(fileURLToPath(new URL('bareWorker.ts', import.meta.url)))
  const [bare, processes] = await withProcesses(() => startWorker({ modules }))
  const base = await bare.ready
  const client = createSoakClient(base)
  try {
    const result = (await worker.client.send({ url: worker.url }))!
    const put = (url: string, body: Buffer) => fetch(new URL(url, base), { method: 'PUT', body: new Uint8Array(body) })
    await put('/hit?sr=3', result.body)
    await put('/entry?sr=3', Buffer.alloc(400))
    const copy = (await client.send({ url: '/hit?sr=3' }))!
    if (!copy.body.equals(result.body)) throw new Error('the bare worker answers with other bytes')
    const contenders = [
      { name: 'bare Hono', run: () => sendHits(client, '/hit?sr=3', hits) },
      {
        name: 'bare Hono, two lookups',
        run: () => sendHits(client, '/hit?sr=3&and=/entry%3Fsr=3', hits),
      },
      { name: 'ours', run: () => sendHits(worker.client, worker.url, hits) },
    ]
    const cpu = (contender: number) => isolateMs(contender === 2 ? worker.processes : processes)
    const title = `${hits} hits of ${result.body.length} bytes, ${CONCURRENCY} at a time`
    return await compareBy(
      { [title]: () => performance.now(), [`${title}, CPU time of workerd's thread`]: cpu },
      contenders,
      { rounds, warmups: 1 },
    )
  } finally {
    client.close()
    await bare.dispose()
  }
}

/** Sends `hits` requests, CONCURRENCY at a time. */
async function sendHits(client: SoakClient, url: string, hits: number): Promise<void> {
  let left = hits
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (left-- > 0) await client.send({ url })
    }),
  )
}
