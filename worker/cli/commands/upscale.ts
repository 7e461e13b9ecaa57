import { availableParallelism } from 'node:os'
import { SrError } from '../../base/errors.ts'
import { FORMATS, type Scale, SCALES } from '../../client/allowed.ts'
import { resolveOptions } from '../../options.ts'
import { MAX_OUTPUT_SIDE } from '../../platform/limits.ts'
import type { Wish } from '../../picture/wish.ts'
import { type Arguments, type Command, integerOf, oneOf, parseArguments, UsageError } from '../../terminal/arguments.ts'
import { print, printError } from '../../terminal/print.ts'
import { type EngineName, ENGINES, loadEngine } from '../engines.ts'
import { stopOnSignals } from '../signals.ts'
import { findInputs, STDIN } from '../upscale/inputs.ts'
import { createMaker, type Maker } from '../upscale/maker.ts'
import { formatNamed, type OutputTarget, STDOUT, targetOf } from '../upscale/outputs.ts'
import { createUpscaleReport } from '../upscale/upscaleReport.ts'
import { upscaleAll } from '../upscale/upscaleAll.ts'
import type { ThreadData } from '../upscale/threadScript.ts'
import { createThread, type Thread } from '../upscale/threads.ts'
import { removeParts } from '../../terminal/wholeFile.ts'

const NAMED_FORMATS = FORMATS.filter((format) => format !== 'auto')
const DEFAULT_SCALE: Scale = 3
const { quality: DEFAULT_QUALITY } = resolveOptions()
/** Enlarging a source of 100 MP takes up to 4 GB of memory and a minute. */
const DEFAULT_MAX_PIXELS = 100_000_000
const MAX_JOBS = 256

const OPTIONS = {
  scale: { value: 'N', short: 's', help: `how many times as large: ${SCALES.join(', ')} (default: ${DEFAULT_SCALE})` },
  width: { value: 'N', help: 'instead of --scale: width of the result in pixels' },
  height: {
    value: 'N',
    help: 'instead of --scale: height of the result in pixels; with --width: the largest result that fits into both',
  },
  out: {
    value: 'OUT',
    short: 'o',
    help: 'a folder, or a file or - (stdout) for a single picture (default: cat-x3.jpg or cat-640w.jpg beside cat.jpg)',
  },
  format: { value: 'NAME', help: `${NAMED_FORMATS.join(', ')} (default: source, or the format of the file OUT)` },
  quality: {
    value: 'N',
    help: `quality of JPEG and WebP, 1 to 100 (default: ${DEFAULT_QUALITY})`,
  },
  model: { value: 'NAME', help: 'auto, bicubic or a name in the manifest (default: auto)' },
  engine: {
    value: 'NAME',
    help: `${ENGINES.join(', ')}: engine that runs the networks (default: fused, the worker's)`,
  },
  jobs: { value: 'N', help: 'pictures to make at the same time (default: one per core)' },
  'max-pixels': {
    value: 'N',
    help: `pictures with more pixels are left out (default: ${DEFAULT_MAX_PIXELS})`,
  },
  force: { help: 'overwrite results that exist already' },
  'copy-skipped': { help: 'copy each picture that is left out to the path of its result' },
  json: { help: 'print one line of JSON per picture' },
  quiet: { short: 'q', help: 'print only the pictures that fail' },
  help: { short: 'h', help: 'show this' },
} as const

/** Starts a thread. Tests replace this function by one that makes pictures without a thread. */
export type StartThread = (data: ThreadData, maker: Maker) => Thread

export const command: Command = {
  summary: `make pictures larger and sharper, byte for byte as the worker serves them

INPUT: files, folders (including their subfolders), globs, URLs (http, https), and - for stdin, whose result goes to
stdout without --out. With --out - all messages go to stderr.`,
  usage: 'INPUT... [options]',
  options: OPTIONS,
  async run(args) {
    process.exitCode = await runUpscale(args)
  },
}

