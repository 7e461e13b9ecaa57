// The standalone worker as a Hono app: our own pages under one reserved prefix, super resolution on
// everything, and the origin below it. The origin's own `/`, `/health` or `/samples` stay its own.
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { PIPELINE_VERSION } from './cache/cache.ts'
import { ConfigError, SrError } from './base/errors.ts'
import type { Handler } from './middleware.ts'
import type { Checks } from './request/health.ts'
import type { ListedModel } from './picture/models.ts'

export interface AppParts {
  /** Where our own pages lie. Begins and ends with a slash; default `/_sr/`. */
  readonly prefix: string
  /** Made for what lies below it. */
  readonly superResolution: (below: Handler) => MiddlewareHandler
  /** Gives whatever lies outside the prefix; undefined where there is no origin (the demo). */
  readonly origin: Handler | undefined
  /** Whether there are our own pages: the playground, its samples and scripts. Health and purge there are anyway. */
  readonly hasPlayground: boolean
  /** Holds them: paths are those below the prefix. */
  readonly assets: { fetch(request: Request): Promise<Response> }
  /** The middleware's option: the playground's URLs have it. */
  readonly param: string
  /** For the health page. */
  readonly engines: string
  readonly maxOutputPixels: number
  readonly listModels: () => Promise<readonly ListedModel[]>
  readonly checkHealth: () => Promise<Checks>
  /** Undefined: nobody may purge. */
  readonly purge: ((request: Request) => Promise<Response>) | undefined
}

/**
 * On our own pages: they load what lies beside them, and nothing else. WebAssembly is what they run on; a picture that
 * a visitor dropped is a blob.
 */
const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "connect-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const

export function createApp(parts: AppParts): Hono {
  const { prefix, origin, hasPlayground, param } = parts
  if (!/^\/([\w.~-]+\/)+$/.test(prefix)) {
    throw new ConfigError(`prefix: expected a path such as /_sr/, got "${prefix}"`)
  }
  const app = new Hono()
  app.onError((error) => {
    if (error instanceof SrError) return error.toResponse()
    console.error(error)
    return new Response('internal error\n', {
      status: 500,
      headers: { 'cache-control': 'no-store' },
    })
  })

  app.get(`${prefix}health`, async (c) => {
    const { engines, maxOutputPixels } = parts
    const [checks, models] = await Promise.all([parts.checkHealth(), parts.listModels()])
    const isWell = Object.values(checks).every((result) => result === 'ok')
    const health = {
      status: isWell ? 'ok' : 'failing',
      checks,
      pipeline: PIPELINE_VERSION,
      engines,
      maxOutputPixels,
      models,
    }
    return c.json(health, isWell ? 200 : 503, { 'cache-control': 'no-store' })
  })
  app.all(`${prefix}purge`, (c) => parts.purge?.(c.req.raw) ?? c.notFound())
  const pages: Handler = async (c) => {
    if (!hasPlayground) return c.notFound()
    const url = new URL(c.req.raw.url)
    url.pathname = url.pathname.slice(prefix.length - 1)
    const asset = await parts.assets.fetch(new Request(url, c.req.raw))
    const response = new Response(asset.body, asset)
    for (const [name, value] of Object.entries(PAGE_HEADERS)) response.headers.set(name, value)
    if (!response.headers.get('content-type')?.startsWith('text/html')) return response
    // The page's URLs are for this worker's parameter.
    const write = { element: (html: Element) => void html.setAttribute('data-param', param) }
    return new HTMLRewriter().on('html', write).transform(response)
  }
  const isOurs = (c: Context) => new URL(c.req.raw.url).pathname.startsWith(prefix)
  const below: Handler = async (c) => (isOurs(c) ? pages(c) : origin ? origin(c) : c.notFound())
  app.use(parts.superResolution(below))
  if (!origin && hasPlayground) app.get('/', (c) => c.redirect(prefix))
  app.all('*', below)
  return app
}
