// Preludes (see `WorkerOptions.prelude`) that count what happens in an isolate. A header of every request to the origin
// carries the count, because nothing else leaves an isolate while it works.

/**
 * Counts how often a network runs, in the header `x-runs`. Only runs of the kernel for networks that enlarge are
 * counted: the export `emit2` identifies it.
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
 * Counts the lookups in the edge cache, in the header `x-lookups`. Each request that misses the cache makes one lookup.
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
