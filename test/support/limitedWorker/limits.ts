// The limits that Workers and R2 have in production, and miniflare has not. Must be imported before the worker itself.
import { AsyncLocalStorage } from 'node:async_hooks'
import { env } from 'cloudflare:workers'

/** https://developers.cloudflare.com/r2/api/workers/workers-api-reference/: names in a call of `list` or `delete`. */
const R2_NAMES = 1000
/** https://developers.cloudflare.com/workers/platform/limits/: calls of R2, the Cache API and fetch in a request. */
const CALLS_PER_REQUEST = 1000
/** A request's header with the number of calls after which its calls fail. Default: CALLS_PER_REQUEST. */
const CALLS_HEADER = 'x-calls'

interface Count {
  readonly most: number
  calls: number
}

const storage = new AsyncLocalStorage<Count>()

/** Runs `work` with the limits of a request. */
export function withLimitsOf<R>({ headers }: Request, work: () => R): R {
  return storage.run({ most: Number(headers.get(CALLS_HEADER) ?? CALLS_PER_REQUEST), calls: 0 }, work)
}

function countCall(): void {
  const count = storage.getStore()
  if (count && ++count.calls > count.most) throw new Error('Too many subrequests.')
}

/** Lets each call of the methods `names` of `object` count. */
function countCalls<T extends object>(object: T, names: readonly (keyof T & string)[]): void {
  const counted = names.map((name) => {
    const call = (object[name] as (...args: unknown[]) => Promise<unknown>).bind(object)
    const counting = async (...args: unknown[]) => {
      countCall()
      return call(...args)
    }
    return [name, counting]
  })
  Object.assign(object, Object.fromEntries(counted))
}

function limitBucket(bucket: R2Bucket): void {
  const list = bucket.list.bind(bucket)
  const remove = bucket.delete.bind(bucket)
  Object.assign(bucket, {
    async list(options: R2ListOptions = {}) {
      if ((options.limit ?? R2_NAMES) > R2_NAMES) throw new Error(`list: (10030) limit must be at most ${R2_NAMES}`)
      return list(options)
    },
    async delete(names: string | string[]) {
      if (names.length > R2_NAMES && Array.isArray(names)) {
        throw new Error(`delete: (10014) at most ${R2_NAMES} keys may be deleted per call, got ${names.length}`)
      }
      return remove(names)
    },
  })
  countCalls(bucket, ['get', 'put', 'list', 'delete', 'head'])
}

const { RESULTS_BUCKET } = env as unknown as { readonly RESULTS_BUCKET?: R2Bucket }
if (RESULTS_BUCKET) limitBucket(RESULTS_BUCKET)
countCalls(caches.default, ['match', 'put', 'delete'])
countCalls(globalThis, ['fetch'])
