// Gives code the faults of the request that it works for, however deep in the call stack the code is.
import { AsyncLocalStorage } from 'node:async_hooks'
import { type Faults, FAULTS_HEADER } from './faults.ts'

const storage = new AsyncLocalStorage<Faults>()

/** Returns the faults of the current request. Outside of a request there are none. */
export function current(): Faults {
  return storage.getStore() ?? {}
}

/** Runs `work` with the faults that the header of the request names. */
export function withFaultsOf<R>({ headers }: Request, work: () => R): R {
  return storage.run(JSON.parse(headers.get(FAULTS_HEADER) ?? '{}') as Faults, work)
}
