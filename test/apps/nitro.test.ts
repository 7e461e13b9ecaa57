// Nitro, which is also the server of Nuxt. Its output runs in a folder of its own, without the packages.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { ENLARGED, expectEnlarged, putPicture } from '../support/apps/picture.ts'
import { QUIET, startServer } from '../support/apps/server.ts'
import { createNewApp, type NewApp, pageExample } from '../support/package/newApp.ts'

let app: NewApp
let elsewhere: string

beforeAll(() => {
  app = createNewApp(['hono', '@hono/node-server', 'nitropack'], {
    'nitro.config.mjs': "export default { compatibilityDate: '2026-04-01' }",
    'routes/uploads/[name].ts': pageExample('worker/examples/README.md', '// server/routes/uploads/[name].ts'),
  })
  elsewhere = mkdtempSync(join(tmpdir(), 'edge-srcnn-'))
})
afterAll(() => {
  app?.remove()
  if (elsewhere) rmSync(elsewhere, { recursive: true })
})

test('the output of nitro build serves an enlarged picture', async () => {
  execFileSync('node_modules/.bin/nitropack', ['build'], {
    cwd: app.folder,
    env: { ...process.env, ...QUIET },
    stdio: 'ignore',
  })
  cpSync(join(app.folder, '.output'), elsewhere, { recursive: true })
  putPicture(elsewhere)
  const server = await startServer({
    cwd: elsewhere,
    command: () => [process.execPath, 'server/index.mjs'],
    ready: /Listening/,
  })
  try {
    await expectEnlarged(await fetch(server.origin + ENLARGED))
  } finally {
    await server.stop()
  }
})
