// A Hono app that mounts the middleware in every way that the README shows.
import { Hono } from 'hono'
import { superResolution } from 'edge-srcnn'

interface Bindings {
  readonly PICTURES: R2Bucket
  readonly RESULTS: R2Bucket
}

const app = new Hono<{ Bindings: Bindings }>()
let resolutions = 0

// Options as a value.
app.use('/uploads/*', superResolution({ quality: 60 }))
// Options as a function of the environment.
app.use(
  '/kept/*',
  superResolution((c) => {
    resolutions++
    return { results: (c.env as Bindings).RESULTS, cache: false }
  }),
)
// A list of models.
app.use('/listed/*', superResolution({ modelNames: ['fast-jpeg', 'srcnn-jpeg'] }))
// A renamed parameter.
app.use('/renamed/*', superResolution({ param: 'upscale' }))
app.use(
  '/wrong/*',
  superResolution(() => ({ quality: 1 })),
)
// A route that asks for a login.
app.use('/owned/*', superResolution())
app.use('/owned/*', async (c, next) => {
  if (c.req.header('cookie') !== 'session=owner') return c.text('log in', 401)
  return next()
})
// A route whose first answer allows changes of the picture, but whose 304 forbids them with no-transform.
app.use('/fixed/*', superResolution())
app.get('/fixed/*', async (c) => {
  if (c.req.header('if-none-match')) return c.body(null, 304, { 'cache-control': 'no-transform' })
  const object = await c.env.PICTURES.get('a.jpg')
  return c.body(object!.body, 200, { 'cache-control': 'max-age=0', etag: '"1"' })
})
// A cache that always fails.
const broken = { match: () => Promise.reject(new Error('match')), put: () => Promise.reject(new Error('put')) }
app.use('/broken-cache/*', superResolution({ cache: broken as unknown as Cache }))

app.get('/resolutions', (c) => c.text(`${resolutions}`))
app.get('/throws/*', superResolution(), () => {
  throw new Error('the route is broken')
})
app.get('*', async (c) => {
  const { pathname, search } = new URL(c.req.url)
  const object = await c.env.PICTURES.get(pathname.split('/').at(-1)!)
  if (!object) return c.notFound()
  c.header('x-route', `${c.req.method} ${c.req.path}${search} range=${c.req.header('range')}`)
  c.header('cache-control', 'max-age=60')
  c.header('etag', object.httpEtag)
  return c.body(object.body)
})

export default app
