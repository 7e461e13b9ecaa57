// The standalone worker as a Hono app: our own pages under one reserved prefix, super resolution on
// everything, and the origin below it. The origin's own `/`, `/health` or `/samples` stay its own.
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { PIPELINE_VERSION } from './cache.ts'
import { ConfigError, SrError } from './errors.ts'
import type { Handler } from './middleware.ts'
import type { Checks } from './health.ts'
import type { ListedModel } from './models.ts'

export interface AppParts {
  /** Where our own pages lie. Begins and ends with a slash; default `/_sr/`. */
  readonly prefix: string
  /** Made for what lies below it. */
  readonly superResolution: (below: Handler) => MiddlewareHandler
  /** Gives whatever lies outside the prefix; undefined where there is no origin (the demo). */
  readonly origin: Handler | undefined
  /** Our own pages: paths are those below the prefix. */
  readonly assets: { fetch(request: Request): Promise<Response> }
  /** For the health page. */
  readonly engines: string
  readonly maxOutputPixels: number
  readonly listModels: () => Promise<readonly ListedModel[]>
  readonly checkHealth: () => Promise<Checks>
  /** Undefined: nobody may purge. */
  readonly purge: ((request: Request) => Promise<Response>) | undefined
}

export function createApp(parts: AppParts): Hono {
  const { prefix, origin } = parts
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
    const health = { status: isWell ? 'ok' : 'failing', checks, pipeline: PIPELINE_VERSION, engines, maxOutputPixels, models } // prettier-ignore
    return c.json(health, isWell ? 200 : 503, { 'cache-control': 'no-store' })
  })
  app.all(`${prefix}purge`, (c) => parts.purge?.(c.req.raw) ?? c.notFound())
  const pages: Handler = (c) => {
    const url = new URL(c.req.raw.url)
    url.pathname = url.pathname.slice(prefix.length - 1)
    return parts.assets.fetch(new Request(url, c.req.raw))
  }
  const isOurs = (c: Context) => new URL(c.req.raw.url).pathname.startsWith(prefix)
  const below: Handler = async (c) => (isOurs(c) ? pages(c) : origin ? origin(c) : c.notFound())
  app.use(parts.superResolution(below))
  if (!origin) app.get('/', (c) => c.redirect(prefix))
  app.all('*', below)
  return app
}
