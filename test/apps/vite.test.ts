// A Worker in Cloudflare's plugin for Vite, which runs it in workerd both in development and after a build.
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ENLARGED, expectEnlarged, picture } from '../support/apps/picture.ts'
import { QUIET, startServer } from '../support/apps/server.ts'
import { createNewApp, type NewApp, newerNode, readmeExample } from '../support/package/newApp.ts'

const CONFIG = `
import { cloudflare } from '@cloudflare/vite-plugin'
import { defineConfig } from 'vite'

export default defineConfig({ plugins: [cloudflare()] })
`
// The app of the README, to which a picture can be uploaded.
const WORKER = readmeExample('ts').replace(
  'export default app',
  `app.put('/uploads/:name', async (c) => {
  await c.env.UPLOADS.put(c.req.param('name'), await c.req.arrayBuffer())
  return c.body(null, 204)
})
export default app`,
)
const WRANGLER = {
  name: 'app',
  main: 'index.ts',
  compatibility_date: '2026-04-01',
  r2_buckets: [{ binding: 'UPLOADS', bucket_name: 'uploads' }],
}

let app: NewApp
let node: string

beforeAll(() => {
  app = createNewApp(['hono', 'vite', '@cloudflare/vite-plugin', 'wrangler@4.164.0'], {
    'index.ts': WORKER,
    'vite.config.ts': CONFIG,
    'wrangler.json': JSON.stringify(WRANGLER),
  })
  node = newerNode(app.folder)
})
afterAll(() => app?.remove())

const VITE = 'node_modules/vite/bin/vite.js'

async function expectServed(command: 'dev' | 'preview'): Promise<void> {
  const server = await startServer({
    cwd: app.folder,
    command: (port) => [node, VITE, command, '--port', `${port}`, '--strictPort'],
    ready: /Local:/,
  })
  try {
    const put = await fetch(`${server.origin}/uploads/icon.png`, { method: 'PUT', body: picture })
    expect(put.status).toBe(204)
    await expectEnlarged(await fetch(server.origin + ENLARGED))
  } finally {
    await server.stop()
  }
}

test('vite dev serves an enlarged picture, without any setting for the package', () => expectServed('dev'))

test('vite build makes a Worker that serves an enlarged picture', async () => {
  execFileSync(node, [VITE, 'build'], { cwd: app.folder, stdio: 'ignore', env: { ...process.env, ...QUIET } })
  await expectServed('preview')
})
