// npm run trainer -- ablate: repeats the paper's ablations (TPAMI 2016, sections 4.2, 4.3 and 4.5). All variants are
// trained for the same time or number of steps. Prints a table with the paper's figures.
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { ModelEntry } from '../../worker/model/manifest.ts'
import { type Command, integerOf, listOf, numberOf, oneOf, parseArguments } from '../../worker/terminal/arguments.ts'
import { printText } from '../../worker/terminal/print.ts'
import type { TestInput } from '../evaluate/testInput.ts'
import { alignColumns } from '../evaluate/textTable.ts'
import { readManifest } from '../run/export.ts'
import { RUNS_FOLDER } from '../run/runFolders.ts'
import { command as train } from './train.ts'

interface Variant {
  /** Name of the variant. Its run is called `ablate-NAME`. */
  readonly name: string
  readonly options: readonly string[]
  /** The paper's PSNR in dB on Set5 at x3. The paper trained on ImageNet unless `note` says otherwise. */
  readonly paper?: number
  readonly note?: string
}

const VARIANTS: readonly Variant[] = [
  { name: '9-1-5', options: [], paper: 32.52 },
  { name: 'narrow', options: ['--channels', '32,16'], paper: 32.26, note: '32 and 16 channels' },
  { name: 'wide', options: ['--channels', '128,64'], paper: 32.6, note: '128 and 64 channels' },
  { name: '9-3-5', options: ['--arch', '9-3-5'], paper: 32.66 },
  { name: '9-5-5', options: ['--arch', '9-5-5'], paper: 32.75 },
  { name: '11-1-7', options: ['--arch', '11-1-7'], paper: 32.57 },
  {
    name: '9-1-1-5',
    options: ['--arch', '9-1-1-5', '--channels', '64,32,16'],
    note: 'one more layer; no better in the paper',
  },
  {
    name: 'rgb',
    options: ['--colour', 'rgb'],
    paper: 32.33,
    note: 'red, green and blue from 8-bit input; the paper trained on T91, where luma has 32.39',
  },
  { name: 'no-residual', options: ['--no-residual'], note: "the paper's design" },
  { name: 'adam', options: ['--optimizer', 'adam'], note: 'Adam instead of SOAP' },
]
/**
 * Name of the variant that --more adds: 9-1-5 trained on other pictures, usually more of them. In the paper, more
 * pictures raise PSNR from 32.39 dB (T91) to 32.52 dB (ImageNet).
 */
const MORE = 'more-data'

const OPTIONS = {
  only: {
    value: 'NAME,NAME',
    help: `variants to train, from ${VARIANTS.map(({ name }) => name).join(', ')} (default: all)`,
  },
  data: { value: 'FOLDER,FOLDER', help: 'pictures to train on (default: the default of train)' },
  more: { value: 'FOLDER,FOLDER', help: `adds the variant ${MORE}: 9-1-5 trained on these pictures` },
  minutes: { value: 'N', help: 'training time of each variant (default: 3)' },
  steps: { value: 'N', help: 'steps of each variant, instead of --minutes' },
  seed: { value: 'N', help: 'seed of each variant (default: 1)' },
  help: { short: 'h', help: 'show this' },
} as const

const SCALE = 3
const HEADINGS = ['variant', 'weights', 'steps', 'validation', 'Set5', 'Set5 8-bit', 'Set14', "paper's Set5", '']

export const command: Command = {
  summary: "train the variants of the paper's ablations and print their scores beside the paper's",
  usage: '[options]',
  options: OPTIONS,
  run: async (args) => {
    const given = parseArguments(args, OPTIONS)
    const variants = parseVariants(given.only)
    if (given.more !== undefined) variants.push({ name: MORE, options: ['--data', given.more] })
    const budget =
      given.steps === undefined
        ? ['--minutes', `${numberOf(given.minutes ?? '3', 'minutes', 0.01, 10_000)}`]
        : ['--steps', `${integerOf(given.steps, 'steps', 1)}`]
    const seed = `${integerOf(given.seed ?? '1', 'seed', -(2 ** 31))}`

    const rows: string[][] = [HEADINGS]
    for (const variant of variants) {
      const entry = await trainVariant(variant, ['--scale', `${SCALE}`, ...budget, '--seed', seed], given.data)
      if (entry === undefined) break // stopped by a signal
      rows.push(rowOf(variant, entry))
    }
    printText(`\nPSNR in dB at x${SCALE}; ${budget.join(' ').replace('--', '')} each\n${alignColumns(rows)}`)
  },
}

function parseVariants(only: string | undefined): Variant[] {
  if (only === undefined) return [...VARIANTS]
  const names = VARIANTS.map(({ name }) => name)
  const chosen = listOf(only, 'only', (item) => oneOf(item, 'only', names))
  return VARIANTS.filter(({ name }) => chosen.includes(name))
}

/** Trains a variant, or resumes its run from an earlier call. Returns undefined if a signal stopped the training. */
async function trainVariant(
  { name, options }: Variant,
  common: readonly string[],
  folders: string | undefined,
): Promise<ModelEntry | undefined> {
  const run = `ablate-${name}`
  const isBegun = existsSync(path.join(RUNS_FOLDER, run))
  const data = folders === undefined || name === MORE ? [] : ['--data', folders]
  const arch = options.includes('--arch') ? [] : ['--arch', 'srcnn']
  await train.run(['--run', run, ...(isBegun ? ['--resume'] : [...common, ...data, ...arch, ...options])])
  return (await readManifest(path.join(RUNS_FOLDER, run))).models.at(0)
}

function rowOf({ name, paper, note = '' }: Variant, entry: ModelEntry): string[] {
  const psnrOn = (set: string, input: TestInput) =>
    entry.scores?.find((score) => score.set === set && score.input === input)?.psnr
  return [
    name,
    entry.architecture ?? '',
    `${entry.steps}`,
    format(entry.validation?.psnr),
    format(psnrOn('Set5', 'float')),
    format(psnrOn('Set5', 'uint8')),
    format(psnrOn('Set14', 'float')),
    format(paper),
    note,
  ]
}

function format(decibels: number | undefined): string {
  return decibels === undefined ? '-' : decibels.toFixed(2)
}
