// What a training run does, from its command line. Checked as a whole before anything is read, and
// kept in the run's folder, so that --resume needs no option again.
import { existsSync } from 'node:fs'
import path from 'node:path'
import {
  type Architecture,
  channelsOf,
  createNetwork,
  haloOf,
  type Network,
  SRCNN_915,
} from '../../worker/model/network.ts'
import { DEFAULT_MODEL } from '../../worker/model/manifest.ts'
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
import { type Degradation, parseDegradation } from '../data/degrade.ts'
import { type BackendName, BACKENDS } from '../engine/backends.ts'
import { type Loss, LOSSES, type Task } from '../engine/engine.ts'
import { FAMILIES, type FamilyName, isFamily } from '../run/families.ts'
import type { Initialisation, Schedule } from '../run/fit.ts'
import { type OptimizerName, OPTIMIZERS } from '../optimizer/optimizer.ts'
import type { PatchOptions } from '../data/patches.ts'
import { type StoreName, STORES } from '../ship/contract.ts'
import type { SourceOptions } from '../data/source.ts'

export const SCALES = [2, 3, 4]
export const DATA_FOLDER = '../shared/data'
// As network.ts has them.
const MAX_KERNEL = 31
const MAX_CHANNELS = 512
const TRAINING_SET = 'T91'
const SRCNN: FamilyName = 'srcnn'
const TEST_SETS = ['Set5', 'Set14']

export interface TrainConfig {
  readonly name: string
  readonly scales: readonly number[]
  /** Folders of pictures to train on; none: the built-in procedural set. */
  readonly data: readonly string[]
  /** Draw from each folder equally often, not from each place in any picture. */
  readonly isEven: boolean
  /** A folder of pictures to validate on; undefined: some of `data`, kept out of training. */
  readonly validate: string | undefined
  /** Folders of pictures to evaluate on, at the end. */
  readonly tests: readonly string[]
  /** By scale. */
  readonly architectures: ReadonlyMap<number, Architecture>
  readonly degradation: Degradation
  readonly sampling: PatchOptions['sampling']
  /** Either a number of steps, or minutes from which the number is made at the start. */
  readonly duration: { readonly steps: number } | { readonly minutes: number }
  readonly seed: number
  /** An ONNX file to start from, instead of `initialisation`; `%` in it stands for the scale. */
  readonly from: string | undefined
  readonly initialisation: Initialisation
  readonly optimizer: OptimizerName
  /** Peak learning rate. */
  readonly rate: number
  readonly course: Schedule['course']
  readonly loss: Loss
  /** What the rate is for: the gradient of the mean loss, or of Caffe's sum / 2N. */
  readonly rateFor: 'mean' | 'euclidean'
  /** Patches in a step. */
  readonly batch: number
  /** Side of an input patch in pixels, by scale. */
  readonly patches: ReadonlyMap<number, number>
}

/** How a run goes, which its result does not depend on. */
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
  blur: 0,
  optimizer: 'soap',
}

/** What networks of a kind like: SRCNN, which works on bicubic's enlargement, and those on the small picture. */
interface Habits {
  readonly steps: number
  readonly batch: number
  /** Side of a patch, for a network that looks `halo` pixels around. */
  readonly patchFor: (halo: number) => number
  readonly loss: Loss
  /** Peak rates. */
  readonly rates: Readonly<Record<OptimizerName, number>>
}

