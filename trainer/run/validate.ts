// PSNR on pictures that are not trained on, while a run goes: their small versions, truths and
// bicubic's figures are made once.
import type { Codec } from '../../worker/codec/codec.ts'
import type { Planes } from '../../worker/engine/engine.ts'
import { type Model, upscalePlanes } from '../../worker/engine/upscale.ts'
import { psnr } from '../../worker/image/metrics.ts'
import { modcrop, type Plane, quantize } from '../../worker/image/plane.ts'
import { createRandom } from '../../worker/image/prng.ts'
import type { Picture } from '../data/pictureSet.ts'
import { type Degradation, degrade, mergeRgb, truthOf } from '../data/degrade.ts'

export interface Validator {
  /** Pictures, a picture's degraded versions counted once. */
  readonly images: number
  /** Mean PSNR of bicubic in dB. */
  readonly bicubic: number
  /** Mean PSNR of a model's luma in dB, rounded to 8 bits and shaved as score.ts does. */
  psnrOf(model: Model): Promise<number>
}

/** Validator is the same whatever a run's seed. */
const SEED = 1

/** Undefined where no picture is left to validate on. */
export async function createValidator(
  pictures: readonly Picture[],
  channels: number,
  scale: number,
  degradation: Degradation,
  codec: Codec,
): Promise<Validator | undefined> {
  const random = createRandom(SEED)
  const cases: { truth: Plane; versions: readonly Planes[] }[] = []
  for (const { rgba } of pictures) {
    const truth = modcrop(truthOf(rgba), scale)
    if (Math.min(truth.width, truth.height) <= 2 * scale) continue // nothing is left of it once shaved
    cases.push({
      truth,
      versions: await degrade(rgba, channels, scale, degradation, random, codec),
    })
  }
  if (cases.length === 0) return undefined
  const mean = async (model?: Model) => {
    let sum = 0
    for (const { truth, versions } of cases) {
      for (const small of versions) {
        const result = lumaLevels(await upscalePlanes(small, scale, model))
        sum += psnr(result, truth, scale) / versions.length
      }
    }
    return sum / cases.length
  }
  return { images: cases.length, bicubic: await mean(), psnrOf: mean }
}

/** In 8-bit levels; that of red, green and blue once they are bytes. */
function lumaLevels(planes: Planes): Plane {
  return planes.channels === 1 ? quantize(planes) : truthOf(mergeRgb(planes))
}
