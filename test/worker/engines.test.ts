// What runs a network: our kernels any 9-1-5 and `fast`, onnxruntime the others where it was bundled.
import { readdirSync } from 'node:fs'
import type { Miniflare } from 'miniflare'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createNetwork, type Network, subPixelArchitecture } from '../../worker/model/network.ts'
import { encodeNetwork } from '../../worker/model/networkFile.ts'
import { lifting, shipModels } from '../support/engine/models.ts'
import { type FakeOrigin, startOrigin } from '../support/origin/origin.ts'
import { BUNDLE, ORT_BUNDLE, startWorker } from '../support/worker/worker.ts'

const isOrt = (file: string) => file.includes('ort-wasm')
const deeper = createNetwork({ kernels: [3, 3], widths: [2], residual: true })
deeper.layers[1].bias[0] = 0.1
/** Works on the small picture, and lifts what it gives as the others do. */
const enlarging = (scale: number): Network => {
  const network = createNetwork(subPixelArchitecture(scale, 16, 3))
  network.layers.at(-1)!.bias.fill(0.1)
  return network
}

let origin: FakeOrigin
beforeAll(async () => {
  origin = await startOrigin()
  const grey = { width: 16, height: 12, channels: 3, background: '#808080' } as const
  origin.serve('/grey.png', await sharp({ create: grey }).png().toBuffer(), {})
})
afterAll(() => origin.close())

/** `X-SR` and the first level of a picture by weights that lift it. */
async function serve(worker: Miniflare, model: string) {
  const response = await worker.dispatchFetch(`http://site.test/grey.png?sr=2&sr-model=${model}`)
  const level = (
    await sharp(await response.arrayBuffer())
      .raw()
      .toBuffer()
  )[0]
  return { sr: response.headers.get('x-sr'), level }
}

describe.each([
  ['without onnxruntime', BUNDLE, /^skipped; reason=ENGINE$/, 128],
  ['with onnxruntime', ORT_BUNDLE, /^done; .*engine=ort$/, 128 + Math.round((0.1 * 255 * 255) / 219)],
] as const)('a worker %s', (_, bundle, others, level) => {
  let worker: Miniflare
  beforeAll(async () => {
    worker = await startWorker({ bundle, vars: { ORIGIN_URL: origin.url }, buckets: ['MODELS_BUCKET'] })
    const models = { kernel: lifting(0.1), others: deeper, fast: enlarging(2), wrong: enlarging(3) }
    await shipModels(
      worker,
      Object.entries(models).map(([name, network]) => ({ name, file: encodeNetwork(network) })),
    )
    return () => worker.dispose()
  })

  test.each(['kernel', 'fast'])('runs a 9-1-5 and one that enlarges in its kernels: %s', async (model) => {
    const { sr, level: lifted } = await serve(worker, model)
    expect(sr).toMatch(/engine=fused-relaxed$/)
    expect(lifted).toBe(128 + Math.round((0.1 * 255 * 255) / 219))
  })

  test('answers other networks as far as it can', async () => {
    const served = await serve(worker, 'others')
    expect(served.sr).toMatch(others)
    expect(served.level).toBe(level)
  })

  test('gives the original where weights are of a network that enlarges by another factor', async () => {
    expect(await serve(worker, 'wrong')).toEqual({ sr: 'skipped; reason=MODEL', level: 128 })
  })
})

test('onnxruntime is in the bundle that asks for it, and in no other', () => {
  expect(readdirSync(ORT_BUNDLE).some(isOrt)).toBe(true)
  expect(readdirSync(BUNDLE).some(isOrt)).toBe(false)
})
