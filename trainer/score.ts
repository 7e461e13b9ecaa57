// How good a model is, by the protocol of the SRCNN paper's code (demo_SR.m): luma in 8-bit
// levels, modcrop, imresize down and up, the result rounded to 8 bits, `scale` pixels shaved off
// each side, PSNR and SSIM per picture, then the mean over the set. A picture stored without
// colour is its own luma, 0..255.
//
// With 8-bit input the small picture is RGB bytes, and it goes through `upscale`, the very
// function that serves it, bytes to bytes; luma is taken from what comes out.
import { greyOf } from '../worker/image/color.ts'
import { psnr, ssim } from '../worker/image/metrics.ts'
import { modcrop, type Plane, quantize } from '../worker/image/plane.ts'
import { type Model, upscale, upscalePlane } from '../worker/engine/upscale.ts'
import type { ModelScore, Quality } from '../worker/model/manifest.ts'
import type { Picture } from './dataset.ts'
import { type InputKind, shrinkPicture, shrinkPlane, truthOf } from './degrade.ts'

export interface PictureScore {
  readonly picture: string
  readonly bicubic: Quality
  readonly model: Quality
}

export interface SetScore {
  readonly set: string
  readonly scale: number
  readonly input: InputKind
  readonly bicubic: Quality
  readonly model: Quality
  readonly pictures: readonly PictureScore[]
}

/** `model` undefined: bicubic itself. */
export async function scoreSet(
  set: string,
  pictures: readonly Picture[],
  scale: number,
  input: InputKind,
  model?: Model,
): Promise<SetScore> {
  const scores: PictureScore[] = []
  for (const picture of pictures) {
    const truth = modcrop(lumaLevels(picture, picture.rgba), scale)
    const measure = async (enlarged: Promise<Plane>): Promise<Quality> => {
      const result = await enlarged
      return { psnr: psnr(result, truth, scale), ssim: ssim(result, truth, scale) }
    }
    const bicubic = await measure(enlarge(picture, scale, input))
    scores.push({
      picture: picture.name,
      bicubic,
      model: model ? await measure(enlarge(picture, scale, input, model)) : bicubic,
    })
  }
  const mean = (of: (score: PictureScore) => Quality): Quality => ({
    psnr: scores.reduce((sum, score) => sum + of(score).psnr, 0) / scores.length,
    ssim: scores.reduce((sum, score) => sum + of(score).ssim, 0) / scores.length,
  })
  return {
    set,
    scale,
    input,
    bicubic: mean((score) => score.bicubic),
    model: mean((score) => score.model),
    pictures: scores,
  }
}

/** For the manifest: more digits than runs of one recipe agree in. */
export function manifestScoreOf(score: SetScore): ModelScore {
  const { set, input, pictures, model, bicubic } = score
  return { set, input, images: pictures.length, ...rounded(model), bicubic: rounded(bicubic) }
}

function rounded(quality: Quality): Quality {
  return { psnr: Number(quality.psnr.toFixed(4)), ssim: Number(quality.ssim.toFixed(4)) }
}

/** Small, then large again; in 8-bit levels. */
async function enlarge(
  picture: Picture,
  scale: number,
  input: InputKind,
  model?: Model,
): Promise<Plane> {
  if (input === 'uint8') {
    return lumaLevels(picture, await upscale(shrinkPicture(picture.rgba, scale), scale, model))
  }
  const small = shrinkPlane(lumaLevels(picture, picture.rgba), scale)
  return quantize(await upscalePlane(small, scale, model))
}

function lumaLevels({ isGrey }: Picture, rgba: Picture['rgba']): Plane {
  return isGrey ? greyOf(rgba) : truthOf(rgba)
}
