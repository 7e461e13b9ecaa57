// The command line of a training run. It is validated as a whole before any file is read, and saved in the
// run's folder, so that --resume needs no other options.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { SCALES } from '../../worker/client/allowed.ts'
import { DEFAULT_MODEL } from '../../worker/model/manifest.ts'
import {
  type Architecture,
  channelsOf,
  createNetwork,
  haloOf,
  type Network,
  SRCNN_915,
} from '../../worker/model/network.ts'
import {
  type Arguments,
  hintOf,
  integerOf,
  listOf,
  numberOf,
  oneOf,
  parseArguments,
  UsageError,
} from '../../worker/terminal/arguments.ts'
import { JPEG_ENCODERS } from '../data/compress.ts'
import { type Degradation, parseDegradation } from '../data/degrade.ts'
import type { PatchOptions } from '../data/patches.ts'
import type { PatchSourceOptions } from '../data/patchSource.ts'
import { type BackendName, BACKENDS } from '../engine/backends.ts'
import { type Loss, LOSSES, type Task } from '../engine/gradientEngine.ts'
import { type OptimizerName, OPTIMIZERS } from '../optimizer/optimizer.ts'
import { FAMILIES, type FamilyName, isFamily } from '../run/families.ts'
import type { Initialisation, Schedule } from '../run/fit.ts'
import { type StoreName, STORES } from '../ship/contract.ts'

export const DATA_FOLDER = '../shared/data'
// Limits of a network, the same as in network.ts.
const MAX_KERNEL = 31
const MAX_CHANNELS = 512
const TRAINING_SET = 'T91'
const SRCNN: FamilyName = 'srcnn'
const TEST_SETS = ['Set5', 'Set14']

export interface TrainConfig {
  readonly name: string
  readonly scales: readonly number[]
  /** Folders of pictures to train on; empty for the built-in procedural set. */
  readonly data: readonly string[]
  /**
   * True if each folder supplies the same number of patches. False if a patch is drawn from all positions in all
   * pictures with equal probability, so that a folder with more pixels supplies more patches.
   */
  readonly isEven: boolean
  /** Folder of pictures to validate on. If undefined, some pictures of `data` are held out of training. */
  readonly validate: string | undefined
  /** Folders of pictures to evaluate on after training. */
  readonly tests: readonly string[]
  /** Architecture by scale. */
  readonly architectures: ReadonlyMap<number, Architecture>
  readonly degradation: Degradation
  readonly sampling: PatchOptions['sampling']
  /** Number of steps, or a time in minutes from which the number is calculated at the start. */
  readonly duration: { readonly steps: number } | { readonly minutes: number }
  readonly seed: number
  /** ONNX file with the initial weights, instead of `initialisation`. `%` in the name stands for the scale. */
  readonly from: string | undefined
  readonly initialisation: Initialisation
  readonly optimizer: OptimizerName
  /** Peak learning rate. */
  readonly rate: number
  readonly course: Schedule['course']
  readonly loss: Loss
  /**
   * Loss that `rate` is meant for: `mean`, the mean over all values, or `euclidean`, Caffe's sum over a batch of N
   * patches divided by 2N.
   */
  readonly rateFor: 'mean' | 'euclidean'
  /** Number of patches in a step. */
  readonly batch: number
  /** Side of an input patch in pixels, by scale. */
  readonly patches: ReadonlyMap<number, number>
}

/** Options that change how a run is executed, but not its result. */
export interface ExecutionOptions {
  readonly backend: BackendName
  readonly workers: number | undefined
  readonly upload: StoreName | undefined
  readonly bucket: string | undefined
}

const DEFAULTS = {
  arch: DEFAULT_MODEL,
  channels: SRCNN_915.widths.join(','),
  colour: 'luma',
  seed: 1,
  uint8: 0,
  degrade: 'clean',
  encoder: 'mozjpeg',
  blur: 0,
  optimizer: 'soap',
}

/**
 * Defaults of one kind of network. There are two kinds: SRCNN works on bicubic's enlargement, a sub-pixel network on
 * the small picture.
 */
