// Next.js with the middleware in a route handler and the loader of its images, both in one app.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ENLARGED, expectEnlarged, putPicture } from '../support/apps/picture.ts'
import { QUIET, startServer } from '../support/apps/server.ts'
import { createNewApp, type NewApp, pageExample } from '../support/package/newApp.ts'

const CLIENT = 'worker/client/README.md'
const CONFIG = pageExample(CLIENT, '// next.config.ts')
const LAYOUT = `
import type { ReactNode } from 'react'

export default function Layout({ children }: { children: ReactNode }) {
  return <html><body>{children}</body></html>
}
`
const PAGE = `
import Image from 'next/image'

export default function Page() {
  return <Image src="/uploads/icon.png" width={600} height={450} alt="An icon" />
}
`
const PACKAGES = ['hono', '@hono/node-server', 'next', 'react', 'react-dom', 'typescript@5.9.3', '@types/react']

let app: NewApp

beforeAll(() => {
  app = createNewApp([...PACKAGES, '@types/node'], {
    'next.config.ts': CONFIG,
    'image-loader.ts': pageExample(CLIENT, '// image-loader.ts'),
    'app/layout.tsx': LAYOUT,
    'app/page.tsx': PAGE,
    'app/own/page.tsx': pageExample(CLIENT, '// app/page.tsx'),
    'app/uploads/[name]/route.ts': pageExample('worker/examples/README.md', '// app/uploads/[name]/route.ts'),
  })
  putPicture(app.folder)
})
afterAll(() => app?.remove())

const NEXT = 'node_modules/next/dist/bin/next'

async function expectServed(): Promise<void> {
  execFileSync(process.execPath, [NEXT, 'build'], {
    cwd: app.folder,
    env: { ...process.env, ...QUIET },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const server = await startServer({
    cwd: app.folder,
    command: (port) => [process.execPath, NEXT, 'start', '-p', `${port}`],
    ready: /Ready/,
  })
  try {
    await expectEnlarged(await fetch(server.origin + ENLARGED))
    const page = async (path: string) => (await fetch(server.origin + path)).text()
    expect(await page('/')).toContain('/uploads/icon.png?sr-width=640 1x, /uploads/icon.png?sr-width=1280 2x')
    expect(await page('/own')).toContain('/cat.jpg?sr-width=640&amp;sr-format=auto 1x')
  } finally {
    await server.stop()
  }
}

test('a route handler enlarges a picture, and pages name it by the loader', expectServed)

test('both also work if serverExternalPackages names the package', async () => {
  const config = CONFIG.replace('images: {', "serverExternalPackages: ['edge-srcnn'],\n  images: {")
  expect(config).not.toBe(CONFIG)
  writeFileSync(join(app.folder, 'next.config.ts'), config)
  await expectServed()
})