/** Runs the command and returns the exit code. Throws a UsageError if the command line is wrong. */
export async function runUpscale(args: readonly string[], startThread: StartThread = createThread): Promise<number> {
  const given = parseArguments(args, OPTIONS, ['INPUT...'])
  if (given.words.length === 0) throw new UsageError('expected INPUT, got nothing')
  const target = await targetOf(given.out ?? (given.words.join() === STDIN ? STDOUT : undefined))
  const isPiped = target.file === STDOUT
  const makerOptions = {
    wish: wishOf(given, target),
    maxPixels: integerOf(given['max-pixels'] ?? `${DEFAULT_MAX_PIXELS}`, 'max-pixels', 1),
  }
  const engine = oneOf(given.engine ?? 'fused', 'engine', ENGINES)
  const jobs = integerOf(given.jobs ?? `${availableParallelism()}`, 'jobs', 1, MAX_JOBS)
  const maker = await makerOf(engine, makerOptions)
  const { inputs, areNamed, failures } = await findInputs(given.words, target.folder)
  if (target.file !== undefined && (!areNamed || inputs.length + failures.length > 1)) {
    const what = isPiped ? 'stdout' : `the file ${target.file}`
    const folder = isPiped ? 'FOLDER' : target.file
    throw new UsageError(`expected one picture for ${what}; for several, name a folder: --out ${folder}/`)
  }
  if (given.out === undefined && !isPiped && inputs.some(({ source }) => source === 'stdin')) {
    throw new UsageError('expected --out FOLDER, because the picture of stdin has no folder of its own')
  }
  if (isPiped && process.stdout.isTTY) {
    throw new UsageError('expected stdout to be a file or a pipe, got a terminal: name a file with --out')
  }

  const total = inputs.length + failures.length
  const printOutcome = isPiped || (given.quiet && !given.json) ? printError : print
  const report = createUpscaleReport(total, given.json, printOutcome, process.stderr, given.quiet)
  for (const { file, message } of failures) report.tell({ input: file, outcome: 'failed', message, seconds: 0 })
  const count = Math.min(jobs, inputs.length)
  const threads = Array.from({ length: count }, () => startThread({ engine, makerOptions }, maker))
  const closeAll = () => Promise.all(threads.map((thread) => thread.close()))
  const stop = stopOnSignals(removeParts)
  stop.signal.addEventListener('abort', () => void closeAll())
  const { force = false, 'copy-skipped': copySkipped = false } = given
  await upscaleAll(
    inputs,
    { target, makerOptions, force, copySkipped, maker, threads, signal: stop.signal },
    (outcome) => report.tell(outcome),
    (pictures) => report.tellPart(pictures),
  )
  await closeAll()
  stop.end()
  report.end(stop.signal.aborted)
  return stop.code ?? (report.counts.failed > 0 ? 1 : 0)
}

function wishOf(given: Arguments<typeof OPTIONS>, target: OutputTarget): Wish {
  const { scale, width, height } = given
  const isSized = width !== undefined || height !== undefined
  if (scale !== undefined && isSized) {
    throw new UsageError(`expected --scale or --${width === undefined ? 'height' : 'width'}, got both`)
  }
  const pixels = (name: 'width' | 'height') =>
    given[name] === undefined ? undefined : integerOf(given[name], name, 1, MAX_OUTPUT_SIDE)
  const size = isSized
    ? { width: pixels('width'), height: pixels('height') }
    : { scale: numberOf(scale ?? `${DEFAULT_SCALE}`, 'scale', SCALES) }
  const asked = oneOf(given.format ?? 'source', 'format', NAMED_FORMATS)
  const named = target.file === undefined ? undefined : formatNamed(target.file)
  if (named && asked !== 'source' && asked !== named) {
    throw new UsageError(`expected --format and the name of --out to be the same, got ${asked} and ${target.file}`)
  }
  return {
    size,
    format: named ?? asked,
    quality: integerOf(given.quality ?? `${DEFAULT_QUALITY}`, 'quality', 1, 100),
    model: given.model ?? 'auto',
  }
}

function numberOf<T extends number>(text: string, option: string, known: readonly T[]): T {
  return Number(oneOf(text, option, known.map(String))) as T
}

async function makerOf(engine: EngineName, makerOptions: ThreadData['makerOptions']): Promise<Maker> {
  try {
    return await createMaker(await loadEngine(engine), makerOptions)
  } catch (error) {
    if (!(error instanceof SrError)) throw error
    // oxlint-disable-next-line preserve-caught-error -- its message would be printed twice
    throw new UsageError(error.message.replace('sr-model', '--model'))
  }
}