interface KindDefaults {
  readonly steps: number
  readonly batch: number
  /** Returns the side of a patch for a network whose outputs depend on input pixels up to `halo` pixels away. */
  readonly patchFor: (halo: number) => number
  readonly loss: Loss
  /** Peak learning rate of each optimiser. */
  readonly rates: Readonly<Record<OptimizerName, number>>
}

const LARGE: KindDefaults = {
  steps: 16_000,
  batch: 64,
  patchFor: () => 33,
  loss: 'square',
  rates: { soap: 4e-3, adam: 1e-3, sgd: 2e-2 },
}
// These defaults were chosen by measuring `fast` and `quality` at x3 (trainer/README.md).
const SMALL: KindDefaults = {
  steps: 6500,
  batch: 32,
  patchFor: (halo) => 32 + 2 * halo,
  loss: 'charbonnier',
  rates: { soap: 5e-3, adam: 2e-3, sgd: 2e-2 },
}

const COLOURS = ['luma', 'rgb'] as const

export const TRAIN_OPTIONS = {
  data: {
    value: 'FOLDER,FOLDER',
    help:
      `pictures to train on, or "procedural" for the built-in procedural set ` +
      `(default: ${DATA_FOLDER}/${TRAINING_SET} if it exists, else procedural)`,
  },
  even: { help: 'take equally many patches from each folder of --data (default: all places are equally likely)' },
  validate: { value: 'FOLDER', help: 'pictures to validate on (default: about 5 % of --data, held out of training)' },
  eval: { value: 'FOLDER,FOLDER', help: 'pictures to evaluate on at the end (default: Set5 and Set14 if they exist)' },
  scale: { value: 'N,N', help: `scales to train, out of ${SCALES.join(', ')} (default: all)` },
  steps: { value: 'N', help: `steps per scale (default: ${LARGE.steps}; sub-pixel ${SMALL.steps})` },
  minutes: { value: 'N', help: 'approximate time of the whole run, instead of --steps' },
  degrade: {
    value: 'KIND',
    help: 'degradation of the small pictures: clean, jpeg or jpeg:LOW-HIGH (default: clean)',
  },
  'jpeg-encoder': {
    value: 'NAME',
    help: `encoder of --degrade jpeg: ${JPEG_ENCODERS.join(', ')}; own is the worker's (default: ${DEFAULTS.encoder})`,
  },
  blur: { value: 'SIGMA', help: 'blur in pixels before a picture is shrunk (default: none)' },
  uint8: {
    value: 'SHARE',
    help: `share of patches from pictures rounded to 8 bits, 0 to 1 (default: ${DEFAULTS.uint8})`,
  },
  preset: {
    value: 'paper',
    help: 'the published recipe: sub-images on a grid, no residual, plain SGD',
  },
  from: { value: 'FILE', help: 'weights to start from, an .onnx file; % in the name stands for the scale' },
  arch: {
    value: 'KIND',
    help:
      `${Object.keys(FAMILIES).join(', ')}, or kernel sides like 9-3-5, with + instead of - before a layer ` +
      `that has a skip (default: ${DEFAULTS.arch}; srcnn is ${SRCNN_915.kernels.join('-')})`,
  },
  'sub-pixel': { help: 'the network works on the small picture, as fast and quality always do' },
  channels: {
    value: 'N,N',
    help: `channels between the layers, or one number for all (default: those of --arch, else ${DEFAULTS.channels})`,
  },
  colour: {
    value: 'KIND',
    help: `channels of the network: luma, or rgb, which the worker does not serve (default: ${DEFAULTS.colour})`,
  },
  'no-residual': { help: 'the network outputs the picture, not the difference to bicubic' },
  optimizer: { value: 'NAME', help: `${OPTIMIZERS.join(', ')} (default: ${DEFAULTS.optimizer})` },
  loss: {
    value: 'NAME',
    help: `loss to minimise, ${LOSSES.join(' or ')} (default: ${LARGE.loss}; sub-pixel ${SMALL.loss})`,
  },
  rate: {
    value: 'X',
    help:
      `peak learning rate (default: ${OPTIMIZERS.map((name) => `${LARGE.rates[name]} for ${name}`).join(', ')}; ` +
      `sub-pixel ${OPTIMIZERS.map((name) => SMALL.rates[name]).join(', ')})`,
  },
  batch: { value: 'N', help: `patches in a step (default: ${LARGE.batch}; sub-pixel ${SMALL.batch})` },
  patch: {
    value: 'N',
    help:
      `side of a patch in pixels of the network's input (default: ${LARGE.patchFor(0)}; ` +
      `sub-pixel ${SMALL.patchFor(0)} plus the margin that its kernels need)`,
  },
  seed: { value: 'N', help: `seed of the random numbers (default: ${DEFAULTS.seed})` },
  name: {
    value: 'NAME',
    help: `the model's name (default: the name in --arch; with kernel sides, srcnn or sub-pixel)`,
  },
  run: { value: 'RUN', help: "folder of the run in trainer/runs (default: the model's name and the next number)" },
  resume: { help: 'continue --run, or the latest run, from its last checkpoint' },
  backend: { value: 'NAME', help: `library and device that compute: ${BACKENDS.join(', ')} (default: auto)` },
  workers: { value: 'N', help: 'threads that share a batch, on a CPU (default: one per core)' },
  upload: { value: 'STORE', help: `upload the weights at the end: ${STORES.join(', ')}` },
  bucket: { value: 'NAME', help: 'bucket to upload to (default: the one in wrangler.toml)' },
  help: { short: 'h', help: 'show this' },
} as const

