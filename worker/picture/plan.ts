// What will be done with a picture, decided from its header alone: limits are checked before any pixel exists.
import type { EncodeFormat } from '../codec/contract.ts'
import { type Header, type ImageType, uprightSize } from '../codec/header.ts'
import { type Cost, estimateCost } from './cost.ts'
import type { Engine } from '../engine/engine.ts'
import type { Model } from '../engine/upscale.ts'
import type { Network } from '../model/network.ts'
import { BICUBIC, type Candidates, type ChosenModel, modelFor, type Models } from './models.ts'
import type { Settings } from '../options.ts'
import { type Format, type Scale, SCALES } from '../client/allowed.ts'
import type { Params, Size } from '../request/params.ts'
import { Skip } from './skip.ts'

/** What may be done: for each scale that there are weights for, which. */
export type Choices = ReadonlyMap<Scale, Candidates>

export interface Plan {
  /** By how much the network or bicubic enlarges; 1: nothing is enlarged. */
  readonly scale: Scale | 1
  /** Of the result, in pixels. Smaller than `scale` makes it where a size was asked for. */
  readonly width: number
  readonly height: number
  readonly format: EncodeFormat
  readonly quality: number
  /** Undefined: bicubic. */
  readonly model: ChosenModel | undefined
}

/** A plan that can be carried out, and what it takes. */
export interface Decision {
  readonly plan: Plan
  readonly model: Model | undefined
  readonly cost: Cost
}

/** What deciding works with. */
export interface Deciding {
  readonly settings: Settings
  readonly models: Models
  readonly engineFor: (network: Network) => Engine
}

/**
 * `auto` is what the operator chose, and what was trained beside it for JPEGs; a name is just that. A size
 * in pixels does not say which scale it will take. Throws an SrError for a name that there is not.
 */
export async function choicesOf(
  { size, model: asked }: Pick<Params, 'size' | 'model'>,
  { models, settings }: Pick<Deciding, 'models' | 'settings'>,
): Promise<Choices> {
  const isAuto = asked === 'auto'
  const name = isAuto ? settings.model : asked
  const choices = new Map<Scale, Candidates>()
  const isSized = size.scale === undefined
  for (const scale of isSized ? SCALES : [size.scale]) {
    const model = await (isSized ? models.find(name, scale) : models.choose(name, scale))
    if (!model && name !== BICUBIC) continue
    const forJpeg = isAuto && model ? await models.find(`${name}-jpeg`, scale) : undefined
    // Somebody's own weights, for their own kind of picture, are not paired with ours.
    choices.set(scale, { model, jpegModel: forJpeg?.from === model?.from ? forJpeg : undefined })
  }
  if (choices.size === 0) await models.choose(name, SCALES[0]) // throws
  return choices
}

/** Throws a Skip for a picture that is beyond us. `bytes` is the length of its file. */
export async function decide(
  header: Header,
  bytes: number,
  want: Params,
  format: Format,
  choices: Choices,
  deciding: Deciding,
): Promise<Decision> {
  return affordable(planOf(header, want, format, choices, deciding.settings), header, bytes, deciding)
}

/** Longest side of a result in pixels: within what every encoder can write (WebP: 16,383). */
export const MAX_OUTPUT_SIDE = 16_000

function planOf(
  header: Header,
  want: Params,
  asked: Format,
  choices: Choices,
  { maxSourcePixels, maxOutputPixels }: Settings,
): Plan {
  if (header.obstacle) throw new Skip(header.obstacle)
  const source = uprightSize(header)
  if (source.width * source.height > maxSourcePixels) throw new Skip('SOURCE_PIXELS')
  const { scale, width, height } = fitOf(source, want.size, [...choices.keys()])
  if (width * height > maxOutputPixels || Math.max(source.width, source.height) * scale > MAX_OUTPUT_SIDE)
    throw new Skip('OUTPUT_PIXELS')
  const format = formatOf(header.type, asked)! // what has none is an obstacle
  const isSame = width === source.width && height === source.height && format === header.type
  if (isSame) throw new Skip('SAME_SIZE')
  const model = scale === 1 ? undefined : modelFor(header.jpegQuality, choices.get(scale)!)
  return { scale, width, height, format, quality: want.quality, model }
}

/**
 * How a picture comes to its size: by the smallest scale that covers it, from there down to the exact
 * size, aspect ratio kept. Beyond the largest scale: as large as that makes it.
 */
function fitOf(source: Box, size: Size, scales: readonly Scale[]): Box & Pick<Plan, 'scale'> {
  const { width, height } = source
  const { scale: asked, width: across = Infinity, height: down = Infinity } = size
  const factor = asked ?? Math.min(across / width, down / height)
  const scale = factor <= 1 ? 1 : (scales.find((one) => one >= factor) ?? scales.at(-1)!)
  const sideOf = (side: number) => Math.max(1, Math.round(side * Math.min(factor, scale)))
  return { scale, width: sideOf(width), height: sideOf(height) }
}

interface Box {
  readonly width: number
  readonly height: number
}

/** What `sr-format=source` gives, of what is decoded; GIF and BMP become PNG, which holds all that they hold. */
const SAME_FORMAT: Partial<Record<ImageType, EncodeFormat>> = {
  jpeg: 'jpeg',
  png: 'png',
  webp: 'webp',
  gif: 'png',
  bmp: 'png',
}

/** The format of a result; undefined for a source that is not decoded and whose own format is wanted. */
export function formatOf(type: ImageType, asked: Format): EncodeFormat | undefined {
  return asked === 'source' || asked === 'auto' ? SAME_FORMAT[type] : asked
}

/** The plan, or bicubic where that would cost too much. Throws a Skip where bicubic would, too. */
async function affordable(
  plan: Plan,
  header: Header,
  bytes: number,
  { engineFor, settings }: Deciding,
): Promise<Decision> {
  const isWithin = ({ cpuMs, memoryBytes }: Cost) =>
    cpuMs <= settings.maxCpuMs && memoryBytes <= settings.maxMemoryBytes
  const plain = estimateCost(header, bytes, plan, undefined)
  if (!isWithin(plain)) throw new Skip('COST')
  if (!plan.model) return { plan, model: undefined, cost: plain }
  const network = await orSkip('MODEL', plan.model.load())
  const model = { network, engine: engineFor(network) }
  const cost = estimateCost(header, bytes, plan, model)
  if (isWithin(cost)) return { plan, model, cost }
  return { plan: { ...plan, model: undefined }, model: undefined, cost: plain }
}

/** Its failure as a Skip, with the cause. */
export async function orSkip<T>(reason: 'MODEL' | 'DECODE' | 'ENGINE' | 'ENCODE', work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw new Skip(reason, { cause })
  }
}
