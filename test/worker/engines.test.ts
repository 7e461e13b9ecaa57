// Which engine runs a network: our kernels run every 9-1-5 and every network that enlarges by itself, such as `fast`.
// onnxruntime runs all others, if it is bundled.
import { readdirSync } from 'node:fs'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { createNetwork, type Network, subPixelArchitecture } from '../../worker/model/network.ts'
import { encodeNetwork } from '../../worker/model/networkFile.ts'
import { lifting, shipModels } from '../support/engine/models.ts'
import { startSite } from '../support/worker/site.ts'
import { BUNDLE, ORT_BUNDLE } from '../support/worker/worker.ts'

const isOrt = (file: string) => file.includes('ort-wasm')
const deeper = createNetwork({ kernels: [3, 3], widths: [2], residual: true })
deeper.layers[1].bias[0] = 0.1
/**
 * Returns a network that takes the small picture and enlarges it by itself. The network adds 0.1 to its result, like
 * the other networks of this test.
 */
const enlarging = (scale: number): Network => {
  const network = createNetwork(subPixelArchitecture(scale, 16, 3))
  network.layers.at(-1)!.bias.fill(0.1)
  return network
}

describe.each([
  ['without onnxruntime', BUNDLE, /^skipped; reason=ENGINE$/, 128],
  ['with onnxruntime', ORT_BUNDLE, /^done; .*engine=ort$/, 128 + Math.round((0.1 * 255 * 255) / 219)],
] as const)('a worker %s', (_, bundle, others, level) => {
  const site = startSite({ bundle, buckets: ['MODELS_BUCKET'] })
  beforeAll(async () => {
    const grey = { width: 16, height: 12, channels: 3, background: '#808080' } as const
    site.origin.serve('/grey.png', await sharp({ create: grey }).png().toBuffer(), {})
    const models = { kernel: lifting(0.1), others: deeper, fast: enlarging(2), wrong: enlarging(3) }
    await shipModels(
      site.worker,
      Object.entries(models).map(([name, network]) => ({ name, file: encodeNetwork(network) })),
    )
  })

  /** Returns `X-SR` and the first grey level of the result. The level shows whether `model` ran. */
  const serve = async (model: string) => {
    const { sr, bytes } = await site.ask(`/grey.png?sr=2&sr-model=${model}`)
    return { sr, level: (await sharp(bytes).raw().toBuffer())[0] }
  }

  test.each(['kernel', 'fast'])(
    'runs a 9-1-5 (kernel) and a network that enlarges (fast) in our kernels: %s',
    async (model) => {
      const { sr, level: lifted } = await serve(model)
      expect(sr).toMatch(/engine=fused-relaxed$/)
      expect(lifted).toBe(128 + Math.round((0.1 * 255 * 255) / 219))
    },
  )

  test('runs a network without a kernel in onnxruntime, or serves the original if onnxruntime is not bundled', async () => {
    const served = await serve('others')
    expect(served.sr).toMatch(others)
    expect(served.level).toBe(level)
  })

  test('serves the original if the network enlarges by a factor other than the requested one', async () => {
    expect(await serve('wrong')).toEqual({ sr: 'skipped; reason=MODEL', level: 128 })
  })
})

test('onnxruntime is only in the bundle that was built with it', () => {
  expect(readdirSync(ORT_BUNDLE).some(isOrt)).toBe(true)
  expect(readdirSync(BUNDLE).some(isOrt)).toBe(false)
})
