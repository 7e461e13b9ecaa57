// `superResolution(options)`: the Hono middleware, which is the public interface of the package. The original picture
// comes from `await next()`: from a route, a bucket, static assets or a proxy. A request that asks for no size passes
// through unchanged.
import type { Context, MiddlewareHandler } from 'hono'
import { discard } from './base/discard.ts'
import { SrError } from './base/errors.ts'
import { loggableError, loggableUrl } from './base/loggable.ts'
import { createResultCache } from './cache/cache.ts'
import { splitOwn, withoutOwn } from './client/query.ts'
import { resolveOptions, type Settings, type SuperResolutionOptions } from './options.ts'
import { deploymentsPassed } from './origin/deployments.ts'
import { createSourceRequest, type Handler } from './origin/source.ts'
import { createModels, type Models } from './picture/models.ts'
import type { SkipReason } from './picture/skip.ts'
import type { Platform } from './platform/platform.ts'
import { allowOrigin, originalResponse, preflightResponse } from './request/answer.ts'
import { logAnswer } from './request/log.ts'
import { type Params, parseParams } from './request/params.ts'
import { type ServedResult, serveUpscaled, type Upstream } from './request/pipeline.ts'
import { createFlights, type Flights } from './request/singleFlight.ts'
import { createTurns, type Turns } from './request/turns.ts'
import { requireSignature } from './signature.ts'

/**
 * The options, or a function that returns them. An object is checked at start. A function is called once for each
 * `c.env`, at the first request with this `c.env`. Where each request has a `c.env` of its own, as in Node, requests share
 * their state if the function returns the same values.
 */
export type Options = SuperResolutionOptions | ((c: Context) => SuperResolutionOptions)

/** Checked options, and the state that all requests with these options share. */
export interface Service {
  readonly platform: Platform
  readonly settings: Settings
  readonly models: Models
  readonly flights: Flights<ServedResult>
  readonly turns: Turns
}

/** Creates the service for these options. Throws a ConfigError if they cannot work. */
export function createService(options: SuperResolutionOptions, platform: Platform, turns = createTurns()): Service {
  const settings = resolveOptions(options, platform.limits)
  const models = createModels(platform.bundled, settings.models)
  return { platform, settings, models, flights: createFlights(), turns }
}

/**
 * Binds the middleware to a runtime. The middleware throws a ConfigError at start for options that cannot work. `below`
 * can be set to the handler that Hono calls next, so that the middleware can call it a second time. Without `below`, a
 * visitor who may get another original than other visitors is redirected to it.
 */
export function createSuperResolution(platform: Platform): (options?: Options, below?: Handler) => MiddlewareHandler {
  const turns = createTurns()
  return (options = {}, below) =>
    createMiddleware(
      oncePerEnvironment(options, (given) => createService(given, platform, turns)),
      below,
    )
}

