// npm run trainer -- ablate: the paper's ablations (TPAMI 2016, sections 4.2, 4.3 and 4.5) under one
// budget, as a table beside its figures.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { type Command, integerOf, listOf, numberOf, oneOf, parseArguments } from '../../worker/terminal/arguments.ts'
import type { TestInput } from '../evaluate/testInput.ts'
import { readManifest } from '../run/export.ts'
import { RUNS } from '../run/folder.ts'
import { alignColumns } from '../evaluate/textTable.ts'
import { command as train } from './train.ts'

interface Variant {
  /** Also the end of its run's name. */
  readonly name: string
  readonly options: readonly string[]
  /** The paper's PSNR in dB on Set5 at x3, trained on ImageNet unless `note` says otherwise. */
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
    note: 'one layer more; the paper: no better',
  },
  {
    name: 'rgb',
    options: ['--colour', 'rgb'],
    paper: 32.33,
    note: 'red, green and blue, 8-bit input; the paper: from T91, where luma has 32.39',
  },
  { name: 'no-residual', options: ['--no-residual'], note: 'as the paper has it' },
  { name: 'adam', options: ['--optimizer', 'adam'], note: 'Adam instead of SOAP' },
]
/** With --more: the same network, more pictures. The paper: 32.39 dB from T91, 32.52 from ImageNet. */
const MORE = 'more-data'

const OPTIONS = {
  only: { value: 'NAME,NAME', help: `from ${VARIANTS.map(({ name }) => name).join(', ')} (default: all)` },
  data: { value: 'FOLDER,FOLDER', help: 'pictures to train on (default: as train has it)' },
  more: { value: 'FOLDER,FOLDER', help: `one variant more, ${MORE}: 9-1-5 on these pictures` },
  minutes: { value: 'N', help: 'for each variant (default: 3)' },
  steps: { value: 'N', help: 'for each variant, instead of --minutes' },
  seed: { value: 'N', help: 'of each (default: 1)' },
  help: { help: 'show this' },
} as const

const SCALE = 3

export const command: Command = {
  summary: "Trains the paper's ablations under one budget and tabulates them.",
  usage: '[options]',
  options: OPTIONS,
  run: async (args) => {
    const given = parseArguments(args, OPTIONS)
    const names = VARIANTS.map(({ name }) => name)
    const chosen = given.only === undefined ? names : listOf(given.only, 'only', (item) => oneOf(item, 'only', names))
    const budget =
      given.steps === undefined
        ? ['--minutes', `${numberOf(given.minutes ?? '3', 'minutes', 0.01, 10_000)}`]
        : ['--steps', `${integerOf(given.steps, 'steps', 1)}`]
    const seed = `${integerOf(given.seed ?? '1', 'seed', -(2 ** 31))}`
    const variants = VARIANTS.filter(({ name }) => chosen.includes(name))
    if (given.more !== undefined) variants.push({ name: MORE, options: ['--data', given.more] })

    const rows = [['variant', 'weights', 'steps', 'validation', 'Set5', 'Set5 8-bit', 'Set14', "paper's Set5", '']]
    for (const { name, options, paper, note } of variants) {
      const run = `ablate-${name}`
      const data = given.data === undefined || name === MORE ? [] : ['--data', given.data]
      const arch = options.includes('--arch') ? [] : ['--arch', 'srcnn']
      const common = ['--scale', `${SCALE}`, ...budget, '--seed', seed, ...data, ...arch]
      // Variants that are there already, whole or in part, are gone on with.
      const isThere = existsSync(path.join(RUNS, run))
      await train.run(['--run', run, ...(isThere ? ['--resume'] : [...common, ...options])])
      const [entry] = (await readManifest(path.join(RUNS, run))).models
      if (entry === undefined) break // stopped by hand
      const scoreOn = (set: string, input: TestInput) =>
        entry.scores?.find((score) => score.set === set && score.input === input)?.psnr
      rows.push([
        name,
        entry.architecture ?? '',
        `${entry.steps}`,
        format(entry.validation?.psnr),
        format(scoreOn('Set5', 'float')),
        format(scoreOn('Set5', 'uint8')),
        format(scoreOn('Set14', 'float')),
        format(paper),
        note ?? '',
      ])
    }
    console.log(`\nPSNR in dB at x${SCALE}; ${budget.join(' ').replace('--', '')} each\n${alignColumns(rows)}`)
  },
}

function format(decibels: number | undefined): string {
  return decibels === undefined ? '-' : decibels.toFixed(2)
}
