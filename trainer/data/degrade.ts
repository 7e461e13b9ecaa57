// Degrades pictures for training and evaluation: turns a truth (an original picture) into the small picture that a
// network enlarges again. Follows the SRCNN authors' code: modcrop, then imresize by 1/scale.
//
// There are two kinds of input. `float`: luma is resized and not rounded, as in papers. `uint8`: each RGB channel is
// resized and rounded to 8 bits, as in a picture that was shrunk and stored before a service receives it; luma is
// computed from the rounded channels.
//
// Training has a third kind of input: the 8-bit picture, compressed as JPEG like most pictures on the web. A network
// with three channels gets red, green and blue wherever a network with one channel gets luma.
import type { Planes } from '../../worker/engine/engine.ts'
import { mapPlanes } from '../../worker/engine/planes.ts'
import { lumaOf } from '../../worker/image/color.ts'
import { createPlane, modcrop, type Plane, quantize, type Rect, type Rgba } from '../../worker/image/plane.ts'
import type { Random } from '../../worker/image/prng.ts'
import { resize } from '../../worker/image/resize.ts'
import type { Codec } from '../../worker/codec/contract.ts'
import { STEP_TABLES, SUBSAMPLINGS } from '../../worker/codec/jpeg/variant.ts'
import { UsageError } from '../../worker/terminal/arguments.ts'
import { compressPicture, type JpegEncoderName } from './compress.ts'

export const INPUTS = ['float', 'uint8'] as const
export type InputKind = (typeof INPUTS)[number]

/** How training degrades its pictures. */
export type Degradation = {
  /** Standard deviation, in pixels of the truth, of a Gaussian blur before shrinking; 0 for no blur. */
  readonly blur: number
} & (
  | {
      readonly kind: 'clean'
      /** Share of patches, 0..1, that are cut from 8-bit input instead of unrounded input. */
      readonly uint8Share: number
    }
  | {
      readonly kind: 'jpeg'
      /** Lowest and highest JPEG quality, 1 to 100. */
      readonly qualities: readonly [number, number]
      readonly encoder: JpegEncoderName
    }
)

/** Default range of JPEG qualities: 30 for barely recognisable thumbnails, 95 for what photo editors save. */
const DEFAULT_QUALITIES = [30, 95] as const
/** Number of JPEG versions of a small picture. Each version draws its quality from a different quarter of the range. */
const JPEG_VERSIONS = 4

/** The options beside --degrade that a degradation depends on. */
export interface DegradationOptions {
  readonly uint8Share: number
  readonly blur?: number
  readonly encoder?: JpegEncoderName
}

/** Parses `clean`, `jpeg` or `jpeg:30-95`; throws a UsageError for anything else. */
export function parseDegradation(
  text: string,
  { uint8Share, blur = 0, encoder = 'mozjpeg' }: DegradationOptions,
): Degradation {
  if (text === 'clean') return { kind: 'clean', uint8Share, blur }
  if (text === 'jpeg') return { kind: 'jpeg', qualities: DEFAULT_QUALITIES, encoder, blur }
  const range = /^jpeg:(\d+)-(\d+)$/.exec(text)
  const qualities = [Number(range?.[1]), Number(range?.[2])] as const
  if (range && qualities[0] >= 1 && qualities[0] <= qualities[1] && qualities[1] <= 100) {
    return { kind: 'jpeg', qualities, encoder, blur }
  }
  throw new UsageError(
    `expected --degrade to be clean, jpeg or jpeg:LOW-HIGH with qualities of 1 to 100, got "${text}"`,
  )
}

/** Returns the share of patches to cut from each version that `degrade` returns. The shares sum to 1. */
export function sharesOf(degradation: Degradation): number[] {
  if (degradation.kind === 'jpeg') return Array.from({ length: JPEG_VERSIONS }, () => 1 / JPEG_VERSIONS)
  return [1 - degradation.uint8Share, degradation.uint8Share].filter((share) => share > 0)
}

/**
 * Degrades a picture for a network with `channels` channels. Returns one version for each share of `sharesOf`. `random`
 * draws the JPEG settings.
 */
