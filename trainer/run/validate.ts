// Measures PSNR during a run, on pictures that are not trained on. Their truths, their degraded versions and the PSNR
// of bicubic are computed once.
import type { Codec } from '../../worker/codec/contract.ts'
import type { Planes } from '../../worker/engine/engine.ts'
import { type Model, upscalePlanes } from '../../worker/engine/upscale.ts'
import { psnr } from '../../worker/image/metrics.ts'
import { modcrop, type Plane, quantize } from '../../worker/image/plane.ts'
import { createRandom } from '../../worker/image/prng.ts'
import type { Picture } from '../data/pictureSet.ts'
import { type Degradation, degrade, mergeRgb, truthOf } from '../data/degrade.ts'

export interface Validator {
  /** Number of pictures. The degraded versions of a picture count as one picture. */
  readonly images: number
  /** Mean PSNR of bicubic, in dB. */
  readonly bicubic: number
  /**
   * Returns the mean PSNR of a model's luma in dB. Luma is rounded to 8 bits and its borders are cut off, as in
   * score.ts.
   */
  psnrOf(model: Model): Promise<number>
}

/** Constant, so that validation does not depend on a run's seed. */
const SEED = 1

/** Prepares pictures for validation. Returns undefined if no picture is large enough. */
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
    if (Math.min(truth.width, truth.height) <= 2 * scale) continue // nothing remains after its borders are cut off
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

/** Returns luma in 8-bit levels (multiples of 1/255). Rounds red, green and blue to bytes first. */
function lumaLevels(planes: Planes): Plane {
  return planes.channels === 1 ? quantize(planes) : truthOf(mergeRgb(planes))
}
