// The standalone worker as a Hono app: our own pages under one reserved prefix, super resolution for every path, and
// the origin as the last handler. Because of the prefix, the origin's own pages, such as `/`, `/health` or `/samples`,
// stay reachable.
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { ConfigError, SrError } from './base/errors.ts'
import { loggableError } from './base/loggable.ts'
import { PIPELINE_VERSION } from './picture/makeFile.ts'
import type { Settings } from './options.ts'
import type { Handler } from './origin/source.ts'
import type { ListedModel } from './picture/models.ts'
import type { Checks } from './request/health.ts'

export interface AppParts {
  /** Path below which our own pages are served. Begins and ends with a slash. Default `/_sr/`. */
  readonly prefix: string
  /** Creates the middleware. `below` is the handler that the middleware calls for the original picture. */
  readonly superResolution: (below: Handler) => MiddlewareHandler
  /** Answers requests outside the prefix. Undefined if there is no origin (the demo). */
  readonly origin: Handler | undefined
  /** True to serve the playground, its samples and scripts. The health page and purge are always served. */
  readonly hasPlayground: boolean
  /** Serves the playground's files. Their paths are relative to the prefix. */
  readonly assets: { fetch(request: Request): Promise<Response> }
  /** The operator's options that the playground's controls and the URLs that it writes depend on. */
  readonly offered: Offered
  /** Names of the engines, which the health page shows. */
  readonly engines: string
  readonly maxOutputPixels: number
  readonly listModels: () => Promise<readonly ListedModel[]>
  readonly checkHealth: () => Promise<Checks>
  /** Answers purge requests. Undefined if nobody may purge. */
  readonly purge: ((request: Request) => Promise<Response>) | undefined
}

type Offered = Pick<Settings, 'param' | 'format' | 'formats' | 'quality' | 'qualities' | 'modelNames'>

/**
 * Headers of our own pages. They allow only files of the same origin, WebAssembly and blobs. The page needs blobs to
 * show a picture that a visitor drops on it.
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

/**
 * Returns where a redirect of the assets leads on this site: below the prefix, and never to another host, whatever the
 * path looks like.
 */
function locationBelow(prefix: string, location: string, from: URL): string {
  const { pathname, search } = new URL(location, from)
  return `${prefix}${pathname.replace(/^\/+/, '')}${search}`
}

export function createApp(parts: AppParts): Hono {
  const { prefix, origin, hasPlayground, offered } = parts
  if (!/^\/([\w.~-]+\/)+$/.test(prefix)) {
    throw new ConfigError(`prefix: expected a path such as /_sr/, got "${prefix}"`)
  }
  const app = new Hono()
  app.onError((error) => {
    if (error instanceof SrError) return error.toResponse()
    console.error(loggableError(error))
    return new Response('internal error\n', {
      status: 500,
      headers: { 'cache-control': 'no-store' },
    })
  })

  app.get(`${prefix}health`, async (c) => {
    const { engines, maxOutputPixels } = parts
    const models = await parts.listModels() // reads a new manifest first, whose weights are then checked
    const checks = await parts.checkHealth()
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
    // The assets redirect `/index.html` to `/`, for example, and do not know the prefix.
    const location = response.headers.get('location')
    if (location !== null) response.headers.set('location', locationBelow(prefix, location, url))
    if (!response.headers.get('content-type')?.startsWith('text/html')) return response
    // The page's script reads the operator's options from these attributes (playground/offered.ts).
    const write = {
      element(html: Element) {
        for (const [name, value] of attributesOf(offered)) html.setAttribute(name, value)
      },
    }
    return new HTMLRewriter().on('html', write).transform(response)
  }
  const isOurs = (c: Context) => new URL(c.req.raw.url).pathname.startsWith(prefix)
  const below: Handler = async (c) => (isOurs(c) ? pages(c) : origin ? origin(c) : c.notFound())
  app.use(parts.superResolution(below))
  if (!origin && hasPlayground) app.get('/', (c) => c.redirect(prefix))
  app.all('*', below)
  return app
}

function attributesOf({ param, format, formats, quality, qualities, modelNames }: Offered): [string, string][] {
  return [
    ['data-param', param],
    ['data-format', format],
    ['data-formats', formats.join(' ')],
    ['data-quality', `${quality}`],
    ['data-qualities', qualities.join(' ')],
    ...(modelNames ? [['data-models', modelNames.join(' ')] as [string, string]] : []),
  ]
}
