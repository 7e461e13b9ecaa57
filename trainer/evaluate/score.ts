// Measures methods by the protocol of the SRCNN paper's code (demo_SR.m): luma in 8-bit levels, modcrop,
// imresize down and up, the result rounded to 8 bits, `scale` pixels shaved off each side, PSNR and SSIM
// per picture, then the mean over the set. The luma of a picture stored without colour is its grey level, 0..255.
//
// With 8-bit input the small picture is RGB bytes, and a network runs through `upscale`, the function that
// serves requests; luma is calculated from the resulting bytes. Networks on RGB are measured only this way.
import type { Model } from '../../worker/engine/upscale.ts'
import { greyOf } from '../../worker/image/color.ts'
import { psnr, ssim } from '../../worker/image/metrics.ts'
import { modcrop, type Plane, quantize } from '../../worker/image/plane.ts'
import type { ModelScore, Quality } from '../../worker/model/manifest.ts'
import { shrinkPlane, truthOf } from '../data/degrade.ts'
import type { Picture } from '../data/pictureSet.ts'
import { type Method, networkMethod, servedMethod } from './method.ts'
import { type TestInput, smallPictureOf } from './testInput.ts'

export interface PictureScore {
  readonly picture: string
  readonly bicubic: Quality
  readonly model: Quality
}

export interface SetScore {
  readonly set: string
  readonly scale: number
  readonly input: TestInput
  readonly bicubic: Quality
  readonly model: Quality
  readonly pictures: readonly PictureScore[]
}

/**
 * Scores bicubic and a network on one set. The network must accept `input`. Without `model`, both scores are bicubic's.
 */
export async function scoreSet(
  set: string,
  pictures: readonly Picture[],
  scale: number,
  input: TestInput,
  model?: Model,
): Promise<SetScore> {
  const scores: PictureScore[] = []
  for (const picture of pictures) {
    const measure = await createMeasure(picture, scale, input)
    const bicubic = await measure(servedMethod())
    scores.push({
      picture: picture.name,
      bicubic,
      model: model ? await measure(networkMethod(new Map([[scale, model]]))) : bicubic,
    })
  }
  return {
    set,
    scale,
    input,
    bicubic: meanOf(scores.map((score) => score.bicubic)),
    model: meanOf(scores.map((score) => score.model)),
    pictures: scores,
  }
}

/** Returns a score for the manifest. Four decimals are enough, because two runs of the same recipe agree in fewer. */
export function manifestScoreOf(score: SetScore): ModelScore {
  const { set, input, pictures, model, bicubic } = score
  return { set, input, images: pictures.length, ...rounded(model), bicubic: rounded(bicubic) }
}

function rounded(quality: Quality): Quality {
  return { psnr: Number(quality.psnr.toFixed(4)), ssim: Number(quality.ssim.toFixed(4)) }
}

/** Returns the means of PSNR and SSIM. */
export function meanOf(qualities: readonly Quality[]): Quality {
  const mean = (key: keyof Quality) => qualities.reduce((sum, quality) => sum + quality[key], 0) / qualities.length
  return { psnr: mean('psnr'), ssim: mean('ssim') }
}

/** A method's score on one picture. */
export interface TimedQuality extends Quality {
  /** Median time of one enlargement, without shrinking and measuring. */
  readonly seconds: number
}

/**
 * Shrinks a picture once. Returns a function that enlarges the small picture `runs` times by a method and scores the
 * first result.
 */
export async function createMeasure(
  picture: Picture,
  scale: number,
  input: TestInput,
  runs = 1,
): Promise<(method: Method) => Promise<TimedQuality>> {
  const luma = lumaLevels(picture, picture.rgba)
  const truth = modcrop(luma, scale)
  let enlarge: (method: Method) => Promise<() => Plane>
  if (input === 'float') {
    const small = shrinkPlane(luma, scale)
    enlarge = async (method) => {
      if (!method.enlargePlane) throw new Error('expected 8-bit input for a method that needs colour, got luma')
      const large = await method.enlargePlane(small, scale)
      return () => quantize(large)
    }
  } else {
    const small = await smallPictureOf(picture.rgba, scale, input)
    enlarge = async (method) => {
      const large = await method.enlargePicture(small, scale)
      return () => lumaLevels(picture, large)
    }
  }
  return async (method) => {
    const seconds: number[] = []
    let result: Plane | undefined
    while (seconds.length < runs) {
      const start = performance.now()
      const levels = await enlarge(method)
      seconds.push((performance.now() - start) / 1000)
      result ??= levels()
    }
    return {
      psnr: psnr(result!, truth, scale),
      ssim: ssim(result!, truth, scale),
      seconds: seconds.toSorted((a, b) => a - b)[Math.floor(runs / 2)],
    }
  }
}

/** Returns the luma of `rgba` in 8-bit levels. `rgba` is `picture` itself or an enlargement of its small version. */
export function lumaLevels({ isGrey }: Picture, rgba: Picture['rgba']): Plane {
  return isGrey ? greyOf(rgba) : truthOf(rgba)
}
