// Tests `loadPlatform({ engine })` of the package in Node with onnxruntime-web, both with its WASM provider and with
// its WebGPU provider on Dawn. The adapter is SwiftShader, a software GPU, which Debian's Chromium contains together
// with Vulkan's loader.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createNewApp, install, type NewApp } from '../support/package/newApp.ts'
import { ROOT } from '../support/worker/worker.ts'

const SAMPLE = join(ROOT, 'worker/assets/samples/icon.png')
const SWIFTSHADER = process.env.SWIFTSHADER ?? '/usr/lib/chromium/vk_swiftshader_icd.json'
const WITH_GPU = { VK_ICD_FILENAMES: SWIFTSHADER, VK_DRIVER_FILES: SWIFTSHADER, LD_LIBRARY_PATH: dirname(SWIFTSHADER) }
/** Environment in which Vulkan finds no driver. */
const WITHOUT_GPU = { VK_ICD_FILENAMES: '/none.json', VK_DRIVER_FILES: '/none.json' }

// In CI a missing SwiftShader must fail the test instead of skipping it.
const isMissing = !existsSync(SWIFTSHADER) && !process.env.CI
if (isMissing) console.warn(`skipped: no ${SWIFTSHADER}: apt-get install chromium, or name one in SWIFTSHADER`)

const SCRIPT = `
import { readFile, writeFile } from 'node:fs/promises'
import { Hono } from 'hono'
import { createSuperResolution, loadPlatform } from 'edge-srcnn/node'

const [engine] = process.argv.slice(2)
try {
  const app = new Hono()
  app.use('*', createSuperResolution(await loadPlatform({ engine }))())
  app.get('*', async (c) => c.body(await readFile('picture.png')))
  const answer = await app.request('/picture?sr=2&sr-model=srcnn')
  await writeFile(engine + '.png', new Uint8Array(await answer.arrayBuffer()))
  console.log(answer.headers.get('x-sr'))
} catch (error) {
  console.log(error.message)
}
process.exit() // Dawn keeps a process alive
`

let app: NewApp

beforeAll(async () => {
  app = createNewApp(['hono'], { 'serve.js': SCRIPT })
  // The picture is small, because SwiftShader is slow.
  await sharp(SAMPLE).extract({ left: 40, top: 40, width: 48, height: 40 }).toFile(join(app.folder, 'picture.png'))
})
afterAll(() => app?.remove())

/**
 * Runs the script and returns what it prints. The optimising compiler of V8 is off, because it needs half a minute for
 * onnxruntime-web in Node 20 (see ortNode.ts).
 */
function serve(engine: string, env: Record<string, string> = {}): string {
  return execFileSync(process.execPath, ['--liftoff-only', 'serve.js', engine], {
    cwd: app.folder,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
}

/** Returns the largest difference between samples of two pictures, in levels of 0..255. */
async function differenceOf(one: string, other: string): Promise<number> {
  const pixels = [one, other].map((engine) =>
    sharp(join(app.folder, `${engine}.png`))
      .raw()
      .toBuffer(),
  )
  const [a, b] = await Promise.all(pixels)
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)
}

test('if the package of an engine is missing, the error says what to install', () => {
  expect(serve('ort')).toContain('npm i onnxruntime-web')
  expect(serve('webgpu')).toContain('npm i webgpu')
  expect(serve('other')).toBe('engine: expected one of fused, ort, webgpu, got "other"')
})

test("onnxruntime-web makes the same picture as this project's kernels, within one level of 255", async () => {
  install(app.folder, 'onnxruntime-web')
  expect(serve('fused')).toMatch(/^done; .*; engine=fused-(relaxed|plain)$/)
  expect(serve('ort')).toMatch(/^done; .*; engine=ort$/)
  // The pictures differ by one level if a value is about halfway between two levels.
  expect(await differenceOf('ort', 'fused')).toBeLessThanOrEqual(1)
})

test.skipIf(isMissing)(
  "onnxruntime-web on WebGPU makes the same picture as this project's kernels, within one level of 255",
  async () => {
    install(app.folder, 'onnxruntime-web', 'webgpu')
    expect(serve('webgpu', WITHOUT_GPU)).toContain('WebGPU finds no adapter here')
    expect(serve('webgpu', WITH_GPU)).toMatch(/^done; .*; engine=ort-webgpu$/)
    expect(await differenceOf('webgpu', 'fused')).toBeLessThanOrEqual(1)
  },
)
