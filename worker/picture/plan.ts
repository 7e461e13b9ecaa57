// Decides from a picture's header whether and how the picture is enlarged, so that limits are checked before any pixel
// is decoded.
import { type Format, type Scale, SCALES } from '../client/allowed.ts'
import type { Divisor, EncodeFormat } from '../codec/contract.ts'
import { DamagedError, TooComplexError } from '../codec/error.ts'
import { type Header, type ImageType, uprightSize } from '../codec/header.ts'
import type { Engine } from '../engine/engine.ts'
import type { Model } from '../engine/upscale.ts'
import type { Network } from '../model/network.ts'
import type { Settings } from '../options.ts'
import { type Cost, estimateCost } from './cost.ts'
import { BICUBIC, type Candidates, type ChosenModel, modelFor, type Models } from './models.ts'
import { Skip } from './skip.ts'
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
  readonly engineFor: (network: Network) => Engine
}

/**
 * Returns the weights that a request may get. `auto` stands for the operator's model and, for JPEGs, for the weights
 * with `-jpeg` appended to its name. Any other name stands for itself. If the request asks for a size in pixels, the
 * scale is still open, so the weights at all scales are returned. Throws an SrError for an unknown name.
 */
export async function choicesOf(
  { size, model: asked }: Pick<Wish, 'size' | 'model'>,
  { models, settings }: Pick<DecisionDeps, 'models' | 'settings'>,
): Promise<Choices> {
  const isAuto = asked === 'auto'
  const name = isAuto ? settings.model : asked
  const choices = new Map<Scale, Candidates>()
  const isSized = size.scale === undefined
  for (const scale of isSized ? SCALES : [size.scale]) {
    const model = await (isSized ? models.find(name, scale) : models.choose(name, scale))
    if (!model && name !== BICUBIC) continue
    const forJpeg = isAuto && model ? await models.find(`${name}-jpeg`, scale) : undefined
    // Weights in a bucket are trained for the operator's kind of picture, so they are not paired with bundled weights.
    choices.set(scale, { model, jpegModel: forJpeg?.from === model?.from ? forJpeg : undefined })
  }
  if (choices.size === 0) await models.choose(name, SCALES[0]) // throws
  return choices
}

/** A source file, of which only the header is read so far. */
export interface SourceFile {
  readonly header: Header
  /** Length of the file in bytes. */
  readonly bytes: number
}

/** Decides how a picture is enlarged. Throws a Skip if it cannot be enlarged within the limits. */
export async function decide(source: SourceFile, wish: Wish, choices: Choices, deps: DecisionDeps): Promise<Decision> {
  return withinCost(planOf(source.header, wish, choices, deps.settings), source, deps)
}

/** Longest side of a result in pixels. Every encoder can write it (the limit of WebP is 16,383). */
export const MAX_OUTPUT_SIDE = 16_000

function planOf(header: Header, wish: Wish, choices: Choices, { maxSourcePixels, maxOutputPixels }: Settings): Plan {
  if (header.obstacle) throw new Skip(header.obstacle)
  const source = uprightSize(header)
  if (source.width * source.height > maxSourcePixels) throw new Skip('SOURCE_PIXELS')
  const { scale, width, height } = fitOf(source, wish.size, [...choices.keys()])
  const longestSide = Math.max(source.width, source.height) * scale
  if (width * height > maxOutputPixels || longestSide > MAX_OUTPUT_SIDE) throw new Skip('OUTPUT_PIXELS')
  const format = formatOf(header.type, wish.format)! // a type without one has an obstacle
  const isSame = width === source.width && height === source.height && format === header.type
  if (isSame) throw new Skip('SAME_SIZE')
  const model = scale === 1 ? undefined : modelFor(header.jpegQuality, choices.get(scale)!)
  const divisor = header.type === 'jpeg' && scale === 1 ? divisorFor(source.width / width) : 1
  return { scale, divisor, width, height, format, quality: wish.quality, model }
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
 * aspect ratio is kept. If even the largest scale is too small, returns the largest scale, and the size of the picture
 * enlarged by it.
 */
function fitOf(source: Box, size: Size, scales: readonly Scale[]): Box & Pick<Plan, 'scale'> {
  const { width, height } = source
  const { scale: asked, width: boxWidth = Infinity, height: boxHeight = Infinity } = size
  const factor = asked ?? Math.min(boxWidth / width, boxHeight / height)
  const scale = factor <= 1 ? 1 : (scales.find((candidate) => candidate >= factor) ?? scales.at(-1)!)
  const sideOf = (side: number) => Math.max(1, Math.round(side * Math.min(factor, scale)))
  return { scale, width: sideOf(width), height: sideOf(height) }
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

/** Returns the format of a result. Undefined if the source's own format is requested but cannot be decoded here. */
export function formatOf(type: ImageType, asked: Format): EncodeFormat | undefined {
  return asked === 'source' || asked === 'auto' ? SAME_FORMAT[type] : asked
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

/**
 * Waits for `work`. If it fails, throws a Skip with the failure as its cause: DAMAGED or TOO_COMPLEX if the file is to
 * blame.
 */
export async function orSkip<T>(reason: 'MODEL' | 'DECODE' | 'ENGINE' | 'ENCODE', work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw new Skip(blamed(cause) ?? reason, { cause })
  }
}

function blamed(cause: unknown): 'DAMAGED' | 'TOO_COMPLEX' | undefined {
  if (cause instanceof DamagedError) return 'DAMAGED'
  return cause instanceof TooComplexError ? 'TOO_COMPLEX' : undefined
}
