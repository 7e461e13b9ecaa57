// Preludes (see `WorkerOptions.prelude`) that count what happens in an isolate. A header of every request to the origin
// carries the count, because nothing else leaves an isolate while it works.

/**
 * Reports in the header `x-runs` how often a network has run. Counts only sub-pixel networks: only their kernel has the
 * export `emit2`.
 */
export const COUNT_RUNS = `{
  let runs = 0
  const { Instance } = WebAssembly
  WebAssembly.Instance = class extends Instance {
    constructor(...given) {
      super(...given)
      const kernel = this.exports
      if (!('emit2' in kernel)) return
      const begin = (...all) => {
        runs++
        return kernel.begin(...all)
      }
      Object.defineProperty(this, 'exports', { value: { ...kernel, begin } })
    }
  }
  const { fetch } = globalThis
  globalThis.fetch = (url, init) => {
    init.headers.set('x-runs', runs)
    return fetch(url, init)
  }
}
`

/**
 * Reports in the header `x-lookups` how many lookups in the edge cache there were. A request that misses the cache
 * makes one lookup.
 */
export const COUNT_LOOKUPS = `{
  let lookups = 0
  const cache = caches.default
  const match = cache.match.bind(cache)
  cache.match = (...request) => {
    lookups++
    return match(...request)
  }
  const { fetch } = globalThis
  globalThis.fetch = (url, init) => {
    init.headers.set('x-lookups', lookups)
    return fetch(url, init)
  }
}
`
