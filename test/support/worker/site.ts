// Starts what most tests of the worker need: a worker in front of a fake origin, and functions that send requests to
// the worker. The worker starts before the tests of a file or a `describe`, and is disposed of after them.
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
  /** Value of `X-SR`, or an empty string. */
  readonly sr: string
  /** Value of `Cache-Status`, or an empty string. */
  readonly cacheStatus: string
}

/**
 * A worker, and functions that send requests to it. If they are given a path, they request it from http://site.test. A
 * full URL is requested as it is.
 */
export interface RunningWorker {
  /** The miniflare instance. Throws if `beforeAll` has not started it yet. */
  readonly worker: Miniflare
  /** Returns the response as the worker sends it. Redirects are not followed, and the caller must read the body. */
  get(pathOrUrl: string, options?: SiteRequestOptions): Promise<Response>
  /** Like `get`, but also reads the body. */
  ask(pathOrUrl: string, options?: SiteRequestOptions): Promise<ReadResponse>
  /** Repeats `ask` until the answer is a hit: a fresh result from a cache, without a request to the origin. */
  untilHit(pathOrUrl: string, options?: SiteRequestOptions): Promise<ReadResponse>
  /**
   * Repeats `ask` until the answer is a result that was made for an earlier request: a hit, a revalidated result, or
   * the result of another URL with the same picture.
   */
  untilKept(pathOrUrl: string, options?: SiteRequestOptions): Promise<ReadResponse>
}

export interface Site extends RunningWorker {
  readonly origin: FakeOrigin
  /** Starts another worker in front of the same origin, and disposes of it after the running test. */
  startAnother(options?: WorkerOptions): Promise<RunningWorker>
}

/**
 * Starts an origin and a worker whose ORIGIN_URL is that origin, before the tests of a file or a `describe`. The result
 * can be destructured immediately, except `worker`, which exists only from `beforeAll` on.
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
    if (!worker) throw new Error('the worker is not started yet: use it in beforeAll or later')
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

/** Starts a worker, and disposes of it after the running test. */
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
    untilKept: (path, options) => askUntil(() => ask(path, options), isKept, `a kept result: ${path}`),
  }
}

interface CacheStatus {
  readonly cacheStatus?: string | undefined
}

/** True if an answer came from a cache without a request to the origin. */
export function isHit({ cacheStatus = '' }: CacheStatus): boolean {
  return /(^|; )hit\b/.test(cacheStatus)
}

/** True if an answer is a result that was made for an earlier request, even if the origin had to confirm it. */
export function isKept({ cacheStatus = '' }: CacheStatus): boolean {
  return /(^|; )hit\b|fwd-status=304|same-picture/.test(cacheStatus)
}

const DEADLINE_MS = 30_000

/**
 * Repeats `ask` until `isRight` accepts the answer. Tests need this because the worker stores results only after it has
 * answered. `what` names the expected answer in the error.
 */
export async function askUntil<T>(
  ask: () => Promise<T>,
  isRight: (answer: T) => boolean,
  what: string,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  for (const deadline = performance.now() + deadlineMs; ;) {
    const answer = await ask()
    if (isRight(answer)) return answer
    if (performance.now() > deadline) throw new Error(`gave up after ${deadlineMs / 1000} s: expected ${what}`)
  }
}
