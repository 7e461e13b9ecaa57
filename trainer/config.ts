// What a run does, from its command line. Checked as a whole before anything is read.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { type Architecture, createNetwork, haloOf, SRCNN_915 } from '../worker/model/network.ts'
import {
  type Arguments,
  integerOf,
  listOf,
  numberOf,
  oneOf,
  parseArguments,
  UsageError,
} from './arguments.ts'
import { type RuntimeName, RUNTIMES } from './engine/runtime.ts'

export const SCALES = [2, 3, 4]
export const DATA = '../shared/data'
// As network.ts has them.
const MAX_KERNEL = 31
const MAX_CHANNELS = 512
const TRAINING_SET = 'T91'
const TEST_SETS = ['Set5', 'Set14']

export interface Config {
  readonly name: string
  readonly scales: readonly number[]
  /** Folder of pictures to train on. */
  readonly data: string
  /** Folders of pictures to evaluate on. */
  readonly tests: readonly string[]
  /** Folder for the weights and their manifest. */
  readonly out: string
  readonly architecture: Architecture
  /** Either a number of steps, or minutes from which the number is made at the start. */
  readonly duration: { readonly steps: number } | { readonly minutes: number }
  readonly seed: number
  /** Peak learning rate. */
  readonly rate: number
  /** Patches in a step. */
  readonly batch: number
  /** Side of an input patch in pixels. */
  readonly patch: number
  /** Share of patches, 0..1, cut from 8-bit pictures instead of unrounded ones. */
  readonly uint8Share: number
  readonly runtime: RuntimeName
  readonly resume: boolean
}

const DEFAULTS = {
  name: 'srcnn',
  arch: SRCNN_915.kernels.join('-'),
  channels: SRCNN_915.widths.join(','),
  steps: 40_000,
  seed: 1,
  rate: 1e-3,
  batch: 32,
  patch: 33,
  uint8: 0.5,
  out: 'models',
}

export const OPTIONS = {
  scale: { value: 'N,N', help: `scales to train, from ${SCALES.join(', ')} (default: all)` },
  data: { value: 'FOLDER', help: `pictures to train on (default: ${DATA}/${TRAINING_SET})` },
  eval: { value: 'FOLDER,FOLDER', help: 'pictures to evaluate on (default: Set5 and Set14 beside the training pictures, where they are)' }, // prettier-ignore
  steps: { value: 'N', help: `steps a scale (default: ${DEFAULTS.steps})` },
  minutes: { value: 'N', help: 'about how long a scale may take, instead of --steps' },
  arch: { value: 'K-K-K', help: `kernel sides (default: ${DEFAULTS.arch})` },
  channels: { value: 'N,N', help: `channels between the layers (default: ${DEFAULTS.channels})` },
  'no-residual': { help: 'the network puts out the picture, not what bicubic misses' },
  uint8: { value: 'SHARE', help: `share of patches from 8-bit pictures, 0 to 1 (default: ${DEFAULTS.uint8})` }, // prettier-ignore
  seed: { value: 'N', help: `names the run (default: ${DEFAULTS.seed})` },
  rate: { value: 'X', help: `peak learning rate (default: ${DEFAULTS.rate})` },
  batch: { value: 'N', help: `patches in a step (default: ${DEFAULTS.batch})` },
  patch: { value: 'N', help: `side of a patch in pixels (default: ${DEFAULTS.patch})` },
  runtime: { value: 'NAME', help: `onnxruntime to use: ${RUNTIMES.join(', ')} (default: auto)` },
  name: { value: 'NAME', help: `the model's name (default: ${DEFAULTS.name})` },
  out: { value: 'FOLDER', help: `where weights and manifest go (default: ${DEFAULTS.out})` },
  resume: { help: 'continue from the checkpoint in runs/; give the same options again' },
  help: { help: 'show this' },
} as const

