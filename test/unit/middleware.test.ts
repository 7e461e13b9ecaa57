// Options that are a function of the context.
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { createSuperResolution } from '../../worker/middleware.ts'
import type { SuperResolutionOptions } from '../../worker/options.ts'
import { ISOLATE_LIMITS } from '../../worker/platform/limits.ts'
import type { Platform } from '../../worker/platform/platform.ts'

test('requests with a c.env of their own share a service if the function returns the same options', async () => {
  let services = 0
  const platform = {
    bundled: { manifest: { version: 1, models: [] }, read: () => Promise.reject(new Error('no weights')) },
    get limits() {
      services++ // read once for each service
      return ISOLATE_LIMITS
    },
  } as unknown as Platform
  let options: SuperResolutionOptions = {}
  const app = new Hono()
  app.use(createSuperResolution(platform)(() => ({ enabled: false, ...options })))
  app.get('*', (c) => c.text('original'))
  const servicesWith = async (given: SuperResolutionOptions) => {
    options = given
    const before = services
    for (let i = 0; i < 3; i++) expect((await app.request('/cat.jpg?sr=2', {}, {})).status).toBe(200)
    return services - before
  }
  expect(await servicesWith({ quality: 80 })).toBe(1)
  expect(await servicesWith({ quality: 80 })).toBe(0)
  expect(await servicesWith({ quality: 75, sizes: [320, 640], query: 'keep' })).toBe(1)
  expect(await servicesWith({ quality: 75, sizes: [320], query: 'keep' })).toBe(1)
  expect(await servicesWith({ quality: 75, sizes: [320], query: ['keep'] })).toBe(1)
  expect(await servicesWith({ quality: 75, sizes: [320] })).toBe(1)
})
