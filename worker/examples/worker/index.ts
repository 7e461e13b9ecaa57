import { Hono } from 'hono'
import { superResolution } from 'edge-srcnn'

const app = new Hono<{ Bindings: { UPLOADS: R2Bucket } }>()
app.use('/uploads/*', superResolution({ quality: 80 }))
app.get('/uploads/:name', async (c) => {
  const object = await c.env.UPLOADS.get(c.req.param('name'))
  return object ? c.body(object.body) : c.notFound()
})
export default app
