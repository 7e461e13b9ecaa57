// Decides from a picture's header whether and how the picture is enlarged, so that limits are checked before any pixel
// is decoded.
import { type Format, type Scale, SCALES } from '../client/allowed.ts'
import type { Divisor, EncodeFormat } from '../codec/contract.ts'
import { type Header, type ImageType, uprightSize } from '../codec/header.ts'
import type { Engine } from '../engine/engine.ts'
import type { Model } from '../engine/upscale.ts'
import type { Network } from '../model/network.ts'
import type { Settings } from '../options.ts'
import { type Limits, MAX_OUTPUT_SIDE } from '../platform/limits.ts'
import { type Cost, estimateCost } from './cost.ts'
import { BICUBIC, type Candidates, type ChosenModel, JPEG_SUFFIX, modelFor, type Models } from './models.ts'
import { orSkip, Skip, type SkipReason } from './skip.ts'
import type { Size, Wish } from './wish.ts'

/** Maps each scale that is possible for a request to the weights that a picture may get at that scale. */
export type Choices = ReadonlyMap<Scale, Candidates>

export interface Plan {
  /** The factor by which the network or bicubic enlarges; 1 if nothing is enlarged. */
  readonly scale: Scale | 1
  /** The divisor at which the source is decoded. Above 1 only for a JPEG that is shrunk by far. */
  readonly divisor: Divisor
  /**
   * Size of the result in pixels. If the request asks for a size, the result may be smaller than `scale` times the
   * source.
   */
  readonly width: number
  readonly height: number
  readonly format: EncodeFormat
  readonly quality: number
  /** Undefined for bicubic, and if nothing is enlarged. */
  readonly model: ChosenModel | undefined
  /** The size that the request asks for, if the result is smaller, because this is the largest that is possible. */
  readonly asked: Size | undefined
  /**
   * True if the picture is only encoded anew. Then the result is served only if it has fewer bytes than the source, and
   * no transparency that the source stores without loss.
   */
  readonly isRecoded: boolean
}

/** A plan within the limits, its loaded model, and its estimated cost. */
export interface Decision {
  readonly plan: Plan
  readonly model: Model | undefined
  readonly cost: Cost
}

/** Everything that a decision depends on besides the picture and the wish. */
export interface DecisionDeps {
  readonly settings: Settings
  readonly models: Models
  readonly limits: Limits
  readonly engineFor: (network: Network) => Engine
}

/**
 * Returns the weights that a request may get. `auto` stands for the operator's model and, for JPEGs, for the weights
 * with `-jpeg` appended to its name. Any other name stands for itself. The scale is still open, because the limits may
 * lower it, and because the request may ask for a size in pixels. So the weights at all possible scales are returned.
 * Throws an SrError for an unknown name.
 */
export async function choicesOf(
  { size, model: asked }: Pick<Wish, 'size' | 'model'>,
  { models, settings }: Pick<DecisionDeps, 'models' | 'settings'>,
): Promise<Choices> {
  const isAuto = asked === 'auto'
  const name = isAuto ? settings.model : asked
  const choices = new Map<Scale, Candidates>()
  for (const scale of SCALES.filter((one) => one <= (size.scale ?? Infinity))) {
    const model = await (scale === size.scale
      ? models.choose(name, scale, settings.modelNames)
      : models.find(name, scale))
    if (!model && name !== BICUBIC) continue
    const forJpeg = isAuto && model ? await models.find(`${name}${JPEG_SUFFIX}`, scale) : undefined
    // Weights in a bucket are trained for the operator's kind of picture, so they are not paired with bundled weights.
    choices.set(scale, { model, jpegModel: forJpeg?.from === model?.from ? forJpeg : undefined })
  }
  if (choices.size === 0) await models.choose(name, SCALES[0], settings.modelNames) // throws
  return choices
}

/** A source file, of which only the header is read so far. */
export interface SourceFile {
  readonly header: Header
  /** Length of the file in bytes. */
  readonly bytes: number
}

/**
 * Decides how a picture is enlarged. If the asked size exceeds a limit, that is the next smaller scale or allowed size
 * that does not. Throws a Skip if there is none.
 */
export async function decide(source: SourceFile, wish: Wish, choices: Choices, deps: DecisionDeps): Promise<Decision> {
  const { header } = source
  const { settings, limits } = deps
  if (header.obstacle) throw new Skip(header.obstacle)
  const { width, height } = uprightSize(header)
  if (width * height > Math.min(settings.maxSourcePixels, limits.sourcePixels(header.type))) {
    throw new Skip('SOURCE_PIXELS')
  }
  let first: Skip | undefined
  for (const size of [wish.size, ...smallerSizes(wish.size, { width, height }, choices, settings)]) {
    try {
      const plan = planOf(header, size, wish, choices, deps)
      const asked = first ? wish.size : plan.asked
      return await withinCost({ ...plan, asked }, source, deps)
    } catch (error) {
      if (!(error instanceof Skip) || !TOO_LARGE.includes(error.reason)) throw error
      first ??= error
    }
  }
  throw first!
}

const TOO_LARGE: readonly SkipReason[] = ['OUTPUT_PIXELS', 'COST']