const LARGE: Habits = {
  steps: 16_000,
  batch: 64,
  patchFor: () => 33,
  loss: 'square',
  rates: { soap: 4e-3, adam: 1e-3, sgd: 2e-2 },
}
// Measured on fast and quality at x3: trainer/README.md.
const SMALL: Habits = {
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
    help: `pictures to train on (default: ${DATA_FOLDER}/${TRAINING_SET} where it is, else a built-in procedural set; procedural: that set)`,
  },
  even: { help: 'take as many patches from each folder of --data (default: from each place in any picture)' },
  validate: { value: 'FOLDER', help: 'pictures to validate on (default: some 5 % of --data, kept out of training)' },
  eval: { value: 'FOLDER,FOLDER', help: 'pictures to evaluate on at the end (default: Set5 and Set14 where they are)' },
  scale: { value: 'N,N', help: `scales to train, from ${SCALES.join(', ')} (default: all)` },
  steps: { value: 'N', help: `steps a scale (default: ${LARGE.steps}; sub-pixel ${SMALL.steps})` },
  minutes: { value: 'N', help: 'about how long the whole run may take, instead of --steps' },
  degrade: {
    value: 'KIND',
    help: 'clean, jpeg or jpeg:LOW-HIGH: what the small pictures went through (default: clean)',
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
  from: { value: 'FILE', help: 'weights to start from, an .onnx file; % stands for the scale' },
  arch: {
    value: 'KIND',
    help: `${Object.keys(FAMILIES).join(', ')}, or kernel sides like 9-3-5, with + for - before a layer that has a skip (default: ${DEFAULTS.arch}; srcnn is ${SRCNN_915.kernels.join('-')})`,
  },
  'sub-pixel': { help: 'the network works on the small picture, as fast and quality do anyway' },
  channels: {
    value: 'N,N',
    help: `channels between the layers, or one number for all (default: what --arch names has, else ${DEFAULTS.channels})`,
  },
  colour: {
    value: 'KIND',
    help: `luma, or rgb: a network on red, green and blue, which the worker does not serve (default: ${DEFAULTS.colour})`,
  },
  'no-residual': { help: 'the network puts out the picture, not what bicubic misses' },
  optimizer: { value: 'NAME', help: `${OPTIMIZERS.join(', ')} (default: ${DEFAULTS.optimizer})` },
  loss: {
    value: 'NAME',
    help: `what is made small, ${LOSSES.join(' or ')} (default: ${LARGE.loss}; sub-pixel ${SMALL.loss})`,
  },
  rate: {
    value: 'X',
    help: `peak learning rate (default: ${OPTIMIZERS.map((name) => `${LARGE.rates[name]} for ${name}`).join(', ')}; sub-pixel ${SMALL.rates.soap}, ${SMALL.rates.adam}, ${SMALL.rates.sgd})`,
  },
  batch: { value: 'N', help: `patches in a step (default: ${LARGE.batch}; sub-pixel ${SMALL.batch})` },
  patch: {
    value: 'N',
    help: `side of a patch in pixels of what the network takes (default: ${LARGE.patchFor(0)}; sub-pixel ${SMALL.patchFor(0)} and what the network looks around)`,
  },
  seed: { value: 'N', help: `names the run's random numbers (default: ${DEFAULTS.seed})` },
  name: { value: 'NAME', help: `the model's name (default: what --arch names; for kernel sides srcnn, or sub-pixel)` },
  run: { value: 'RUN', help: 'folder of the run in trainer/runs (default: the name and the next number)' },
  resume: { help: 'go on with --run, or the latest run, where it was stopped' },
  backend: { value: 'NAME', help: `what computes: ${BACKENDS.join(', ')} (default: auto)` },
  workers: { value: 'N', help: 'threads that share a batch, on a CPU (default: one a core)' },
  upload: { value: 'STORE', help: `upload the weights at the end: ${STORES.join(', ')}` },
  bucket: { value: 'NAME', help: "the store's bucket (default: that of wrangler.toml)" },
  help: { help: 'show this' },
} as const

export type TrainArguments = Arguments<typeof TRAIN_OPTIONS>

export function parseTrainArguments(args: readonly string[]): TrainArguments {
  return parseArguments(args, TRAIN_OPTIONS)
}

export function parseExecutionOptions(given: TrainArguments): ExecutionOptions {
  if (given.upload !== undefined && given.colour === 'rgb') {
    throw new UsageError('expected --colour luma with --upload, as the worker serves no other, got rgb')
  }
  return {
    backend: oneOf(given.backend ?? 'auto', 'backend', BACKENDS),
    workers: given.workers === undefined ? undefined : integerOf(given.workers, 'workers', 1, 256),
    upload: given.upload === undefined ? undefined : oneOf(given.upload, 'upload', STORES),
    bucket: given.bucket,
  }
}