export type TrainArguments = Arguments<typeof TRAIN_OPTIONS>

export function parseTrainArguments(args: readonly string[]): TrainArguments {
  return parseArguments(args, TRAIN_OPTIONS)
}

export function parseExecutionOptions(given: TrainArguments): ExecutionOptions {
  if (given.upload !== undefined && given.colour === 'rgb') {
    throw new UsageError('expected --colour luma with --upload, because the worker serves only luma, got rgb')
  }
  return {
    backend: oneOf(given.backend ?? 'auto', 'backend', BACKENDS),
    workers: given.workers === undefined ? undefined : integerOf(given.workers, 'workers', 1, 256),
    upload: given.upload === undefined ? undefined : oneOf(given.upload, 'upload', STORES),
    bucket: given.bucket,
  }
}

/** Throws a UsageError for invalid or contradictory options. */
export function parseTrainConfig(given: TrainArguments): TrainConfig {
  const name = given.name ?? defaultName(given)
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new UsageError(`expected --name to begin with a-z and to hold only a-z, 0-9 and dashes, got "${name}"`)
  }
  if (given.steps !== undefined && given.minutes !== undefined) {
    throw new UsageError('expected --steps or --minutes, got both')
  }
  const isPaper = given.preset !== undefined && oneOf(given.preset, 'preset', ['paper']) === 'paper'
  const scales = parseScales(given.scale)
  const architectures = new Map(scales.map((scale) => [scale, parseArchitecture(given, isPaper, scale)]))
  const isSmall = [...architectures.values()].some(({ scale = 1 }) => scale > 1)
  if (isSmall && isPaper) throw new UsageError('expected --preset paper without a network on the small picture')
  const defaults = isSmall ? SMALL : LARGE
  const optimizer = oneOf(given.optimizer ?? (isPaper ? 'sgd' : DEFAULTS.optimizer), 'optimizer', OPTIMIZERS)
  const uint8Share = numberOf(given.uint8 ?? `${DEFAULTS.uint8}`, 'uint8', 0, 1)
  const encoder = oneOf(given['jpeg-encoder'] ?? DEFAULTS.encoder, 'jpeg-encoder', JPEG_ENCODERS)
  const blur = numberOf(given.blur ?? `${DEFAULTS.blur}`, 'blur', 0, 10)
  return {
    name,
    scales,
    data: parseData(given.data),
    isEven: given.even === true,
    validate: given.validate === undefined ? undefined : existing(given.validate, 'validate'),
    tests: parseTests(given.eval),
    architectures,
    degradation: parseDegradation(given.degrade ?? DEFAULTS.degrade, { uint8Share, blur, encoder }),
    sampling: isPaper ? 'grid' : 'random',
    duration:
      given.minutes === undefined
        ? { steps: integerOf(given.steps ?? `${defaults.steps}`, 'steps', 1) }
        : { minutes: numberOf(given.minutes, 'minutes', 0.01, 100_000) },
    seed: integerOf(given.seed ?? `${DEFAULTS.seed}`, 'seed', -(2 ** 31)),
    from: given.from,
    // The paper preset uses Caffe's Gaussian filler with this standard deviation, and a rate for Caffe's loss.
    initialisation: isPaper ? 0.001 : 'he',
    optimizer,
    rate: numberOf(given.rate ?? `${isPaper ? 1e-4 : defaults.rates[optimizer]}`, 'rate', 1e-8, 1),
    course: isPaper ? 'constant' : 'cosine',
    loss: oneOf(given.loss ?? defaults.loss, 'loss', LOSSES),
    rateFor: isPaper ? 'euclidean' : 'mean',
    batch: integerOf(given.batch ?? `${isPaper ? 128 : defaults.batch}`, 'batch', 1, 4096),
    patches: new Map(
      [...architectures].map(([scale, architecture]) => {
        const halo = haloOf(createNetwork(architecture))
        // If the side of a patch is below 2 * halo + 1, every output pixel depends on pixels outside the patch. The
        // upper limit is only a first check: a patch must also fit into the pictures.
        const patch = integerOf(given.patch ?? `${defaults.patchFor(halo)}`, 'patch', 2 * halo + 1, 512)
        return [scale, patch]
      }),
    ),
  }
}

