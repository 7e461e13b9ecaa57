// The standalone worker as a Hono app: our own pages under one reserved prefix, super resolution on
// everything, and the origin below it. The origin's own `/`, `/health` or `/samples` stay its own.
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { PIPELINE_VERSION } from './cache.ts'
import { ConfigError, SrError } from './errors.ts'
import type { ListedModel } from './models.ts'

export interface AppParts {
  /** Where our own pages lie. Begins and ends with a slash; default `/_sr/`. */
  readonly prefix: string
  readonly superResolution: MiddlewareHandler
  /** Gives whatever lies outside the prefix; undefined where there is no origin (the demo). */
  readonly origin: ((c: Context) => Promise<Response>) | undefined
  /** Our own pages: paths are those below the prefix. */
  readonly assets: { fetch(request: Request): Promise<Response> }
  /** For the health page. */
  readonly engines: string
  readonly maxOutputPixels: number
  readonly listModels: () => Promise<readonly ListedModel[]>
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
    const models = await parts.listModels()
    const health = { status: 'ok', pipeline: PIPELINE_VERSION, engines, maxOutputPixels, models }
    return c.json(health, 200, { 'cache-control': 'no-store' })
  })
  app.use(parts.superResolution)
  app.all(`${prefix}*`, (c) => {
    const url = new URL(c.req.url)
    url.pathname = url.pathname.slice(prefix.length - 1)
    return parts.assets.fetch(new Request(url, c.req.raw))
  })
  if (origin) app.all('*', origin)
  else app.get('/', (c) => c.redirect(prefix))
  return app
}