/** Throws a UsageError for what cannot be meant. */
export function parseConfig(args: readonly string[]): Config {
  const given = parseArguments(args, OPTIONS)
  const name = given.name ?? DEFAULTS.name
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new UsageError(`expected --name to be a-z, 0-9 and dashes, got "${name}"`)
  }
  if (given.steps !== undefined && given.minutes !== undefined) {
    throw new UsageError('expected --steps or --minutes, got both')
  }
  const architecture = parseArchitecture(given)
  const smallest = 2 * haloOf(createNetwork(architecture)) + 1
  const data = given.data ?? defaultData()
  const beside = TEST_SETS.map((set) => path.join(path.dirname(data), set))
  return {
    name,
    scales: parseScales(given.scale),
    data,
    tests: given.eval === undefined ? beside.filter(existsSync) : listOf(given.eval, 'eval', existing), // prettier-ignore
    out: given.out ?? DEFAULTS.out,
    architecture,
    duration:
      given.minutes === undefined
        ? { steps: integerOf(given.steps ?? `${DEFAULTS.steps}`, 'steps', 1) }
        : { minutes: numberOf(given.minutes, 'minutes', 0.01, 10_000) },
    seed: integerOf(given.seed ?? `${DEFAULTS.seed}`, 'seed', -(2 ** 31)),
    rate: numberOf(given.rate ?? `${DEFAULTS.rate}`, 'rate', 1e-8, 1),
    batch: integerOf(given.batch ?? `${DEFAULTS.batch}`, 'batch', 1, 4096),
    // Smaller ones have no pixel that sees only true neighbours; larger ones than pictures do not fit.
    patch: integerOf(given.patch ?? `${DEFAULTS.patch}`, 'patch', smallest, 512),
    uint8Share: numberOf(given.uint8 ?? `${DEFAULTS.uint8}`, 'uint8', 0, 1),
    runtime: oneOf(given.runtime ?? 'auto', 'runtime', RUNTIMES),
    resume: given.resume ?? false,
  }
}

export function parseScales(text: string | undefined): number[] {
  const known = SCALES.map(String)
  return text === undefined ? SCALES : listOf(text, 'scale', (item) => oneOf(item, 'scale', known)).map(Number) // prettier-ignore
}

/** The command that repeats one scale of a run on the same data. */
export function commandOf(config: Config, scale: number, steps: number): string {
  const { architecture } = config
  const options: [string, string | number, string | number][] = [
    ['arch', architecture.kernels.join('-'), DEFAULTS.arch],
    ['channels', architecture.widths.join(','), DEFAULTS.channels],
    ['uint8', config.uint8Share, DEFAULTS.uint8],
    ['seed', config.seed, DEFAULTS.seed],
    ['rate', config.rate, DEFAULTS.rate],
    ['batch', config.batch, DEFAULTS.batch],
    ['patch', config.patch, DEFAULTS.patch],
    ['name', config.name, DEFAULTS.name],
  ]
  const changed = options.filter(([, value, standard]) => value !== standard)
  const words = changed.map(([option, value]) => ` --${option} ${value}`).join('')
  const residual = architecture.residual ? '' : ' --no-residual'
  // The folder's name, not its path: where it lies is the machine's business.
  const data = path.basename(config.data) === TRAINING_SET ? '' : ` --data ${path.basename(config.data)}` // prettier-ignore
  return `npm run trainer -- --scale ${scale} --steps ${steps}${words}${residual}${data}`
}

function parseArchitecture(given: Arguments<typeof OPTIONS>): Architecture {
  const architecture = {
    kernels: integersOf(given.arch ?? DEFAULTS.arch, 'arch', '-', MAX_KERNEL),
    widths: integersOf(given.channels ?? DEFAULTS.channels, 'channels', ',', MAX_CHANNELS),
    residual: !given['no-residual'],
  }
  if (architecture.widths.length !== architecture.kernels.length - 1) {
    throw new UsageError(
      `expected --channels to name one width between each two of ${architecture.kernels.length} layers, got ${architecture.widths.join(',')}`,
    )
  }
  const even = architecture.kernels.find((kernel) => kernel % 2 === 0)
  if (even !== undefined) throw new UsageError(`expected --arch to be of odd kernels, got ${even}`)
  return architecture
}

function integersOf(text: string, option: string, separator: string, most: number): number[] {
  const parse = (item: string) => integerOf(item, option, 1, most)
  return listOf(text, option, parse, { separator, repeats: true })
}

function defaultData(): string {
  const data = path.join(DATA, TRAINING_SET)
  if (existsSync(data)) return data
  throw new UsageError(`expected --data FOLDER with pictures to train on, as there is no ${data}`)
}

function existing(folder: string): string {
  if (existsSync(folder)) return folder
  throw new UsageError(`expected --eval to name folders that exist, got "${folder}"`)
}
