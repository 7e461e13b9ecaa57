// npm run evaluate: methods side by side on folders of pictures, by the code that serves.
import { existsSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { DEFAULT_MODEL } from '../../worker/model/manifest.ts'
import { helpOf, listOf, nearest, oneOf, parseArguments, UsageError } from '../../worker/terminal/arguments.ts'
import { loadBaseline } from '../baseline/loadBaseline.ts'
import { DATA_FOLDER, parseScales, SCALES } from './trainOptions.ts'
import { type Dataset, readDataset } from '../data/dataset.ts'
import { loadRuntime, RUNTIMES } from '../engine/runtime.ts'
import { formatCsv, formatJson, formatTable } from '../evaluate/formatResults.ts'
import { parseTestInput } from '../evaluate/testInput.ts'
import { BUILT_IN, findMethod, type NamedMethod, ON_ORT } from '../evaluate/findMethod.ts'
import { plotResults } from '../report/plot.ts'
import { createStepProgress } from '../evaluate/stepProgress.ts'
import { acceptsInput } from '../evaluate/method.ts'
import { compareMethods } from '../evaluate/compareMethods.ts'

const OPTIONS = {
  method: {
    value: 'NAME,NAME',
    help: `of ${BUILT_IN.join(', ')}, models of the manifest, and .onnx files with their one --scale; with ${ON_ORT} behind it by ONNX Runtime (default: bicubic,srcnn,${DEFAULT_MODEL})`,
  },
  models: { value: 'FOLDER', help: 'where the manifest is (default: models)' },
  scale: { value: 'N,N', help: `of ${SCALES.join(', ')} (default: all)` },
  input: {
    value: 'KIND,KIND',
    help: 'float, as papers measure; uint8, as a service receives; jpeg:40, compressed at quality 40 (default: float,uint8)',
  },
  verbose: { help: 'a row for each picture, too' },
  csv: { help: 'as CSV' },
  json: { help: 'as JSON' },
  out: { value: 'FILE', help: 'write that to a file' },
  plot: { value: 'FILE.svg', help: 'draw PSNR against seconds a picture' },
  'baseline-data': {
    value: 'FOLDER',
    help: `what sparse coding learns from, once a scale (default: ${DATA_FOLDER}/T91)`,
  },
  runtime: { value: 'NAME', help: `onnxruntime to use: ${RUNTIMES.join(', ')} (default: auto)` },
  help: { help: 'show this' },
} as const

const DEFAULT_SETS = ['Set5', 'Set14']
/** The window of SSIM. */
const SMALLEST = 11

/** `print` gets what stdout should. Throws a UsageError for a command line that cannot be followed. */
export async function evaluate(args: readonly string[], print: (text: string) => void = console.log): Promise<void> {
  const given = parseArguments(args, OPTIONS, ['FOLDER ...'])
  if (given.help) {
    print(
      helpOf(
        `npm run evaluate -- [FOLDER ...] [options]\n\nFolders of pictures; default: ${DEFAULT_SETS.join(' and ')} in ${DATA_FOLDER}.`,
        OPTIONS,
      ),
    )
    return
  }
  if (given.csv && given.json) throw new UsageError('expected --csv or --json, got both')
  for (const option of ['out', 'plot'] as const) checkFolderOf(given[option], option)
  const scales = parseScales(given.scale)
  const inputs = listOf(given.input ?? 'float,uint8', 'input', parseTestInput)
  const names = listOf(given.method ?? `bicubic,srcnn,${DEFAULT_MODEL}`, 'method', String)
  const folders = foldersOf(given.words)
  const runtime = await loadRuntime(oneOf(given.runtime ?? 'auto', 'runtime', RUNTIMES))

  const baselineData = given['baseline-data'] ?? path.join(DATA_FOLDER, 'T91')
  let baseline: Dataset | undefined
  const loadDictionary = async (scale: number) => {
    baseline ??= await readDataset(existing(baselineData, 'baseline-data'))
    const progress = createStepProgress()
    const dictionary = await loadBaseline(baseline, scale, {
      onProgress: (stage, share) => progress.at(`sparse coding x${scale} learns ${stage}`, share),
    })
    progress.end()
    return dictionary
  }
  const methods: NamedMethod[] = []
  const sources = {
    scales,
    areScalesGiven: given.scale !== undefined,
    models: given.models ?? 'models',
    runtime,
    loadDictionary,
  }
  for (const name of names) {
    const method = await findMethod(name, sources)
    if (!inputs.some((input) => acceptsInput(method, input)))
      throw new UsageError(
        `expected --input with uint8 or jpeg:QUALITY for ${name}, which needs colour, got ${inputs.join()}`,
      )
    methods.push(method)
  }

  const sets: Dataset[] = []
  for (const folder of folders) sets.push(withoutTiny(await readDataset(folder), Math.max(...scales)))
  const progress = createStepProgress()
  const tasksOf = (method: NamedMethod) =>
    method.scales.length * inputs.filter((input) => acceptsInput(method, input)).length
  const tasks = methods.reduce((sum, method) => sum + tasksOf(method), 0)
  const total = sets.reduce((sum, { pictures }) => sum + pictures.length, 0) * tasks
  let done = 0
  const results = await compareMethods(sets, scales, inputs, methods, (what) => progress.at(what, done++ / total))
  progress.end()

  const text = given.csv
    ? formatCsv(results)
    : given.json
      ? formatJson(results, runtime.version)
      : formatTable(results, given.verbose)
  if (given.out === undefined) print(text)
  else await writeFile(given.out, `${text}\n`)
  if (given.plot !== undefined) await writeFile(given.plot, plotResults(results))
}

function foldersOf(words: readonly string[]): string[] {
  if (words.length > 0) return words.map((folder) => existing(folder))
  const folders = DEFAULT_SETS.map((set) => path.join(DATA_FOLDER, set)).filter(existsSync)
  if (folders.length > 0) return folders
  throw new UsageError(
    `expected FOLDER with pictures to evaluate on, as there is no ${DEFAULT_SETS.join(' or ')} in ${DATA_FOLDER}`,
  )
}

function existing(folder: string, option?: string): string {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder
  const where = option === undefined ? 'FOLDER' : `--${option}`
  // `evaluate srcnn` probably means a method.
  const near = option === undefined ? nearest(folder, [...BUILT_IN, 'srcnn']) : undefined
  throw new UsageError(
    `expected ${where} to be a folder that exists, got "${folder}"${near === undefined ? '' : `; did you mean --method ${near}?`}`,
  )
}

/** Before hours of work, not after. */
function checkFolderOf(file: string | undefined, option: string): void {
  if (file === undefined || existsSync(path.dirname(file))) return
  throw new UsageError(`expected --${option} to be in a folder that exists, got "${file}"`)
}

/** Leaves out, and says so, pictures of which too little is left for SSIM after the border is shaved off. */
function withoutTiny(set: Dataset, scale: number): Dataset {
  const least = SMALLEST + 3 * scale - 1 // shaved twice, after up to scale - 1 are cropped
  const isEnough = ({ rgba }: Dataset['pictures'][number]) => Math.min(rgba.width, rgba.height) >= least
  const tiny = set.pictures.filter((picture) => !isEnough(picture))
  if (tiny.length === set.pictures.length) {
    throw new Error(`expected a picture of at least ${least} pixels a side in ${set.name} at x${scale}, got none`)
  }
  if (tiny.length > 0)
    console.error(`left out, as a side is below ${least} pixels: ${tiny.map(({ name }) => name).join(', ')}`)
  return { ...set, pictures: set.pictures.filter(isEnough) }
}
