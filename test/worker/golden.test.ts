// PIPELINE_VERSION is part of every cache key. It must be raised if, and only if, the served pixels change. A golden
// file holds the result of a fixed picture and fixed weights, made by the version in its name. After an intended
// change, raise PIPELINE_VERSION (worker/picture/makeFile.ts) and run `UPDATE_GOLDEN=1 npx vitest run --config
// test/vitest.config.ts --project worker golden`.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, expect, test } from 'vitest'
import { createRandom } from '../../worker/image/prng.ts'
import { type Architecture, createNetwork, SRCNN_915, subPixelArchitecture } from '../../worker/model/network.ts'
import { encodeNetwork } from '../../worker/model/networkFile.ts'
import { startSite } from '../support/worker/site.ts'
import { ROOT } from '../support/worker/worker.ts'

const GOLDEN = join(ROOT, 'test/fixtures/golden')
const isUpdate = process.env.UPDATE_GOLDEN === '1'

const site = startSite({ vars: { SR_MODEL: 'srcnn', SR_SIZES: '20 70' }, buckets: ['MODELS_BUCKET'] })
const { origin, get, ask } = site
let version: number

beforeAll(async () => {
  await shipFixedWeights() // before the worker reads the manifest, which it then uses for half a minute
  const health = await get('/_sr/health')
  version = ((await health.json()) as { pipeline: number }).pipeline
  await servePictures()
  if (isUpdate) rmSync(GOLDEN, { recursive: true, force: true })
  mkdirSync(GOLDEN, { recursive: true })
})

/** Puts fixed random weights into R2. They do not sharpen, but every layer and the residual change the pixels. */
async function shipFixedWeights(): Promise<void> {
  const bucket = await site.worker.getR2Bucket('MODELS_BUCKET')
  const models: unknown[] = []
  for (const scale of [2, 3, 4]) {
    const small = fixedWeights(subPixelArchitecture(scale, 16, 3))
    const files = { srcnn: fixedWeights(SRCNN_915), 'srcnn-jpeg': fixedWeights(SRCNN_915), fast: small }
    for (const [name, content] of Object.entries(files)) {
      const file = `${name}-x${scale}.onnx`
      const sha256 = createHash('sha256').update(content).digest('hex')
      await bucket.put(file, content)
      models.push({ name, scale, file, sha256, bytes: content.length })
    }
  }
  await bucket.put('manifest.json', JSON.stringify({ version: 1, models }))
}

function fixedWeights(architecture: Architecture): Uint8Array {
  const network = createNetwork(architecture)
  const random = createRandom(7)
  for (const { weights, inputs, kernel } of network.layers) {
    for (let i = 0; i < weights.length; i++) weights[i] = (random.normal() * 0.7) / Math.sqrt(inputs * kernel * kernel)
  }
  return encodeNetwork(network)
}

/** Serves pictures with colour gradients, edges at many angles and, in one of them, transparency. */
async function servePictures(): Promise<void> {
  const width = 29
  const height = 23
  const random = createRandom(3)
  const data = new Uint8Array(width * height * 4)
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)]
    const isInside = Math.hypot(x - 14, y - 11) < 8
    data.set([isInside ? 230 : 8 * x, 10 * y, (x ^ y) * 8, isInside ? 255 : 12 * x], 4 * i)
    data[4 * i] += random.below(8)
  }
  const picture = sharp(data, { raw: { width, height, channels: 4 } })
  origin.serve('/alpha.png', await picture.clone().png().toBuffer())
  const opaque = picture.clone().removeAlpha()
  origin.serve('/opaque.png', await opaque.clone().png().toBuffer())
  origin.serve('/photo.jpg', await opaque.clone().jpeg({ quality: 90 }).toBuffer())
  origin.serve('/photo.webp', await opaque.clone().webp({ quality: 90 }).toBuffer())
}

const pixels = (file: Uint8Array) => sharp(file).ensureAlpha().raw().toBuffer()

test.each([
  ['opaque.png', 'sr=2', 'png'],
  ['opaque.png', 'sr=3', 'png'],
  ['opaque.png', 'sr=4', 'png'],
  ['opaque.png', 'sr=3&sr-model=bicubic', 'png'],
  ['opaque.png', 'sr=2&sr-model=fast', 'png'],
  ['opaque.png', 'sr=3&sr-model=fast', 'png'],
  ['alpha.png', 'sr=4&sr-model=fast', 'png'],
  ['alpha.png', 'sr=3', 'png'],
  ['alpha.png', 'sr=3&sr-format=jpeg', 'jpg'],
  ['photo.jpg', 'sr=3', 'jpg'],
  ['photo.webp', 'sr=3', 'webp'],
  ['opaque.png', 'sr-width=20', 'png'],
  ['alpha.png', 'sr-width=70', 'png'],
])('%s?%s is served with the pixels in the golden file of its version', async (name, query, ending) => {
  const { sr, bytes: served } = await ask(`/${name}?${query}`)
  expect(sr).toMatch(/^done/)
  const slug = `${name}-${query}`.replace(/[^a-z0-9]+/g, '-')
  const file = join(GOLDEN, `v${version}-${slug}.${ending}`)
  if (isUpdate) writeFileSync(file, served)
  expect(existsSync(file), `${file} is missing: see the top of this test`).toBe(true)
  const [now, then] = await Promise.all([pixels(served), pixels(readFileSync(file))])
  expect(now.length).toBe(then.length)
  let most = 0
  for (let i = 0; i < now.length; i++) most = Math.max(most, Math.abs(now[i] - then[i]))
  // One level is tolerated, because another machine may add the network's sums in another order. A lossy encoder can
  // turn one level into a few, because it may then round a coefficient the other way.
  expect(most).toBeLessThanOrEqual(ending === 'png' ? 1 : 4)
})
