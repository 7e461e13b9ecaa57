// The faults of the request that is at work, wherever it has got to.
import { AsyncLocalStorage } from 'node:async_hooks'
import { type Faults, FAULTS_HEADER } from './faults.ts'

const storage = new AsyncLocalStorage<Faults>()

/** None outside of a request. */
export function current(): Faults {
  return storage.getStore() ?? {}
}

export function withFaultsOf<R>({ headers }: Request, work: () => R): R {
  return storage.run(JSON.parse(headers.get(FAULTS_HEADER) ?? '{}') as Faults, work)
}
