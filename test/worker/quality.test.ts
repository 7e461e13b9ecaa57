// The deployed bundle serves the quality that evaluation measured. Pictures are shrunk, served larger again, and
// compared with the picture before shrinking (the truth). After training, `RECORD_SCENES=1 npx vitest run --config
// test/vitest.config.ts --project worker quality` writes into the manifest how much new weights gain over bicubic on
// our own scenes. Without RECORD_SCENES the tests compare with the recorded gain.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { readPictureSet } from '../../trainer/data/pictureSet.ts'
import { shrinkPicture, truthOf } from '../../trainer/data/degrade.ts'
import { readManifest } from '../../trainer/run/export.ts'
import { psnr } from '../../worker/image/metrics.ts'
import { modcrop, type Rgba } from '../../worker/image/plane.ts'
import { DEFAULT_MODEL, formatManifest, withEntry } from '../../worker/model/manifest.ts'
import { renderScene, SCENE_NAMES } from '../fixtures/make.ts'
import { startSite } from '../support/worker/site.ts'
import { ROOT } from '../support/worker/worker.ts'

const SCALES = [2, 3, 4] as const
const SET5 = join(ROOT, '../shared/data/Set5')
const MODELS = join(ROOT, 'models')

const { origin, ask } = startSite()

/** Shrinks a picture as evaluation does, lets the worker enlarge it, and returns the PSNR of luma in dB. */
async function servedPsnr(truth: Rgba, scale: number, model: string): Promise<number> {
  const { width, height, data } = shrinkPicture(truth, scale)
  const small = await sharp(data, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .png()
    .toBuffer()
  origin.serve('/small.png', small, { 'cache-control': 'no-store' })
  const { sr, bytes } = await ask(`/small.png?sr=${scale}&sr-format=png&sr-model=${model}`)
  expect(sr).toMatch(/^done/)
  const served = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  const large = { width: served.info.width, height: served.info.height, data: served.data }
  return psnr(truthOf(large), modcrop(truthOf(truth), scale), scale)
}

async function overBlack({ width, height, data }: Rgba): Promise<Rgba> {
  const picture = sharp(data, { raw: { width, height, channels: 4 } }).flatten({
    background: '#000',
  })
  return { width, height, data: await picture.ensureAlpha().raw().toBuffer() }
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length

describe('our own scenes', () => {
  const truths: Rgba[] = []
  beforeAll(async () => {
    for (const name of SCENE_NAMES) truths.push(await overBlack(await renderScene(name)))
  }, 120_000)

  test.each(SCALES)(
    'at x%i gain as many dB over bicubic as the manifest says',
    async (scale) => {
      const manifest = await readManifest(MODELS)
      const entry = manifest.models.find((model) => model.name === DEFAULT_MODEL && model.scale === scale)!
      const margins: number[] = []
      for (const truth of truths) {
        const sharper = await servedPsnr(truth, scale, DEFAULT_MODEL)
        margins.push(sharper - (await servedPsnr(truth, scale, 'bicubic')))
      }
      const margin = mean(margins)
      if (process.env.RECORD_SCENES === '1') {
        const recorded = { ...entry, scenes: Number(margin.toFixed(3)) }
        writeFileSync(join(MODELS, 'manifest.json'), formatManifest(withEntry(manifest, recorded)))
        return
      }
      expect(entry.scenes, 'no margin is recorded: see the top of this test').toBeDefined()
      // Weights and pixels are the same as when the gain was recorded. Only rounding may differ.
      expect(Math.abs(margin - entry.scenes!)).toBeLessThan(0.02)
      expect(Math.min(...margins)).toBeGreaterThan(0)
    },
    120_000,
  )
})

const hasSet5 = existsSync(SET5)
if (!hasSet5) console.warn(`skipped: Set5 through the worker, because ${SET5} does not exist`)

describe.skipIf(!hasSet5).each(SCALES)('Set5 at x%i', (scale) => {
  test.each(['srcnn', 'fast', 'quality'])(
    'is served by %s with the PSNR that evaluation measures, within 0.03 dB',
    async (name) => {
      const { models } = await readManifest(MODELS)
      const { scores } = models.find((model) => model.name === name && model.scale === scale)!
      const measured = scores!.find(({ set, input }) => set === 'Set5' && input === 'uint8')!.psnr
      const { pictures } = await readPictureSet(SET5)
      const values: number[] = []
      for (const { rgba } of pictures) values.push(await servedPsnr(rgba, scale, name))
      const served = mean(values)
      console.log(`Set5 x${scale}, ${name}: ${served.toFixed(3)} dB served, ${measured.toFixed(3)} dB measured`)
      expect(Math.abs(served - measured)).toBeLessThan(0.03)
    },
  )
})
