// Preludes, for `WorkerOptions.prelude`, that count what happens in an isolate and tell an origin the count, in a header
// of every request to it: nothing else comes out of an isolate while it works.

/** Counts how often a kernel runs a network, in the header `x-runs`. Kernels that enlarge export `emit2`. */
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

/** Counts how often the edge cache is asked, in the header `x-lookups`: once for each request that misses it. */
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
