import { serve } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'
import { superResolution } from 'edge-srcnn'

const app = new Hono()
app.use('/uploads/*', superResolution({ quality: 80 }))
app.get('/uploads/*', serveStatic({ root: '.' }))
serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) =>
  console.log(`http://localhost:${port}/uploads/cat.jpg?sr=3`),
)