export async function degrade(
  picture: Rgba,
  channels: number,
  scale: number,
  degradation: Degradation,
  random: Random,
  codec: Codec,
): Promise<Planes[]> {
  const { kind, blur } = degradation
  if (kind === 'clean') {
    const { uint8Share } = degradation
    return [
      ...(uint8Share < 1 ? [shrinkPlanes(truthPlanes(picture, channels), scale, blur)] : []),
      ...(uint8Share > 0 ? [planesOf(shrinkPicture(picture, scale, blur), channels)] : []),
    ]
  }
  const small = shrinkPicture(picture, scale, blur)
  const { encoder } = degradation
  const [low, high] = degradation.qualities
  const versions: Planes[] = []
  for (let i = 0; i < JPEG_VERSIONS; i++) {
    const position = (i + random.next()) / JPEG_VERSIONS
    const quality = Math.round(low + (high - low) * position)
    const subsampling = SUBSAMPLINGS[random.below(SUBSAMPLINGS.length)]
    const steps = STEP_TABLES[random.below(STEP_TABLES.length)]
    const compressed = await compressPicture(codec, small, { quality, encoder, subsampling, steps })
    versions.push(planesOf(compressed, channels))
  }
  return versions
}

/** Returns luma for 1 channel; red, green and blue for 3. */
function planesOf(picture: Rgba, channels: number): Planes {
  return channels === 1 ? { channels, ...lumaOf(picture) } : splitRgb(picture)
}

/** Returns the truth for a network with `channels` channels, rounded to 8-bit levels (multiples of 1/255). */
export function truthPlanes(picture: Rgba, channels: number): Planes {
  return mapPlanes(planesOf(picture, channels), quantize)
}

/**
 * Returns the truth's luma in 8-bit levels (multiples of 1/255), as MATLAB's rgb2ycbcr computes it for a uint8 picture.
 */
export function truthOf(picture: Rgba): Plane {
  return quantize(lumaOf(picture))
}

/**
 * Crops a plane by modcrop, blurs it with standard deviation `blur`, and shrinks it from [h, w] to [h / scale, w /
 * scale]. Does not round values.
 */
export function shrinkPlane(plane: Plane, scale: number, blur = 0): Plane {
  const whole = blurPlane(modcrop(plane, scale), blur)
  return resize(whole, whole.width / scale, whole.height / scale)
}

function shrinkPlanes(planes: Planes, scale: number, blur: number): Planes {
  return mapPlanes(planes, (plane) => shrinkPlane(plane, scale, blur))
}

/** Returns the opaque 8-bit picture that a service would receive: every channel is shrunk and rounded. */
export function shrinkPicture(picture: Rgba, scale: number, blur = 0): Rgba {
  return mergeRgb(shrinkPlanes(splitRgb(picture), scale, blur))
}

/**
 * Applies a Gaussian blur with standard deviation `sigma` in pixels, separable and cut off at 3 sigma. Edges are
 * mirrored, with the edge sample repeated. If `sigma` is 0, returns the plane itself.
 */
export function blurPlane(plane: Plane, sigma: number): Plane {
  if (sigma === 0) return plane
  const radius = Math.ceil(3 * sigma)
  const taps = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)))
  const sum = taps.reduce((a, b) => a + b)
  const kernel = taps.map((tap) => tap / sum)
  const { width, height } = plane
  const rows = convolveLines(plane, kernel, width, 1, height, width)
  return convolveLines(rows, kernel, height, width, width, 1)
}

/**
 * Convolves all lines of a plane, which are either its rows or its columns. There are `lines` lines, and line i starts
 * at index i * apart. A line has `length` samples, whose indices are `step` apart.
 */
