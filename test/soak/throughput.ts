// Compares the worker's hits per second with those of a bare Hono app that answers the same bytes from the Cache API.
// The two take turns within one run. In front of both are miniflare's entry worker and its router of static assets.
// Each measurement uses three clocks: the wall clock, the CPU time of the one thread on which a worker runs, and the
// CPU time of workerd's whole process, which also collects garbage on other threads.
import { fileURLToPath } from 'node:url'
import { compareBy, type Table } from '../bench/compare.ts'
import { bundleWorker } from '../support/worker/bundle.ts'
import { isolateMs, withProcesses, workerdMs } from '../support/measure/processes.ts'
import { startWorker } from '../support/worker/worker.ts'
import { type SoakClient, createSoakClient } from './client.ts'

const CONCURRENCY = 16

/** The worker that is compared, and the URL of one of its results, which its cache holds. */
export interface HitWorker {
  readonly client: SoakClient
  readonly processes: number[]
  readonly url: string
}

/** Compares `hits` requests per round. Returns one table per clock: wall clock, thread, process. */
export async function compareHits(worker: HitWorker, rounds: number, hits: number): Promise<Table[]> {
  const modules = await bundleWorker(fileURLToPath(new URL('bareWorker.ts', import.meta.url)))
  const [bare, processes] = await withProcesses(() => startWorker({ modules }))
  const base = await bare.ready
  const client = createSoakClient(base)
  try {
    const result = (await worker.client.send({ url: worker.url }))!
    await fetch(new URL(HIT, base), { method: 'PUT', body: new Uint8Array(result.body) })
    const copy = (await client.send({ url: HIT }))!
    if (!copy.body.equals(result.body)) throw new Error('the bare worker answers with other bytes')
    const contenders = [
      { name: 'bare Hono', run: () => sendHits(client, HIT, hits) },
      { name: 'ours', run: () => sendHits(worker.client, worker.url, hits) },
    ]
    const processesOf = (contender: number) => (contender === 1 ? worker.processes : processes)
    const title = `${hits} hits of ${result.body.length} bytes, ${CONCURRENCY} at a time`
    const clocks = {
      [title]: () => performance.now(),
      [`${title}, CPU time of workerd's thread`]: (contender: number) => isolateMs(processesOf(contender)),
      [`${title}, CPU time of workerd's process`]: (contender: number) => workerdMs(processesOf(contender)),
    }
    const tables = await compareBy(clocks, contenders, { rounds, warmups: 1 })
    return tables.map(({ rows, ...table }) => Object.assign(table, { rows, notes: [hitsPerSecond(rows, hits)] }))
  } finally {
    client.close()
    await bare.dispose()
  }
}

const HIT = '/hit?sr=3'

function hitsPerSecond(rows: Table['rows'], hits: number): string {
  const rates = rows.map(({ name, medianMs }) => `${name} ${Math.round((1000 * hits) / medianMs)}`)
  return `hits per second of this clock: ${rates.join(', ')}`
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
