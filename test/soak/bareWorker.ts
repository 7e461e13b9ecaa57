// A bare Hono app. Its cache hits are compared with those of the worker. It answers from the Cache API after one
// lookup. With `and=` in the query, it makes two lookups, as the worker does. PUT stores a body under its URL.
import { Hono } from 'hono'

const cache = (caches as unknown as { readonly default: Cache }).default
const app = new Hono()

app.put('*', async (c) => {
  const headers = { 'content-type': 'image/jpeg', 'cache-control': 'public, max-age=86400' }
  await cache.put(c.req.url, new Response(await c.req.arrayBuffer(), { headers }))
  return c.body(null, 204)
})
app.get('*', async (c) => {
  const small = c.req.query('and')
  if (small) await (await cache.match(new URL(small, c.req.url)))?.arrayBuffer()
  return (await cache.match(c.req.url.split('&and=', 1)[0])) ?? c.notFound()
})

export { app as default }
