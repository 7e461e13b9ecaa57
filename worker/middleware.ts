// `superResolution(options)`: the Hono middleware, the public face of the whole. Its picture comes
// from `await next()`: a route, a bucket, static assets, a proxy. Without `sr` it is not there.
import type { Context, MiddlewareHandler } from 'hono'
import { originalResponse, type SkipReason } from './answer.ts'
import { createResultCache } from './cache.ts'
import type { Codec } from './codec/codec.ts'
import type { Engine } from './engine/engine.ts'
import type { Enlarger } from './engine/enlarger.ts'
import { SrError } from './errors.ts'
import type { Network } from './model/network.ts'
import { type BundledModels, createModels, type Models } from './models.ts'
import { resolveOptions, type Settings, type SuperResolutionOptions } from './options.ts'
import { type Params, parseParams } from './params.ts'
import { serveUpscaled } from './pipeline.ts'
import { createSlots } from './slots.ts'
import { type Source, sourceHeaders } from './source.ts'

/** What a runtime lends the middleware; one for each isolate or process. */
export interface Platform {
  readonly codec: Codec
  /** Which engines, and which builds of them, networks run on here: what stands for them in cache keys. */
  readonly engines: string
  /** What runs a network; its `run` rejects one that nothing here can run. */
  readonly engineFor: (network: Network) => Engine
  readonly enlarger: Enlarger
  readonly bundled: BundledModels
}

export type Options = SuperResolutionOptions | ((c: Context) => SuperResolutionOptions)

/** Requests that ask for an original on our behalf. */
const sourceRequests = new WeakSet<Request>()

/** Whether a handler below is asked by us: it should follow redirects, for we cannot. */
export function isSourceRequest(c: Context): boolean {
  return sourceRequests.has(c.req.raw)
}

/** Binds the middleware to a runtime. Options that cannot work throw a ConfigError at once. */
export function createSuperResolution(
  platform: Platform,
): (options?: Options) => MiddlewareHandler {
  const slots = createSlots()
  return (options = {}) => {
    const configOf = oncePerEnvironment(options, (given) => configure(given, platform))
    return async (c, next) => {
      const request = c.req.raw
      if (request.method !== 'GET' && request.method !== 'HEAD') return next()
      const config = configOf(c)

      let want: Params | undefined
      try {
        want = parseParams(request.url, config.settings)
      } catch (error) {
        return errorResponse(error)
      }
      if (!want) return next()

      let isAsked = false
      /** Has the handlers below answer another request than the visitor's. */
      const ask = async (asked: Request): Promise<Response> => {
        isAsked = true
        c.req.raw = asked
        await next()
        c.req.raw = request
        const response = c.res
        c.res = undefined // else Hono would mix its headers into ours
        return response
      }
      const source: Source = (validators) => {
        const asked = new Request(want.sourceUrl, { headers: sourceHeaders(validators) })
        sourceRequests.add(asked)
        return ask(asked)
      }
      const original = async (reason: SkipReason) =>
        originalResponse(request, await ask(new Request(want.sourceUrl, request)), reason)

      if (request.headers.has('authorization')) {
        c.res = await original('CREDENTIALS')
        return
      }
      try {
        const waitUntil = waitUntilOf(c)
        const cache = createResultCache(config.settings, waitUntil)
        const deps = { ...platform, ...config, slots, cache, waitUntil, nowMs: Date.now }
        c.res = await serveUpscaled(request, want, source, deps)
      } catch (error) {
        if (error instanceof SrError || isAsked) {
          c.res = errorResponse(error)
          return
        }
        console.error(`INTERNAL: ${want.sourceUrl}`, error)
        c.res = await original('INTERNAL')
      }
    }
  }
}

interface Config {
  readonly settings: Settings
  readonly models: Models
}

function configure(options: SuperResolutionOptions, platform: Platform): Config {
  const settings = resolveOptions(options)
  return { settings, models: createModels(platform.bundled, settings.models) }
}

/** A value is resolved now, so that a mistake shows at start; a function at the first request of each `c.env`. */
function oncePerEnvironment<T>(
  options: Options,
  resolve: (options: SuperResolutionOptions) => T,
): (c: Context) => T {
  if (typeof options !== 'function') {
    const resolved = resolve(options)
    return () => resolved
  }
  const byEnvironment = new WeakMap<object, T>()
  const NO_ENVIRONMENT = {}
  return (c) => {
    const environment = (c.env as object | undefined) ?? NO_ENVIRONMENT
    let resolved = byEnvironment.get(environment)
    if (!resolved) byEnvironment.set(environment, (resolved = resolve(options(c))))
    return resolved
  }
}

function errorResponse(error: unknown): Response {
  if (error instanceof SrError) return error.toResponse()
  throw error
}

/** Outside Workers there is no execution context, and the process lives on by itself. */
function waitUntilOf(c: Context): (work: Promise<unknown>) => void {
  try {
    const context = c.executionCtx
    return (work) => context.waitUntil(work)
  } catch {
    return () => {}
  }
}
