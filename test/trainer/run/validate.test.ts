import { expect, test } from 'vitest'
import { createCodec } from '../../../worker/codec/codec.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import { createOrtEngine } from '../../../worker/engine/ort.ts'
import { reference } from '../../../worker/engine/reference.ts'
import { createNetwork } from '../../../worker/model/network.ts'
import { loadOnnxRuntime } from '../../../trainer/engine/onnxRuntime.ts'
import { scoreSet } from '../../../trainer/evaluate/score.ts'
import { createValidator } from '../../../trainer/run/validate.ts'
import { sampleNetwork } from '../../support/engine/samples.ts'
import { drawPicture } from '../../support/pictures/edges.ts'

const codec = createCodec(await loadCodecModules())
const clean = { kind: 'clean', uint8Share: 0, blur: 0 } as const
const pictureOf = (width: number, height: number, seed: number) => ({
  name: `${seed}`,
  rgba: drawPicture(width, height, seed),
  isGrey: false,
})

test('validation and evaluation measure the same PSNR for bicubic', async () => {
  const pictures = [pictureOf(64, 60, 1), pictureOf(50, 70, 2)]
  const validation = (await createValidator(pictures, 1, 3, clean, codec))!
  const { bicubic } = await scoreSet('drawn', pictures, 3, 'float')
  expect(validation.images).toBe(2)
  expect(validation.bicubic).toBeCloseTo(bicubic.psnr, 6)
})

test('a residual network of zeros has the PSNR of bicubic', async () => {
  const validation = (await createValidator([pictureOf(64, 60, 1)], 1, 2, clean, codec))!
  const { api, executionProvider } = await loadOnnxRuntime('web')
  const network = createNetwork({ kernels: [3], widths: [], residual: true })
  const engine = createOrtEngine(api, { executionProvider })
  expect(await validation.psnrOf({ network, engine })).toBeCloseTo(validation.bicubic, 6)
})

test('validation and evaluation measure the same PSNR for an RGB network with 8-bit input', async () => {
  const pictures = [pictureOf(64, 60, 1)]
  const model = { network: sampleNetwork({ kernels: [3, 3], widths: [4], channels: 3 }), engine: reference }
  const validation = (await createValidator(pictures, 3, 2, { ...clean, uint8Share: 1 }, codec))!
  const score = await scoreSet('drawn', pictures, 2, 'uint8', model)
  expect(await validation.psnrOf(model)).toBeCloseTo(score.model.psnr, 6)
  expect(validation.bicubic).toBeCloseTo(score.bicubic.psnr, 2)
})

test('bicubic has a lower PSNR from JPEG than from clean input, and two validators measure the same PSNR', async () => {
  const jpeg = { kind: 'jpeg', qualities: [30, 60], encoder: 'mozjpeg', blur: 0 } as const
  const pictures = [pictureOf(90, 90, 4)]
  const [first, again] = [
    await createValidator(pictures, 1, 3, jpeg, codec),
    await createValidator(pictures, 1, 3, jpeg, codec),
  ]
  const { bicubic } = (await createValidator(pictures, 1, 3, clean, codec))!
  expect(first!.bicubic).toBeLessThan(bicubic - 0.5)
  expect(again!.bicubic).toBe(first!.bicubic)
})

test('pictures that are too small to measure are left out, and if no picture remains, no validator is created', async () => {
  expect(await createValidator([pictureOf(6, 40, 1)], 1, 3, clean, codec)).toBeUndefined()
})