function convolveLines(
  plane: Plane,
  kernel: readonly number[],
  length: number,
  step: number,
  lines: number,
  apart: number,
): Plane {
  const out = createPlane(plane.width, plane.height)
  const radius = (kernel.length - 1) / 2
  const mirrored = Array.from({ length: length + 2 * radius }, (_, i) => {
    const index = (((i - radius) % (2 * length)) + 2 * length) % (2 * length)
    return index < length ? index : 2 * length - 1 - index
  })
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < length; i++) {
      let sum = 0
      for (let k = 0; k < kernel.length; k++) sum += kernel[k] * plane.data[line * apart + mirrored[i + k] * step]
      out.data[line * apart + i * step] = sum
    }
  }
  return out
}

/**
 * Returns a picture whose sides are `factor` (at most 1) times as long, so that one picture gives several training
 * pictures. Uses the same filter as the degradation.
 */
export function rescalePicture(picture: Rgba, factor: number): Rgba {
  return factor === 1 ? picture : rescalePart(picture, factor, { x: 0, y: 0, ...rescaledSize(picture, factor) })
}

/** Computes only the rectangle `part` of the result of `rescalePicture`. */
export function rescalePart(picture: Rgba, factor: number, part: Rect): Rgba {
  if (factor === 1) return cropRgba(picture, part)
  const { width, height } = rescaledSize(picture, factor)
  return mergeRgb(mapPlanes(splitRgb(picture), (plane) => resize(plane, width, height, part)))
}

export function rescaledSize({ width, height }: Rgba, factor: number) {
  return { width: Math.round(width * factor), height: Math.round(height * factor) }
}

/** Returns a part of a picture. The rectangle must be inside the picture. */
export function cropRgba(picture: Rgba, { x, y, width, height }: Rect): Rgba {
  const data = new Uint8ClampedArray(4 * width * height)
  for (let row = 0; row < height; row++) {
    const from = 4 * ((y + row) * picture.width + x)
    data.set(picture.data.subarray(from, from + 4 * width), 4 * row * width)
  }
  return { width, height, data }
}

/** Enlarges [h, w] to [h * scale, w * scale] by bicubic: the input that SRCNN starts from. */
export function enlargePlane(plane: Plane, scale: number): Plane {
  return resize(plane, plane.width * scale, plane.height * scale)
}

/** Degrades a truth as `kind` says and enlarges its luma by bicubic to the truth's size: the input of SRCNN. */
export function bicubicOf(picture: Rgba, scale: number, kind: InputKind): Plane {
  const small = kind === 'float' ? shrinkPlane(truthOf(picture), scale) : lumaOf(shrinkPicture(picture, scale))
  return enlargePlane(small, scale)
}

/** Returns red, green and blue as three planes of level / 255. */
export function splitRgb({ width, height, data: rgba }: Rgba): Planes {
  const area = width * height
  const data = new Float32Array(3 * area)
  for (let c = 0, o = 0; c < 3; c++) {
    for (let i = 0; i < area; i++, o++) data[o] = rgba[4 * i + c] / 255
  }
  return { channels: 3, width, height, data }
}

/** Returns an opaque picture from planes of red, green and blue, rounded and clamped. */
export function mergeRgb({ channels, width, height, data: planes }: Planes): Rgba {
  const area = width * height
  const data = new Uint8ClampedArray(4 * area).fill(255)
  for (let c = 0, o = 0; c < channels; c++) {
    // Math.round comes first, because the clamped array rounds ties to even but MATLAB's uint8() rounds them away from
    // zero.
    for (let i = 0; i < area; i++, o++) data[4 * i + c] = Math.round(planes[o] * 255)
  }
  return { width, height, data }
}

/**
 * Formats a degradation in the syntax of --degrade, `clean` or `jpeg:30-95`, followed by its encoder if that is not
 * MozJPEG, and by its blur if it has one.
 */
export function describeDegradation(degradation: Degradation): string {
  const isJpeg = degradation.kind === 'jpeg'
  const kind = isJpeg ? `jpeg:${degradation.qualities.join('-')}` : 'clean'
  const encoder = isJpeg && degradation.encoder !== 'mozjpeg' ? `, ${degradation.encoder} encoder` : ''
  return `${kind}${encoder}${degradation.blur > 0 ? `, blur ${degradation.blur}` : ''}`
}