/** Returns the task that a run's engine is created for. */
export function taskOf(config: TrainConfig, scale: number): Task {
  return {
    network: networkOf(config, scale),
    batch: config.batch,
    patch: config.patches.get(scale)!,
    loss: config.loss,
  }
}

/** Returns the network of a scale, with weights of zero. */
function networkOf({ architectures }: TrainConfig, scale: number): Network {
  return createNetwork(architectures.get(scale)!)
}

/** Returns the options of openPatchSource. */
export function sourceOptionsOf(config: TrainConfig, scale: number): PatchSourceOptions {
  const { data, isEven, validate, degradation, seed, sampling } = config
  const { network, batch, patch } = taskOf(config, scale)
  return {
    folders: data,
    isEven,
    validate,
    channels: channelsOf(network),
    scale,
    degradation,
    batch,
    patch,
    halo: haloOf(network),
    enlargement: network.scale,
    residual: network.residual,
    seed,
    sampling,
  }
}

export function parseScales(text: string | undefined): number[] {
  const known = SCALES.map(String)
  return text === undefined ? [...SCALES] : listOf(text, 'scale', (item) => oneOf(item, 'scale', known)).map(Number)
}

/**
 * Returns the command that trains one scale of a run again, with the same options and data. It always names --arch, so
 * that a later change of the default does not change what the command does.
 */
export function commandOf(given: TrainArguments, scale: number, steps: number): string {
  const { words: _, ...options } = given
  const about = new Set([
    'scale',
    'steps',
    'minutes',
    'run',
    'resume',
    'backend',
    'workers',
    'upload',
    'bucket',
    'eval',
  ])
  const kept = Object.entries({ arch: archOf(given), ...options }).filter(([option]) => !about.has(option))
  const words = kept.map(([option, value]) => {
    if (value === true) return ` --${option}`
    // The command holds names of folders and files instead of paths, because paths differ between machines.
    const isPath = option === 'data' || option === 'validate' || option === 'from'
    const text = isPath
      ? String(value)
          .split(',')
          .map((item) => path.basename(item))
          .join(',')
      : value
    return ` --${option} ${text}`
  })
  return `npm run trainer -- --scale ${scale} --steps ${steps}${words.join('')}`
}

