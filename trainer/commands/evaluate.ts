// npm run evaluate: compares methods on folders of pictures. Models run through the worker's own code.
import { existsSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { SCALES } from '../../worker/client/allowed.ts'
import { DEFAULT_MODEL } from '../../worker/model/manifest.ts'
import {
  type Arguments,
  helpOf,
  listOf,
  nearest,
  oneOf,
  parseArguments,
  UsageError,
} from '../../worker/terminal/arguments.ts'
import { printError, printText } from '../../worker/terminal/print.ts'
import { type PictureSet, readPictureSet } from '../data/pictureSet.ts'
import { loadOnnxRuntime, ONNX_RUNTIMES } from '../engine/onnxRuntime.ts'
import { compareMethods, type MethodResult } from '../evaluate/compareMethods.ts'
import { createDictionaryLoader } from '../evaluate/dictionaryLoader.ts'
import { BUILT_IN, findMethod, type MethodSources, type NamedMethod, ON_ORT } from '../evaluate/findMethod.ts'
import { formatCsv, formatJson, formatTable } from '../evaluate/formatResults.ts'
import { acceptsInput } from '../evaluate/method.ts'
import { createStepProgress } from '../evaluate/stepProgress.ts'
import { parseTestInput, type TestInput } from '../evaluate/testInput.ts'
import { plotResults } from '../report/plot.ts'
import { DATA_FOLDER, parseScales } from './trainOptions.ts'

const OPTIONS = {
  method: {
    value: 'NAME,NAME',
    help:
      `methods to compare: ${BUILT_IN.join(', ')}, models of the manifest, and .onnx files with one --scale; ` +
      `the suffix ${ON_ORT} runs a model in ONNX Runtime (default: bicubic,srcnn,${DEFAULT_MODEL})`,
  },
  models: { value: 'FOLDER', help: 'folder of the manifest (default: models)' },
  scale: { value: 'N,N', help: `scales to evaluate, out of ${SCALES.join(', ')} (default: all)` },
  input: {
    value: 'KIND,KIND',
    help:
      'float: luma as papers measure it; uint8: RGB as a service receives it; ' +
      'jpeg:40: JPEG of quality 40 (default: float,uint8)',
  },
  verbose: { help: 'add a row for each picture' },
  csv: { help: 'print CSV' },
  json: { help: 'print JSON' },
  out: { value: 'FILE', help: 'write to a file instead of stdout' },
  plot: { value: 'FILE.svg', help: 'plot PSNR against seconds per picture' },
  'baseline-data': {
    value: 'FOLDER',
    help: `pictures that sparse coding learns from, once per scale (default: ${DATA_FOLDER}/T91)`,
  },
  runtime: { value: 'NAME', help: `ONNX Runtime to use: ${ONNX_RUNTIMES.join(', ')} (default: auto)` },
  help: { short: 'h', help: 'show this' },
} as const

const DEFAULT_SETS = ['Set5', 'Set14']
const WHERE_SETS_ARE =
  "Set5 and Set14 are folders of the SRCNN paper's test code: SRCNN_v1.zip at http://mmlab.ie.cuhk.edu.hk/projects/SRCNN.html"
/** Side of SSIM's window in pixels. */
const SSIM_WINDOW = 11

/** Runs the command and passes its output to `print`. Throws a UsageError for an invalid command line. */
export async function evaluate(args: readonly string[], print: (text: string) => void = printText): Promise<void> {
  const given = parseArguments(args, OPTIONS, ['FOLDER ...'])
  if (given.help) return print(help())
  const comparison = await parseComparison(given)
  const { folders, sources } = comparison
  const methods = await findMethods(comparison)
  const sets: PictureSet[] = []
  for (const folder of folders) sets.push(withoutTiny(await readPictureSet(folder), Math.max(...sources.scales)))
  const results = await compareWithProgress(sets, comparison, methods)

  const text = given.csv
    ? formatCsv(results)
    : given.json
      ? formatJson(results, sources.runtime.version)
      : formatTable(results, given.verbose)
  if (given.out === undefined) print(text)
  else await writeFile(given.out, `${text}\n`)
  if (given.plot !== undefined) await writeFile(given.plot, plotResults(results))
}

function help(): string {
  const defaults = `${DEFAULT_SETS.join(' and ')} in ${DATA_FOLDER}`
  const usage = `npm run evaluate -- [FOLDER ...] [options]\n\nFolders of pictures; default: ${defaults}.`
  return helpOf(usage, OPTIONS)
}

/** The parsed command line. */
interface Comparison {
  readonly folders: readonly string[]
  readonly inputs: readonly TestInput[]
  readonly names: readonly string[]
  readonly sources: MethodSources
}

async function parseComparison(given: Arguments<typeof OPTIONS>): Promise<Comparison> {
  if (given.csv && given.json) throw new UsageError('expected --csv or --json, got both')
  for (const option of ['out', 'plot'] as const) checkFolderOf(given[option], option)
  const scales = parseScales(given.scale)
  const inputs = listOf(given.input ?? 'float,uint8', 'input', parseTestInput)
  const names = listOf(given.method ?? `bicubic,srcnn,${DEFAULT_MODEL}`, 'method', String)
  const folders = foldersOf(given.words)
  const learned = given['baseline-data'] ?? path.join(DATA_FOLDER, 'T91')
  const sources: MethodSources = {
    scales,
    areScalesGiven: given.scale !== undefined,
    models: given.models ?? 'models',
    runtime: await loadOnnxRuntime(oneOf(given.runtime ?? 'auto', 'runtime', ONNX_RUNTIMES)),
    loadDictionary: createDictionaryLoader(() => existing(learned, 'baseline-data')),
  }
  return { folders, inputs, names, sources }
}

/** Finds the methods by name. Throws a UsageError for a method that accepts none of the inputs. */
async function findMethods({ names, inputs, sources }: Comparison): Promise<NamedMethod[]> {
  const methods: NamedMethod[] = []
  for (const name of names) {
    const method = await findMethod(name, sources)
    if (!inputs.some((input) => acceptsInput(method, input)))
      throw new UsageError(
        `expected --input with uint8 or jpeg:QUALITY for ${name}, which needs colour, got ${inputs.join()}`,
      )
    methods.push(method)
  }
  return methods
}

async function compareWithProgress(
  sets: readonly PictureSet[],
  { inputs, sources }: Comparison,
  methods: readonly NamedMethod[],
): Promise<MethodResult[]> {
  const tasksOf = (method: NamedMethod) =>
    method.scales.length * inputs.filter((input) => acceptsInput(method, input)).length
  const tasks = methods.reduce((sum, method) => sum + tasksOf(method), 0)
  const total = sets.reduce((sum, { pictures }) => sum + pictures.length, 0) * tasks
  const progress = createStepProgress()
  let done = 0
  const onPicture = (what: string) => progress.at(what, done++ / total)
  const results = await compareMethods(sets, sources.scales, inputs, methods, onPicture)
  progress.end()
  return results
}

function foldersOf(words: readonly string[]): string[] {
  if (words.length > 0) return words.map((folder) => existing(folder))
  const folders = DEFAULT_SETS.map((set) => path.join(DATA_FOLDER, set)).filter(existsSync)
  if (folders.length > 0) return folders
  const [set5, set14] = DEFAULT_SETS.map((set) => path.join(DATA_FOLDER, set))
  throw new UsageError(
    `expected FOLDER with pictures to evaluate on, because there is no ${DEFAULT_SETS.join(' or ')} in ${DATA_FOLDER}.
${WHERE_SETS_ARE}
The five and fourteen originals belong into ${set5} and ${set14}, under any names, as BMP or PNG.`,
  )
}

function existing(folder: string, option?: string): string {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder
  const where = option === undefined ? 'FOLDER' : `--${option}`
  // The user of `npm run evaluate -- srcnn` probably means --method srcnn.
  const near = option === undefined ? nearest(folder, [...BUILT_IN, 'srcnn']) : undefined
  throw new UsageError(
    `expected ${where} to be a folder that exists, got "${folder}"${near === undefined ? '' : `; did you mean --method ${near}?`}`,
  )
}

/** Throws if the folder of an output file does not exist. Called before the work, which can take hours. */
function checkFolderOf(file: string | undefined, option: string): void {
  if (file === undefined || existsSync(path.dirname(file))) return
  throw new UsageError(`expected --${option} to be in a folder that exists, got "${file}"`)
}

/**
 * Returns the set without pictures that are too small for SSIM after the border is shaved off. Prints the names of the
 * pictures that it leaves out.
 */
function withoutTiny(set: PictureSet, scale: number): PictureSet {
  const least = SSIM_WINDOW + 3 * scale - 1 // modcrop cuts up to scale - 1, then `scale` is shaved off each side
  const isEnough = ({ rgba }: PictureSet['pictures'][number]) => Math.min(rgba.width, rgba.height) >= least
  const tiny = set.pictures.filter((picture) => !isEnough(picture))
  if (tiny.length === set.pictures.length) {
    throw new Error(`expected a picture of at least ${least} pixels a side in ${set.name} at x${scale}, got none`)
  }
  if (tiny.length > 0)
    printError(`pictures left out, because a side is below ${least} pixels: ${tiny.map(({ name }) => name).join(', ')}`)
  return { ...set, pictures: set.pictures.filter(isEnough) }
}
