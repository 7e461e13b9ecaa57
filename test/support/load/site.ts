// A worker with a deploy's defaults, of which many visitors ask at the same time for pictures that nobody has asked for
// before.
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { COUNT_WASM, inspect, type IsolateMemory } from '../measure/inspector.ts'
import { type Peak, peakDuring } from '../measure/peak.ts'
import { type FakeOrigin, startOrigin } from '../servers/origin.ts'
import { startWorker } from '../worker/worker.ts'
import type { Shown } from './pictures.ts'

export interface Answer {
  /** `done`, the reason why the picture came unchanged, or `left`. */
  readonly outcome: string
  readonly ms: number
}

export interface LoadedSite {
  readonly origin: FakeOrigin
  /** Asks for a path. Leaves after `leaveMs`. */
  get(path: string, visitor: string, leaveMs?: number): Promise<Answer>
  /** Lets the origin serve a picture that nobody has asked for before, and asks for it. */
  ask(shown: Shown, visitor: string, leaveMs?: number): Promise<Answer>
  peakDuring(work: Promise<unknown>): Promise<Peak>
  memoryAfterCollection(): Promise<IsolateMemory>
  close(): Promise<void>
}

export async function startLoadedSite(): Promise<LoadedSite> {
  const origin = await startOrigin()
  const log = () => {} // every picture that comes unchanged is logged
  const worker = await startWorker({ vars: { ORIGIN_URL: origin.url }, prelude: COUNT_WASM, inspectorPort: 0, log })
  const inspector = await inspect(worker)
  const url = await worker.ready
  let asked = 0
  const get = async (path: string, visitor: string, leaveMs?: number): Promise<Answer> => {
    const startedAt = performance.now()
    const signal = leaveMs === undefined ? undefined : AbortSignal.timeout(leaveMs)
    const headers = { 'cf-connecting-ip': visitor }
    try {
      // Each visitor has a connection of their own. An idle one could be closed at the moment when it is used again.
      const [response] = (await once(
        request(new URL(path, url), { headers, signal, agent: false }).end(),
        'response',
      )) as [IncomingMessage]
      for await (const _ of response); // reads the body
      return { outcome: outcomeOf(`${response.headers['x-sr']}`), ms: performance.now() - startedAt }
    } catch (error) {
      if (!signal?.aborted) throw error
      return { outcome: 'left', ms: performance.now() - startedAt }
    }
  }
  return {
    origin,
    get,
    ask({ bytes, query }, visitor, leaveMs) {
      const path = `/${asked++}`
      // Bytes behind the picture, which decoders ignore, make it another one. Otherwise its result would be found.
      origin.serve(path, Buffer.concat([bytes, Buffer.from(path)]), { 'cache-control': 'max-age=600' })
      return get(`${path}?${query}`, visitor, leaveMs)
    },
    peakDuring: (work) => peakDuring(inspector, work),
    async memoryAfterCollection() {
      for (let i = 0; i < 3; i++) await inspector.collectGarbage(() => get('/health', '192.0.2.1'))
      return inspector.memory()
    },
    async close() {
      inspector.close()
      await worker.dispose()
      await origin.close()
    },
  }
}

function outcomeOf(xSr: string): string {
  return /^done/.exec(xSr)?.[0] ?? /reason=(\w+)/.exec(xSr)?.[1] ?? 'error'
}

/** Says how many answers have each outcome. */
export function countOutcomes(answers: readonly Answer[]): string {
  const byOutcome = new Map<string, number>()
  for (const { outcome } of answers) byOutcome.set(outcome, (byOutcome.get(outcome) ?? 0) + 1)
  return [...byOutcome].map(([outcome, count]) => `${count} ${outcome}`).join(', ')
}
