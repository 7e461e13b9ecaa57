// A bare Hono app. Its cache hits are compared with those of the worker. It answers from the Cache API after one
// lookup, as the worker does. PUT stores a body under its URL.
import { Hono } from 'hono'

const cache = (caches as unknown as { readonly default: Cache }).default
const app = new Hono()

app.put('*', async (c) => {
  const headers = { 'content-type': 'image/jpeg', 'cache-control': 'public, max-age=86400' }
  await cache.put(c.req.url, new Response(await c.req.arrayBuffer(), { headers }))
  return c.body(null, 204)
})
app.get('*', async (c) => (await cache.match(c.req.url)) ?? c.notFound())

export { app as default }