/** Throws a UsageError for what cannot be meant. */
export function parseTrainConfig(given: TrainArguments): TrainConfig {
  const name = given.name ?? defaultName(given)
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new UsageError(`expected --name to be a-z, 0-9 and dashes, got "${name}"`)
  }
  if (given.steps !== undefined && given.minutes !== undefined) {
    throw new UsageError('expected --steps or --minutes, got both')
  }
  const isPaper = given.preset !== undefined && oneOf(given.preset, 'preset', ['paper']) === 'paper'
  const scales = parseScales(given.scale)
  const architectures = new Map(scales.map((scale) => [scale, parseArchitecture(given, isPaper, scale)]))
  const isSmall = [...architectures.values()].some(({ scale = 1 }) => scale > 1)
  if (isSmall && isPaper) throw new UsageError('expected --preset paper without a network on the small picture')
  const habits = isSmall ? SMALL : LARGE
  const optimizer = oneOf(given.optimizer ?? (isPaper ? 'sgd' : DEFAULTS.optimizer), 'optimizer', OPTIMIZERS)
  const uint8Share = numberOf(given.uint8 ?? `${DEFAULTS.uint8}`, 'uint8', 0, 1)
  const blur = numberOf(given.blur ?? `${DEFAULTS.blur}`, 'blur', 0, 10)
  return {
    name,
    scales,
    data: parseData(given.data),
    isEven: given.even === true,
    validate: given.validate === undefined ? undefined : existing(given.validate, 'validate'),
    tests: parseTests(given.eval),
    architectures,
    degradation: parseDegradation(given.degrade ?? DEFAULTS.degrade, uint8Share, blur),
    sampling: isPaper ? 'grid' : 'random',
    duration:
      given.minutes === undefined
        ? { steps: integerOf(given.steps ?? `${habits.steps}`, 'steps', 1) }
        : { minutes: numberOf(given.minutes, 'minutes', 0.01, 100_000) },
    seed: integerOf(given.seed ?? `${DEFAULTS.seed}`, 'seed', -(2 ** 31)),
    from: given.from,
    // Caffe's Gaussian filler, and its rate for its own loss.
    initialisation: isPaper ? 0.001 : 'he',
    optimizer,
    rate: numberOf(given.rate ?? `${isPaper ? 1e-4 : habits.rates[optimizer]}`, 'rate', 1e-8, 1),
    course: isPaper ? 'constant' : 'cosine',
    loss: oneOf(given.loss ?? habits.loss, 'loss', LOSSES),
    rateFor: isPaper ? 'euclidean' : 'mean',
    batch: integerOf(given.batch ?? `${isPaper ? 128 : habits.batch}`, 'batch', 1, 4096),
    patches: new Map(
      [...architectures].map(([scale, architecture]) => {
        const halo = haloOf(createNetwork(architecture))
        // Smaller ones have no pixel that sees only true neighbours; larger ones than pictures do not fit.
        const patch = integerOf(given.patch ?? `${habits.patchFor(halo)}`, 'patch', 2 * halo + 1, 512)
        return [scale, patch]
      }),
    ),
  }
}

/** What a run's engine is made for. */
export function taskOf(config: TrainConfig, scale: number): Task {
  return {
    network: networkOf(config, scale),
    batch: config.batch,
    patch: config.patches.get(scale)!,
    loss: config.loss,
  }
}

/** Without weights. */
function networkOf({ architectures }: TrainConfig, scale: number): Network {
  return createNetwork(architectures.get(scale)!)
}

/** Where a run's batches come from. */
export function sourceOptionsOf(config: TrainConfig, scale: number): SourceOptions {
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
  return text === undefined ? SCALES : listOf(text, 'scale', (item) => oneOf(item, 'scale', known)).map(Number)
}

/** The command that repeats one scale of a run on the same data: what was typed, made certain. */
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
    // Folders by their names, not their paths: where they lie is the machine's business.
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
  if (even !== undefined) throw new UsageError(`expected --arch to be of odd kernels, got ${even}`)
  return possible({
    kernels,
    widths: parseWidths(given.channels, kernels.length, widths),
    skips,
    channels: oneOf(given.colour ?? DEFAULTS.colour, 'colour', COLOURS) === 'rgb' ? 3 : 1,
    scale: given['sub-pixel'] ? scale : known.scale,
    residual: !given['no-residual'] && !isPaper,
  })
}

/** `5-3+3-3`: the third layer has a skip. */
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

/** Throws a UsageError for one that cannot be: a skip, say, that joins different numbers of channels. */
function possible(architecture: Architecture): Architecture {
  try {
    createNetwork(architecture)
    return architecture
  } catch (cause) {
    throw new UsageError(`expected --arch and --channels of a network: ${(cause as Error).message}`, { cause })
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

/** The published recipe is that of SRCNN. */
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
