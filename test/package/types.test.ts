// Compiles programs that use the package's types, either with the types of Workers or with those of Node. The compiler
// also checks all declaration files (no skipLibCheck).
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REPOSITORY } from '../../worker/package/places.ts'
import { createNewApp, type NewApp, readmeExample } from '../support/package/newApp.ts'

const OPTIONS = { strict: true, noEmit: true, target: 'es2022', lib: ['es2023'] }
const BUNDLER = { ...OPTIONS, module: 'esnext', moduleResolution: 'bundler' }
const NODE = { ...OPTIONS, module: 'nodenext', types: ['node'] }

const ANYWHERE = `
import { type Bucket, platform, superResolution, type SuperResolutionOptions } from 'edge-srcnn'
import { createSuperResolution, loadPlatform } from 'edge-srcnn/node'
import loader, { createLoader, type LoaderProps } from 'edge-srcnn/next'
import { signUrl } from 'edge-srcnn/sign'

const options: SuperResolutionOptions = { quality: 80, signing: { a: 'secret' } }
export const results: Bucket | undefined = options.results
export const engines: string = platform.engines
export const handlers = [superResolution(options), createSuperResolution(await loadPlatform())()]
export const src: string = loader({ src: '/cat.jpg', width: 640 } satisfies LoaderProps) + createLoader({ format: 'auto' })({ src: '', width: 1 })
export const signed: string = await signUrl('https://img.example/cat.jpg?sr=3', { key: 'a', secret: '', expires: 1 })
// @ts-expect-error -- an unknown option is a type error, too
superResolution({ scale: 3 })
`

const WORKERS = `
import { superResolution } from 'edge-srcnn'

interface Bindings { R2: R2Bucket; LIMIT: RateLimit; POINTS: AnalyticsEngineDataset }
export const handler = superResolution((c) => {
  const { R2, LIMIT, POINTS } = c.env as Bindings
  return { results: R2, models: R2, missLimit: LIMIT, analytics: POINTS, cache: caches.default }
})
`

let app: NewApp

beforeAll(() => {
  app = createNewApp(['hono', '@hono/node-server', '@cloudflare/workers-types', '@types/node'], {
    'app.ts': readmeExample('ts'),
    'server.ts': readmeExample('js'),
    'anywhere.ts': ANYWHERE,
    'workers.ts': WORKERS,
    ...project('workers', { ...BUNDLER, types: ['@cloudflare/workers-types'] }, [
      'app.ts',
      'anywhere.ts',
      'workers.ts',
    ]),
    ...project('node', NODE, ['anywhere.ts']),
    ...project('node-bundler', { ...BUNDLER, types: ['node'] }, ['anywhere.ts']),
    // The types of @hono/node-server need the types of browsers.
    ...project('server', { ...NODE, lib: ['es2023', 'dom'] }, ['server.ts', 'anywhere.ts']),
  })
})
afterAll(() => app?.remove())

function project(name: string, compilerOptions: object, files: readonly string[]) {
  return { [`tsconfig.${name}.json`]: JSON.stringify({ compilerOptions, files }) }
}

test.each(['workers', 'node', 'node-bundler', 'server'])('the project %s has no type errors', (name) => {
  expect(errorsOf(name)).toBe('')
})

/** Returns the compiler's output, which is empty if there are no errors. */
function errorsOf(name: string): string {
  const tsc = join(REPOSITORY, 'node_modules/.bin/tsc')
  try {
    return execFileSync(tsc, ['-p', `tsconfig.${name}.json`], { cwd: app.folder, encoding: 'utf8' })
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}
