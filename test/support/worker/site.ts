// What most tests of the worker need: a worker in front of a fake origin, and ways to ask it. It starts before the
// tests of a file, or of a `describe`, and is disposed of after them, here and nowhere else.
import type { Miniflare, Response } from 'miniflare'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { createFakeOrigin, type FakeOrigin } from '../servers/origin.ts'
import { startWorker, type WorkerOptions } from './worker.ts'

export interface SiteRequestOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A response whose body has been read. */
export interface ReadResponse {
  readonly status: number
  readonly headers: Response['headers']
  readonly bytes: Buffer
  /** `X-SR`, or an empty string. */
  readonly sr: string
  /** `Cache-Status`, or an empty string. */
  readonly cacheStatus: string
}

/** A worker and the ways to ask it. A path is one of http://site.test; any other URL is taken as it is. */
export interface RunningWorker {
  /** Throws before `beforeAll` has started it. */
  readonly worker: Miniflare
  /** The response as the worker sends it: a redirect is not followed. The caller reads the body. */
  get(pathOrUrl: string, options?: SiteRequestOptions): Promise<Response>
  /** The same with its body read. */
  ask(pathOrUrl: string, options?: SiteRequestOptions): Promise<ReadResponse>
  /** Asks until the answer is a hit: fresh, from a cache, without a word to the origin. */
  untilHit(pathOrUrl: string, options?: SiteRequestOptions): Promise<ReadResponse>
  /** Asks until the answer was made earlier, though it may be stale: a hit, a revalidated one, or that of another URL. */
  untilKept(pathOrUrl: string, options?: SiteRequestOptions): Promise<ReadResponse>
}

export interface Site extends RunningWorker {
  readonly origin: FakeOrigin
  /** Starts another worker in front of the same origin, for the running test alone. */
  startAnother(options?: WorkerOptions): Promise<RunningWorker>
}

/**
 * Starts an origin and a worker in front of it: ORIGIN_URL is set. Called at the top of a file or of a `describe`;
 * what it returns can be taken apart at once, but for `worker`.
 */
export function startSite(options: WorkerOptions = {}): Site {
  const origin = createFakeOrigin()
  let worker: Miniflare | undefined
  beforeAll(async () => {
    await origin.listen()
    worker = await startWorker(inFrontOf(origin, options))
  })
  afterAll(async () => {
    await worker?.dispose()
    await origin.close()
  })
  const running = () => {
    if (!worker) throw new Error('the worker is not started: it runs from beforeAll on')
    return worker
  }
  return {
    origin,
    get worker() {
      return running()
    },
    ...waysToAsk(running),
    startAnother: (others = {}) => startForThisTest(inFrontOf(origin, others)),
  }
}

/** Starts a worker for the running test alone: it is disposed of when the test has finished. */
export async function startForThisTest(options: WorkerOptions = {}): Promise<RunningWorker> {
  const worker = await startWorker(options)
  onTestFinished(() => worker.dispose())
  return { worker, ...waysToAsk(() => worker) }
}

function inFrontOf({ url }: FakeOrigin, options: WorkerOptions): WorkerOptions {
  return { ...options, vars: { ORIGIN_URL: url, ...options.vars } }
}

function waysToAsk(worker: () => Miniflare): Omit<RunningWorker, 'worker'> {
  const get: RunningWorker['get'] = (pathOrUrl, options) =>
    worker().dispatchFetch(pathOrUrl.startsWith('/') ? `http://site.test${pathOrUrl}` : pathOrUrl, {
      ...options,
      redirect: 'manual',
    })
  const ask: RunningWorker['ask'] = async (pathOrUrl, options) => {
    const response = await get(pathOrUrl, options)
    const bytes = Buffer.from(await response.arrayBuffer())
    const { status, headers } = response
    return { status, headers, bytes, sr: headers.get('x-sr') ?? '', cacheStatus: headers.get('cache-status') ?? '' }
  }
  return {
    get,
    ask,
    untilHit: (path, options) => askUntil(() => ask(path, options), isHit, `a hit: ${path}`),
    untilKept: (path, options) => askUntil(() => ask(path, options), isKept, `kept: ${path}`),
  }
}

interface CacheStatus {
  readonly cacheStatus?: string | undefined
}

/** True if an answer came from a cache and the origin was not asked. */
export function isHit({ cacheStatus = '' }: CacheStatus): boolean {
  return /(^|; )hit\b/.test(cacheStatus)
}

/** True if an answer was made for an earlier request, whether or not the origin was asked about it. */
export function isKept({ cacheStatus = '' }: CacheStatus): boolean {
  return /(^|; )hit\b|fwd-status=304|same-picture/.test(cacheStatus)
}

const DEADLINE_MS = 30_000

/** Repeats `ask` until its answer is as it should be: the worker keeps results after it has answered. */
export async function askUntil<T>(
  ask: () => Promise<T>,
  isRight: (answer: T) => boolean,
  what: string,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  for (const deadline = performance.now() + deadlineMs; ;) {
    const answer = await ask()
    if (isRight(answer)) return answer
    if (performance.now() > deadline) throw new Error(`after ${deadlineMs / 1000} s the answer is still not ${what}`)
  }
}
