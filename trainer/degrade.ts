// THE degradation: how a truth becomes the small picture that a network must undo. Training and
// evaluation share it. After the SRCNN authors' code: modcrop, then imresize by 1/scale.
//
// Two kinds. `float`: luma is resized and not rounded, as papers train and measure. `uint8`: each
// RGB channel is resized and rounded to 8 bits, as a service receives a picture that somebody
// shrank and stored; its luma is computed from that.
import { lumaOf } from '../worker/image/color.ts'
import { createPlane, modcrop, type Plane, quantize, type Rgba } from '../worker/image/plane.ts'
import { resize } from '../worker/image/resize.ts'

export const INPUTS = ['float', 'uint8'] as const
export type InputKind = (typeof INPUTS)[number]

/** The truth's luma in 8-bit levels, as MATLAB's rgb2ycbcr gives it for a uint8 picture. */
export function truthOf(picture: Rgba): Plane {
  return quantize(lumaOf(picture))
}

/** [h, w] -> [h / scale, w / scale] after modcrop, values not rounded. */
export function shrinkPlane(plane: Plane, scale: number): Plane {
  const whole = modcrop(plane, scale)
  return resize(whole, whole.width / scale, whole.height / scale)
}

/** The 8-bit picture a service would receive: every channel shrunk and rounded; opaque. */
export function shrinkPicture(picture: Rgba, scale: number): Rgba {
  const channels = [0, 1, 2].map((c) => shrinkPlane(channelOf(picture, c), scale))
  return mergeChannels(channels)
}

/** `picture` at `factor` of its size (at most 1): more pictures from few, by the same filter. */
export function rescalePicture(picture: Rgba, factor: number): Rgba {
  if (factor === 1) return picture
  const width = Math.round(picture.width * factor)
  const height = Math.round(picture.height * factor)
  return mergeChannels([0, 1, 2].map((c) => resize(channelOf(picture, c), width, height)))
}

/** [h, w] -> [h * scale, w * scale]: what a network starts from. */
export function enlargePlane(plane: Plane, scale: number): Plane {
  return resize(plane, plane.width * scale, plane.height * scale)
}

/** The luma that a network starts from, at the truth's size, for a truth degraded as `kind` says. */
export function bicubicOf(picture: Rgba, scale: number, kind: InputKind): Plane {
  const small =
    kind === 'float' ? shrinkPlane(truthOf(picture), scale) : lumaOf(shrinkPicture(picture, scale))
  return enlargePlane(small, scale)
}

function channelOf({ width, height, data }: Rgba, channel: number): Plane {
  const plane = createPlane(width, height)
  for (let i = 0; i < plane.data.length; i++) plane.data[i] = data[4 * i + channel] / 255
  return plane
}

function mergeChannels(channels: readonly Plane[]): Rgba {
  const { width, height } = channels[0]
  const data = new Uint8ClampedArray(4 * width * height).fill(255)
  channels.forEach((plane, c) => {
    // Math.round first: the clamped store rounds ties to even, MATLAB's uint8() away from zero.
    for (let i = 0; i < plane.data.length; i++) data[4 * i + c] = Math.round(plane.data[i] * 255)
  })
  return { width, height, data }
}