/** Creates the middleware. `serviceOf` returns the service of a request. */
export function createMiddleware(serviceOf: (c: Context) => Service, below?: Handler): MiddlewareHandler {
  return async (c, next) => {
    const request = c.req.raw
    const { method } = request
    if (method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS') return next()
    const { platform, ...service } = serviceOf(c)
    const { settings } = service

    if (!settings.enabled) {
      const url = withoutOwn(request.url, settings.param)
      if (url === undefined) return next()
      c.res = originalResponse(request, await nextWith(c, new Request(url, request), next), 'DISABLED')
      return undefined
    }

    let params: Params | undefined
    /** True if the origin has answered the visitor's own request, with their cookies or Authorization. */
    let isTheirs = false
    const answer = (response: Response) => {
      // Whether other sites may embed or read what is for this visitor alone, only the origin can tell.
      if (!isTheirs) allowOrigin(response.headers, settings.allowOrigin)
      if (method !== 'OPTIONS') logAnswer(response, params?.sourceUrl ?? request.url, settings.analytics)
      c.res = response
    }
    try {
      const query = splitOwn(request.url, settings.param)
      params = parseParams(query, settings)
      if (params && settings.signing) await requireSignature(query, settings.signing, Date.now())
    } catch (error) {
      return answer(errorResponse(error))
    }
    if (!params) return next()
    if (method === 'OPTIONS') {
      return settings.allowOrigin === undefined ? next() : answer(preflightResponse())
    }

    const { sourceUrl } = params
    let isAsked = false
    const hasCredentials = () => ['cookie', 'authorization'].some((name) => request.headers.has(name))
    const ask = async (asked: Request): Promise<Response> => {
      isAsked = true
      const response = await nextWith(c, asked, next)
      // If the origin gave no answer, Hono has already turned the error into a response, so throw the error again.
      if (c.error instanceof SrError) throw c.error
      return response
    }
    const askAsVisitor = async (reason: SkipReason) => {
      isTheirs = hasCredentials()
      return originalResponse(request, await ask(new Request(sourceUrl, request)), reason)
    }
    const upstream: Upstream = {
      fetchSource: (validators) => ask(createSourceRequest(sourceUrl, validators, deploymentsPassed(request))),
      async answerAsOriginal(reason, original, body) {
        // Hono calls the handlers below only once. If the answer could depend on a cookie, or is a 304, the original
        // must be asked for again: by a call of `below` or, if there is no `below`, by a redirect of the visitor's
        // browser.
        const isEnough = !request.headers.has('cookie') && original.status !== 304
        if (!below && isEnough) return originalResponse(request, original, reason, body)
        discard(body)
        if (!original.bodyUsed) discard(original.body)
        if (!below) return originalResponse(request, redirectTo(sourceUrl), reason)
        isTheirs = hasCredentials()
        const response = await withRequest(c, new Request(sourceUrl, request), () => below(c))
        const neededCredentials = reason === 'ORIGIN_STATUS' && response.ok && !original.ok
        return originalResponse(request, response, neededCredentials ? 'CREDENTIALS' : reason)
      },
    }

    if (request.headers.has('authorization')) return answer(await askAsVisitor('CREDENTIALS'))
    try {
      const waitUntil = waitUntilOf(c)
      const cache = createResultCache(settings, waitUntil)
      const visitor = (settings.visitor ? settings.visitor(c) : platform.visitorOf?.(request)) ?? ''
      const deps = { ...platform, ...service, cache, waitUntil, visitor, nowMs: Date.now }
      return answer(await serveUpscaled(request, params, upstream, deps))
    } catch (error) {
      if (error instanceof SrError || isAsked) return answer(errorResponse(error))
      console.error(`INTERNAL: ${loggableUrl(sourceUrl)}`, loggableError(error))
      return answer(await askAsVisitor('INTERNAL'))
    }
  }
}

/** Passes `asked` to the handlers below in place of the visitor's request, and returns their response. */
async function nextWith(c: Context, asked: Request, next: () => Promise<void>): Promise<Response> {
  await withRequest(c, asked, next)
  const response = c.res
  c.res = undefined // Hono would mix its headers into our response
  return response
}

/** Runs `work` while `asked` replaces the visitor's request. */
async function withRequest<T>(c: Context, asked: Request, work: () => Promise<T>): Promise<T> {
  const { raw } = c.req
  c.req.raw = asked
  try {
    return await work()
  } finally {
    c.req.raw = raw
  }
}

function redirectTo(location: string): Response {
  const headers = { location, 'cache-control': 'private, no-store' }
  return new Response(null, { status: 307, headers })
}

function oncePerEnvironment<T>(options: Options, resolve: (options: SuperResolutionOptions) => T): (c: Context) => T {
  if (typeof options !== 'function') {
    const resolved = resolve(options)
    return () => resolved
  }
  const byEnvironment = new WeakMap<object, T>()
  const NO_ENVIRONMENT = {}
  /** The last options, and what they were resolved to. */
  let last: { readonly given: SuperResolutionOptions; readonly resolved: T } | undefined
  return (c) => {
    const environment = (c.env as object | undefined) ?? NO_ENVIRONMENT
    const known = byEnvironment.get(environment)
    if (known) return known
    // Node, Deno and others pass a new `c.env` with each request. Requests with equal options share their state.
    const given = options(c)
    if (!last || !areEqual(given, last.given)) last = { given, resolved: resolve(given) }
    byEnvironment.set(environment, last.resolved)
    return last.resolved
  }
}

/** Returns true if two objects have the same values. Lists are compared by their items, and other objects by identity. */
function areEqual(one: SuperResolutionOptions, other: SuperResolutionOptions): boolean {
  const listed = (value: unknown) => (Array.isArray(value) ? JSON.stringify(value) : value)
  const [a, b] = [one, other].map((options) => new Map(Object.entries(options)))
  return a.size === b.size && [...a].every(([name, value]) => b.has(name) && listed(value) === listed(b.get(name)))
}

function errorResponse(error: unknown): Response {
  if (error instanceof SrError) return error.toResponse()
  throw error
}

/**
 * Returns Hono's `waitUntil`. Outside Workers it is not needed, because the process keeps running. Hono's context is
 * read only when there is work to wait for, because outside Workers it throws an error, which costs more than a hit.
 */
function waitUntilOf(c: Context): (work: Promise<unknown>) => void {
  let context: Pick<ExecutionContext, 'waitUntil'> | undefined
  return (work) => {
    try {
      context ??= c.executionCtx
    } catch {
      return
    }
    context.waitUntil(work)
  }
}
