// Gives code the faults of the request that it works for, however deep in the call stack the code is.
import { AsyncLocalStorage } from 'node:async_hooks'
import { type Faults, FAULTS_HEADER } from './faults.ts'

interface Work {
  readonly faults: Faults
  readonly url: string
}

const storage = new AsyncLocalStorage<Work>()

/** Returns the faults of the current request. Outside of a request there are none. */
export function current(): Faults {
  return storage.getStore()?.faults ?? {}
}

/** Returns an error whose message quotes the URL of the current request, as those of some libraries do. */
export function failure(what: string): Error {
  return new Error(`${what} failed for ${storage.getStore()?.url}`)
}

/** Runs `work` with the faults that the header of the request names. */
export function withFaultsOf<R>({ headers, url }: Request, work: () => R): R {
  const faults = JSON.parse(headers.get(FAULTS_HEADER) ?? '{}') as Faults
  return storage.run({ faults, url }, work)
}
