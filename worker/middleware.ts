// `superResolution(options)`: the Hono middleware, the public face of the whole. Its picture comes
// from `await next()`: a route, a bucket, static assets, a proxy. Without `sr` it is not there.
import type { Context, MiddlewareHandler } from 'hono'
import { allowOrigin, originalResponse, preflightResponse } from './request/answer.ts'
import type { SkipReason } from './picture/skip.ts'
import { createResultCache } from './cache/cache.ts'
import { SrError } from './base/errors.ts'
import { createFlights, type Flights } from './request/singleFlight.ts'
import { createModels, type Models } from './picture/models.ts'
import { resolveOptions, type Settings, type SuperResolutionOptions } from './options.ts'
import { type Params, parseParams } from './request/params.ts'
import { type Asking, type Made, serveUpscaled } from './request/pipeline.ts'
import type { Platform } from './platform/platform.ts'
import { withoutOwn } from './client/query.ts'
import { report } from './request/log.ts'
import { requireSignature } from './signature.ts'
import { createSlots } from './request/slots.ts'
import { type Source, sourceHeaders } from './origin/source.ts'

export type Options = SuperResolutionOptions | ((c: Context) => SuperResolutionOptions)

/** Requests that ask for an original on our behalf. */
const sourceRequests = new WeakSet<Request>()

/** Whether a handler below is asked by us: it should follow redirects, for we cannot. */
export function isSourceRequest(c: Context): boolean {
  return sourceRequests.has(c.req.raw)
}

/** What answers requests that are none of ours. */
export type Handler = (c: Context) => Promise<Response>

/**
 * Binds the middleware to a runtime. Options that cannot work throw a ConfigError at once. `below` is what
 * Hono would call next, for an app that knows it: a picture that only the visitor may see then costs no
 * redirect.
 */
export function createSuperResolution(platform: Platform): (options?: Options, below?: Handler) => MiddlewareHandler {
  const slots = createSlots()
  return (options = {}, below) => {
    const configOf = oncePerEnvironment(options, (given) => configure(given, platform))
    return async (c, next) => {
      const request = c.req.raw
      const { method } = request
      if (method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS') return next()
      const config = configOf(c)
      const { settings } = config
      let want: Params | undefined
      const answer = (response: Response) => {
        allowOrigin(response.headers, settings.allowOrigin)
        if (method !== 'OPTIONS') report(response, want?.sourceUrl ?? request.url, settings.analytics)
        c.res = response
      }

      if (!settings.enabled) {
        const url = withoutOwn(request.url, settings.param)
        if (url === undefined) return next()
        c.req.raw = new Request(url, request)
        await next()
        const response = c.res
        c.res = undefined
        c.res = originalResponse(request, response, 'DISABLED')
        return undefined
      }
      try {
        want = parseParams(request.url, settings)
        if (want && settings.signing) await requireSignature(request.url, settings.param, settings.signing, Date.now())
      } catch (error) {
        return answer(errorResponse(error))
      }
      if (!want) return next()
      if (method === 'OPTIONS') {
        return settings.allowOrigin === undefined ? next() : answer(preflightResponse())
      }

      let isAsked = false
      /** Has the handlers below answer another request than the visitor's. */
      const ask = async (asked: Request): Promise<Response> => {
        isAsked = true
        c.req.raw = asked
        await next()
        c.req.raw = request
        const response = c.res
        c.res = undefined // else Hono would mix its headers into ours
        // An origin that gave no answer: Hono has made one of that already.
        if (c.error instanceof SrError) throw c.error
        return response
      }
      const source: Source = (validators) => {
        const asked = new Request(want.sourceUrl, { headers: sourceHeaders(validators) })
        sourceRequests.add(asked)
        return ask(asked)
      }
      const visitorsOwn: Asking['visitorsOwn'] = async (reason, original, body) => {
        // Hono calls the handlers below once: without a way around that the visitor's browser asks them itself.
        if (!below && !request.headers.has('cookie') && original.status !== 304)
          return originalResponse(request, original, reason, body)
        if (!original.bodyUsed) await original.body?.cancel()
        if (!below) return originalResponse(request, redirectTo(want.sourceUrl), reason)
        c.req.raw = new Request(want.sourceUrl, request)
        const response = await below(c)
        c.req.raw = request
        const isTheirs = reason === 'ORIGIN_STATUS' && response.ok && !original.ok
        return originalResponse(request, response, isTheirs ? 'CREDENTIALS' : reason)
      }
      const untouched = async (reason: SkipReason) =>
        originalResponse(request, await ask(new Request(want.sourceUrl, request)), reason)

      if (request.headers.has('authorization')) return answer(await untouched('CREDENTIALS'))
      try {
        const waitUntil = waitUntilOf(c)
        const cache = createResultCache(settings, waitUntil)
        const deps = { ...platform, ...config, slots, cache, waitUntil, nowMs: Date.now }
        return answer(await serveUpscaled(request, want, { source, visitorsOwn }, deps))
      } catch (error) {
        if (error instanceof SrError || isAsked) return answer(errorResponse(error))
        console.error(`INTERNAL: ${want.sourceUrl}`, error)
        return answer(await untouched('INTERNAL'))
      }
    }
  }
}

function redirectTo(location: string): Response {
  const headers = { location, 'cache-control': 'private, no-store' }
  return new Response(null, { status: 307, headers })
}

interface Config {
  readonly settings: Settings
  readonly models: Models
  readonly flights: Flights<Made>
}

function configure(options: SuperResolutionOptions, platform: Platform): Config {
  const settings = resolveOptions(options)
  return {
    settings,
    models: createModels(platform.bundled, settings.models),
    flights: createFlights(),
  }
}

/** A value is resolved now, so that a mistake shows at start; a function at the first request of each `c.env`. */
function oncePerEnvironment<T>(options: Options, resolve: (options: SuperResolutionOptions) => T): (c: Context) => T {
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