/** Returns the sizes to try if the asked one is too large, from large to small. All of them enlarge the picture. */
function smallerSizes({ scale, ...box }: Size, source: Box, choices: Choices, { sizes }: Settings): Size[] {
  if (scale !== undefined) {
    const scales = [...choices.keys()].filter((one) => one < scale)
    return scales.toReversed().map((one) => ({ scale: one }))
  }
  const { width, height } = fitOf(source, box, [...choices.keys()])
  const side = box.width === undefined ? 'height' : 'width'
  const smaller = sizes.filter((one) => one > source[side] && one < { width, height }[side])
  const other = side === 'width' ? { height: box.height } : {}
  return smaller.toSorted((a, b) => b - a).map((one) => Object.assign({ [side]: one }, other))
}

/** Throws a Skip if this size exceeds the limits on pixels. */
function planOf(
  header: Header,
  size: Size,
  wish: Wish,
  choices: Choices,
  { settings, limits }: Pick<DecisionDeps, 'settings' | 'limits'>,
): Plan {
  const { type, alpha, jpegQuality } = header
  const source = uprightSize(header)
  const fit = fitOf(source, size, [...choices.keys()])
  const { width, height } = fit
  const isSameSize = width === source.width && height === source.height
  const scale = isSameSize ? 1 : fit.scale
  const pixels = width * height
  const isWithin = (format: EncodeFormat) =>
    pixels <= Math.min(settings.maxOutputPixels, limits.resultPixels(format, alpha))
  const format = formatOf(type, wish.format, alpha, isWithin)! // a type without one has an obstacle
  const longestSide = Math.max(source.width, source.height) * scale
  if (!isWithin(format) || longestSide > MAX_OUTPUT_SIDE) throw new Skip('OUTPUT_PIXELS')
  if (isSameSize && format === type) throw new Skip('SAME_SIZE')
  const model = scale === 1 ? undefined : modelFor(jpegQuality, choices.get(scale)!)
  const divisor = type === 'jpeg' && scale === 1 ? divisorFor(source.width / width) : 1
  const isRecoded = isSameSize && wish.format === 'auto'
  const asked = fit.isWhole ? undefined : size
  return { scale, divisor, width, height, format, quality: wish.quality, model, asked, isRecoded }
}

/**
 * For each divisor, the least number of decoded pixels for each pixel of the result, along a side. With fewer, the
 * result would differ visibly from one of the full picture: at these, its planes have 45 dB or more.
 */
const LEAST_DECODED = { 8: 3, 4: 2.5, 2: 1.56 } as const

/** Returns the largest divisor for a picture that is shrunk by `factor`. */
function divisorFor(factor: number): Divisor {
  return ([8, 4, 2] as const).find((divisor) => factor / divisor >= LEAST_DECODED[divisor]) ?? 1
}

/**
 * Returns the smallest scale that covers the requested size, and the size to which the picture is then shrunk. The
 * aspect ratio is kept. If even the largest scale is too small, returns the largest scale and the size of the picture
 * enlarged by it, and `isWhole` is false.
 */
function fitOf(
  source: Box,
  size: Size,
  scales: readonly Scale[],
): Box & Pick<Plan, 'scale'> & { readonly isWhole: boolean } {
  const { width, height } = source
  const { scale: asked, width: boxWidth = Infinity, height: boxHeight = Infinity } = size
  const factor = asked ?? Math.min(boxWidth / width, boxHeight / height)
  const scale = factor <= 1 ? 1 : (scales.find((candidate) => candidate >= factor) ?? scales.at(-1)!)
  const sideOf = (side: number) => Math.max(1, Math.round(side * Math.min(factor, scale)))
  return { scale, width: sideOf(width), height: sideOf(height), isWhole: factor <= scale }
}

interface Box {
  readonly width: number
  readonly height: number
}

/** Result format of each decoded type for `sr-format=source`. GIF and BMP become PNG, because PNG is lossless. */
const SAME_FORMAT: Partial<Record<ImageType, EncodeFormat>> = {
  jpeg: 'jpeg',
  png: 'png',
  webp: 'webp',
  gif: 'png',
  bmp: 'png',
}

/**
 * Returns the format of a result. `auto` stands for WebP or, if the result would be too large for WebP, for JPEG, or PNG
 * if there is transparency. Undefined if the source's own format is requested but cannot be decoded here.
 */
export function formatOf(
  type: ImageType,
  asked: Format,
  hasAlpha = false,
  isWithin: (format: EncodeFormat) => boolean = () => true,
): EncodeFormat | undefined {
  if (asked === 'source') return SAME_FORMAT[type]
  if (asked !== 'auto') return asked
  return isWithin('webp') ? 'webp' : hasAlpha ? 'png' : 'jpeg'
}

/**
 * Returns the plan with its network, or with bicubic if the network would cost too much. Throws a Skip if bicubic would
 * cost too much as well.
 */
async function withinCost(
  plan: Plan,
  { header, bytes }: SourceFile,
  { engineFor, settings }: DecisionDeps,
): Promise<Decision> {
  const isWithin = ({ cpuMs, memoryBytes }: Cost) =>
    cpuMs <= settings.maxCpuMs && memoryBytes <= settings.maxMemoryBytes
  const bicubicCost = estimateCost(header, bytes, plan, undefined)
  if (!isWithin(bicubicCost)) throw new Skip('COST')
  if (!plan.model) return { plan, model: undefined, cost: bicubicCost }
  const network = await orSkip('MODEL', plan.model.load())
  const model = { network, engine: engineFor(network) }
  const cost = estimateCost(header, bytes, plan, model)
  if (isWithin(cost)) return { plan, model, cost }
  return { plan: { ...plan, model: undefined }, model: undefined, cost: bicubicCost }
}