function parseArchitecture(given: TrainArguments, isPaper: boolean, scale: number): Architecture {
  const arch = archOf(given)
  const known = isFamily(arch) ? FAMILIES[arch].architectureAt(scale) : parseKernels(arch)
  const { kernels, widths, skips } = known
  const even = kernels.find((kernel) => kernel % 2 === 0)
  if (even !== undefined) throw new UsageError(`expected --arch with odd kernel sides, got ${even}`)
  return requirePossible({
    kernels,
    widths: parseWidths(given.channels, kernels.length, widths),
    skips,
    channels: oneOf(given.colour ?? DEFAULTS.colour, 'colour', COLOURS) === 'rgb' ? 3 : 1,
    scale: given['sub-pixel'] ? scale : known.scale,
    residual: !given['no-residual'] && !isPaper,
  })
}

/** Parses kernel sides, for example `5-3+3-3`, where the third layer has a skip. */
function parseKernels(arch: string): Architecture {
  if (!/^[-+0-9]+$/.test(arch)) {
    const names = Object.keys(FAMILIES)
    throw new UsageError(
      `expected --arch to be ${names.join(', ')} or kernel sides like 9-3-5, got "${arch}"${hintOf(arch, names)}`,
    )
  }
  const kernels = integersOf(arch.replaceAll('+', '-'), 'arch', '-', MAX_KERNEL)
  const signs = arch.replaceAll(/[^-+]/g, '')
  const skips = [...signs].flatMap((sign, i) => (sign === '+' ? [i + 1] : []))
  return { kernels, widths: SRCNN_915.widths, skips }
}

/** Throws a UsageError for an impossible architecture, for example a skip between different numbers of channels. */
function requirePossible(architecture: Architecture): Architecture {
  try {
    createNetwork(architecture)
    return architecture
  } catch (cause) {
    throw new UsageError(`expected --arch and --channels to describe a valid network: ${(cause as Error).message}`, {
      cause,
    })
  }
}

function parseWidths(text: string | undefined, layers: number, otherwise: readonly number[]): readonly number[] {
  const given = text === undefined ? otherwise : integersOf(text, 'channels', ',', MAX_CHANNELS)
  const isForAll = text !== undefined && given.length === 1
  const widths = isForAll ? Array.from({ length: layers - 1 }, () => given[0]) : given
  if (widths.length === layers - 1) return widths
  throw new UsageError(
    `expected --channels to name one width between each two of ${layers} layers, got ${widths.join(',')}`,
  )
}

/** Returns --arch. Default: srcnn with --preset paper, otherwise the architecture of the default model. */
function archOf({ arch, preset }: TrainArguments): string {
  return arch ?? (preset === undefined ? DEFAULTS.arch : SRCNN)
}

function defaultName(given: TrainArguments): string {
  const arch = archOf(given)
  if (isFamily(arch)) return arch
  return given['sub-pixel'] ? 'sub-pixel' : SRCNN
}

function integersOf(text: string, option: string, separator: string, most: number): number[] {
  const parse = (item: string) => integerOf(item, option, 1, most)
  return listOf(text, option, parse, { separator, repeats: true })
}

function parseData(text: string | undefined): string[] {
  if (text === 'procedural') return []
  if (text !== undefined) return listOf(text, 'data', (item) => existing(item, 'data'))
  return [path.join(DATA_FOLDER, TRAINING_SET)].filter(existsSync)
}

function parseTests(text: string | undefined): string[] {
  if (text !== undefined) return listOf(text, 'eval', (item) => existing(item, 'eval'))
  return TEST_SETS.map((set) => path.join(DATA_FOLDER, set)).filter(existsSync)
}

function existing(folder: string, option: string): string {
  if (existsSync(folder)) return folder
  throw new UsageError(`expected --${option} to name folders that exist, got "${folder}"`)
}
