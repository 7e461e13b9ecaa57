// The variables of the deployed worker that set options, tested through the deployed bundle in workerd.
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FakeOrigin, startOrigin } from '../support/servers/origin.ts'
import { startWorker } from '../support/worker/worker.ts'

let origin: FakeOrigin

beforeAll(async () => {
  origin = await startOrigin()
  const picture = sharp({ create: { width: 40, height: 30, channels: 3, background: '#456' } })
  origin.serve('/a.png', await picture.png().toBuffer())
})
afterAll(() => origin.close())

/** Starts a worker with the variables `vars`, requests `path`, and stops the worker. */
async function ask(vars: Record<string, string>, path: string): Promise<Response> {
  const worker = await startWorker({ vars: { ORIGIN_URL: origin.url, ...vars } })
  try {
    const response = await worker.dispatchFetch(`http://site.test${path}`)
    return new Response(await response.arrayBuffer(), {
      status: response.status,
      headers: [...response.headers] as [string, string][],
    })
  } finally {
    await worker.dispose()
  }
}

test('variables set the defaults of a request, and its limits', async () => {
  const vars = { SR_FORMAT: 'webp', SR_QUALITY: '40', SR_QUERY: 'v', SR_DEFAULT_TTL_SECONDS: '77' }
  const result = await ask(vars, '/a.png?v=1&utm_source=x&sr=2')
  expect(result.headers.get('x-sr')).toMatch(/^done; scale=2/)
  expect(result.headers.get('content-type')).toBe('image/webp')
  expect(result.headers.get('cache-control')).toBe('public, max-age=77')
  expect(origin.asked.at(-1)!.url).toBe('/a.png?v=1')

  const original = await ask({ SR_MAX_SOURCE_PIXELS: '1000' }, '/a.png?sr=2')
  expect(original.headers.get('x-sr')).toBe('skipped; reason=SOURCE_PIXELS')
})

// workerd prints the error and stops. test/unit/variables.test.ts checks the text of the error.
test.each<Record<string, string>>([{ SR_QUALITY: '84' }, { SR_MAX_WAITNG: '1' }])(
  'with %j the worker does not start',
  async (vars) => {
    await expect(ask(vars, '/a.png?sr=2')).rejects.toThrow('failed to start')
  },
)
