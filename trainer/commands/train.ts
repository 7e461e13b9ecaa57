// npm run trainer: trains weights into the folder of a run. The function `trainScale` shows the steps of a run in
// order.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { createCodec } from '../../worker/codec/codec.ts'
import type { Engine } from '../../worker/engine/engine.ts'
import { roundToHalf } from '../../worker/model/half.ts'
import type { ModelEntry, Parent } from '../../worker/model/manifest.ts'
import { channelsOf, describeNetwork, type Network } from '../../worker/model/network.ts'
import { decodeNetwork, encodeNetwork } from '../../worker/model/networkFile.ts'
import { loadCodecModules } from '../../worker/platform/nodeFiles.ts'
import { type Command, UsageError } from '../../worker/terminal/arguments.ts'
import { makeFolder } from '../../worker/terminal/makeFolder.ts'
import { writeWhole } from '../../worker/terminal/wholeFile.ts'
import { print, printText } from '../../worker/terminal/print.ts'
import { describeDegradation } from '../data/degrade.ts'
import { licenceOf } from '../data/licences.ts'
import { openPatchSource, type PatchSource } from '../data/patchSource.ts'
import { type PictureSet, readPictureSet } from '../data/pictureSet.ts'
import { type Backend, chooseBackend } from '../engine/backends.ts'
import type { Task, GradientEngine } from '../engine/gradientEngine.ts'
import { createInference, loadOnnxRuntime } from '../engine/onnxRuntime.ts'
import { flattenParameters, unflattenParameters } from '../engine/parameters.ts'
import { formatScores } from '../evaluate/formatScores.ts'
import { acceptsInput, networkMethod } from '../evaluate/method.ts'
import { manifestScoreOf, scoreSet, type SetScore } from '../evaluate/score.ts'
import type { TestInput } from '../evaluate/testInput.ts'
import type { Recipe } from '../run/checkpoint.ts'
import { exportModel, readManifest, sha256Of } from '../run/export.ts'
import { createFitState, euclideanScale, type FitState, startFrom } from '../run/fit.ts'
import { latestRun, createRun, findRunFolder, RUNS_FOLDER } from '../run/runFolders.ts'
import { measureStepMs } from '../run/stepTime.ts'
import { createValidator, type Validator } from '../run/validate.ts'
import { fitAndWatch, resumeFit } from '../run/watchedFit.ts'
import { uploadRun } from '../ship/uploadRun.ts'
import {
  commandOf,
  type ExecutionOptions,
  parseExecutionOptions,
  parseTrainArguments,
  parseTrainConfig,
  sourceOptionsOf,
  taskOf,
  TRAIN_OPTIONS,
  type TrainArguments,
  type TrainConfig,
} from './trainOptions.ts'

/**
 * The scores in the manifest are measured with these inputs: luma as in papers, 8-bit RGB as a service receives it, and
 * JPEG as on most of the web.
 */
const EVALUATED: readonly TestInput[] = ['float', 'uint8', 'jpeg:40', 'jpeg:60', 'jpeg:80']
const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** Exit code after SIGINT, by convention 128 + 2. */
const INTERRUPTED = 130
const CONFIG = 'config.json'

export const command: Command = {
  summary: 'train weights into a folder under trainer/runs',
  usage: '[options]',
  options: TRAIN_OPTIONS,
  run: async (args) => {
    const given = parseTrainArguments(args)
    const { run, given: saved } = await openRun(given)
    const execution = parseExecutionOptions({ ...saved, ...given }) // a resumed run may use another backend
    const config = parseTrainConfig(saved)
    const folder = findRunFolder(run)
    print(`run ${run} in ${folder}`)
    const backend = await chooseBackend(execution.backend, taskOf(config, config.scales[0]))
    for (const line of backend.skipped) print(line)
    print(backend.description)
    const isStopped = await untilSignal(async (stop) => {
      const tests = await Promise.all(config.tests.map(readPictureSet))
      for (const scale of config.scales) {
        if (stop.aborted) return
        await trainScale({ config, given: saved, execution, folder, backend, tests, scale, stop })
      }
    })
    if (isStopped) return
    if (execution.upload) await uploadRun(folder, execution.upload, { bucket: execution.bucket })
    else printNextCommands(run)
  },
}

/** Arguments of trainScale. */
interface ScaleRun {
  readonly config: TrainConfig
  readonly given: TrainArguments
  readonly execution: ExecutionOptions
  readonly folder: string
  readonly backend: Backend
  readonly tests: readonly PictureSet[]
  readonly scale: number
  readonly stop: AbortSignal
}

/** The tools that measure weights. */
interface Meter {
  readonly inference: Engine
  /** Undefined if no pictures are held out. */
  readonly validation: Validator | undefined
}

/**
 * Trains one scale, from opening the pictures to printing the scores. Does nothing if the run has finished this scale.
 */
async function trainScale(run: ScaleRun): Promise<void> {
  const { config, execution, folder, backend, tests, scale, stop } = run
  const label = `${config.name} x${scale}`
  const finished = (await readManifest(folder)).models.find((model) => model.scale === scale)
  if (finished) {
    print(`${label} is already trained: ${path.join(folder, finished.file)}`)
    return
  }
  const task = taskOf(config, scale)
  const patches = await openPatchSource({ ...sourceOptionsOf(config, scale), tests, stop })
  const engine = await backend.createEngine(task, { workers: execution.workers })
  try {
    const meter = await createMeter(run, task.network, patches)
    const { state, steps } = await fitScale(run, label, task, patches, engine, meter)
    if (state.step < steps) return printStop(folder, state.step, steps)

    const network = unflattenParameters(task.network, state.average.map(roundToHalf)) // halves the file
    const bytes = encodeNetwork(network)
    const scores = await scoreFile(bytes, scale, tests, meter.inference)
    const facts = await describeModel(run, network, steps, patches, meter)
    const entry = await exportModel(folder, bytes, { ...facts, scores: scores.map(manifestScoreOf) })
    print(`${path.join(folder, entry.file)}: ${entry.bytes} bytes, sha256 ${entry.sha256}`)
    if (scores.length > 0) printText(formatScores(label, scores))
  } finally {
    await engine.dispose()
    await patches.close()
  }
}

async function createMeter({ config, scale }: ScaleRun, network: Network, patches: PatchSource): Promise<Meter> {
  const codec = createCodec(await loadCodecModules())
  const channels = channelsOf(network)
  const validation = await createValidator(patches.validation, channels, scale, config.degradation, codec)
  return { validation, inference: await createInference(await loadOnnxRuntime()) }
}

/**
 * Trains one scale from the start or from the last checkpoint. If a signal stops the training, `state.step` is less
 * than `steps` in the result.
 */
async function fitScale(
  { config, folder, scale, stop }: ScaleRun,
  label: string,
  { network, patch, batch }: Task,
  patches: PatchSource,
  engine: GradientEngine,
  { inference, validation }: Meter,
): Promise<{ state: FitState; steps: number }> {
  const architecture = describeNetwork(network)
  const { name: data, pictures, digest } = patches.description
  const recipe: Recipe = { architecture, scale, data, pictures, digest }
  const scaleFolder = path.join(folder, `x${scale}`)
  const state = await createState(config, network, scale)
  const resumed = await resumeFit(scaleFolder, recipe, state)
  const steps = resumed?.steps ?? (await stepsOf(config, network, engine, patches))
  const places = patches.places === undefined ? '' : `${patches.places} places in `
  print(`${label}: ${architecture}, ${steps} steps of ${batch} patches from ${places}${pictures} pictures of ${data}`)

  const rate = config.rate * (config.rateFor === 'euclidean' ? euclideanScale(network, patch) : 1)
  const schedule = { steps, rate, course: config.course }
  const psnrOf = (parameters: Float32Array) =>
    validation?.psnrOf({ network: unflattenParameters(network, parameters), engine: inference })
  const seconds = resumed?.seconds ?? 0
  await fitAndWatch(state, engine, patches, schedule, {
    label,
    folder: scaleFolder,
    recipe,
    seconds,
    batch,
    stop,
    validation,
    psnrOf,
  })
  return { state, steps }
}

/** Returns a state with new weights, or with the weights of the ONNX file in --from, which must have the same shape. */
async function createState(config: TrainConfig, network: Network, scale: number): Promise<FitState> {
  const { seed, optimizer, initialisation } = config
  const file = initialFile(config, scale)
  if (file === undefined) return createFitState(network, seed, optimizer, initialisation)
  const given = decodeNetwork(await readFile(file))
  if (describeNetwork(given) !== describeNetwork(network)) {
    throw new UsageError(
      `expected --from weights of ${describeNetwork(network)}, but ${file} has ${describeNetwork(given)}`,
    )
  }
  return startFrom(network, flattenParameters(given), optimizer)
}

/** Returns the file of --from at a scale. */
function initialFile({ from }: TrainConfig, scale: number): string | undefined {
  return from?.replaceAll('%', `${scale}`)
}

/** Returns the ancestors of a run's weights, as the manifest beside the file of --from knows them. */
async function parentsOf(config: TrainConfig, scale: number): Promise<readonly Parent[] | undefined> {
  const file = initialFile(config, scale)
  if (file === undefined) return undefined
  const sha256 = sha256Of(await readFile(file))
  const { models } = await readManifest(path.dirname(file))
  const entry = models.find((model) => model.sha256 === sha256)
  return [{ sha256, data: entry?.data, licence: entry?.licence, command: entry?.command }, ...(entry?.parents ?? [])]
}

/** Returns the number of steps. With --minutes, calculates it from the measured time of a step. */
async function stepsOf(
  { duration, optimizer, batch, scales }: TrainConfig,
  network: Network,
  engine: GradientEngine,
  patches: PatchSource,
): Promise<number> {
  if ('steps' in duration) return duration.steps
  const stepMs = await measureStepMs(network, optimizer, engine, patches)
  const steps = Math.max(1, Math.round((duration.minutes * 60_000) / scales.length / stepMs))
  print(`${Math.round((1000 * batch) / stepMs)} patches/s, so --minutes becomes --steps ${steps}`)
  return steps
}

/**
 * Decodes the exported bytes and runs them as the worker does. Returns the scores for every input that the network
 * accepts.
 */
async function scoreFile(
  bytes: Uint8Array,
  scale: number,
  tests: readonly PictureSet[],
  engine: Engine,
): Promise<SetScore[]> {
  const model = { network: decodeNetwork(bytes), engine }
  const method = networkMethod(new Map([[scale, model]]))
  const inputs = EVALUATED.filter((input) => acceptsInput(method, input))
  const scores: SetScore[] = []
  for (const { name, pictures } of tests) {
    for (const input of inputs) {
      scores.push(await scoreSet(name, pictures, scale, input, model))
    }
  }
  return scores
}

/** Returns the manifest's entry without the scores and without the file's name, digest and size. */
async function describeModel(
  { config, given, scale, backend }: ScaleRun,
  network: Network,
  steps: number,
  patches: PatchSource,
  { inference, validation }: Meter,
): Promise<Omit<ModelEntry, 'file' | 'sha256' | 'bytes'>> {
  const { name, batch, seed, degradation, validate } = config
  const { name: data, pictures } = patches.description
  const psnr = await validation?.psnrOf({ network, engine: inference })
  return {
    name,
    scale,
    architecture: describeNetwork(network),
    padding: network.padding,
    data: `${data} (${pictures} images)`,
    licence: licenceOf(data),
    seed,
    steps,
    patches: steps * batch,
    runtime: backend.version,
    command: commandOf(given, scale, steps),
    parents: await parentsOf(config, scale),
    ...(validation && psnr !== undefined
      ? {
          validation: {
            data: validate === undefined ? `${data}, held out` : path.basename(validate),
            images: validation.images,
            input: describeDegradation(degradation),
            psnr: rounded(psnr),
            bicubic: rounded(validation.bicubic),
          },
        }
      : {}),
  }
}

/** Returns the folder and the options of a new run, or of the run that --resume continues. */
async function openRun(given: TrainArguments): Promise<{ run: string; given: TrainArguments }> {
  if (given.resume) return reopenRun(given)
  const { name } = parseTrainConfig(given) // validates before a folder is created
  parseExecutionOptions(given)
  const run = given.run ?? (await createRun(name))
  if (given.run !== undefined) {
    const folder = path.join(RUNS_FOLDER, run)
    if (existsSync(folder)) throw new UsageError(`expected a new name for --run, or --resume, because ${folder} exists`)
    await makeFolder(folder)
  }
  const saved = { options: given, node: process.version, started: new Date().toISOString() }
  await writeWhole(path.join(findRunFolder(run), CONFIG), `${JSON.stringify(saved, null, 2)}\n`)
  return { run, given }
}

async function reopenRun(given: TrainArguments): Promise<{ run: string; given: TrainArguments }> {
  const run = given.run ?? latestRun(given.name)
  if (run === undefined) throw new UsageError(`expected a run in ${RUNS_FOLDER} to resume, got none`)
  const allowed = new Set(['resume', 'run', 'name', 'backend', 'workers', 'upload', 'bucket', 'words'])
  const other = Object.keys(given).find((option) => !allowed.has(option))
  if (other !== undefined) throw new UsageError(`expected --resume without --${other}, because a run keeps its options`)
  const text = await readFile(path.join(findRunFolder(run), CONFIG), 'utf8')
  const { options } = JSON.parse(text) as { options: TrainArguments }
  return { run, given: options }
}

/**
 * Runs `work` with an AbortSignal that Ctrl-C aborts. Returns whether it was aborted. A second Ctrl-C ends the process.
 */
async function untilSignal(work: (stop: AbortSignal) => Promise<void>): Promise<boolean> {
  const stop = new AbortController()
  const abort = () => stop.abort()
  for (const signal of SIGNALS) process.once(signal, abort)
  try {
    await work(stop.signal)
  } catch (error) {
    if (error !== stop.signal.reason) throw error
    process.exitCode = INTERRUPTED // stopped before the first step
  } finally {
    for (const signal of SIGNALS) process.off(signal, abort) // `ablate` trains several times in one process
  }
  return stop.signal.aborted
}

function printStop(folder: string, step: number, steps: number): void {
  const run = path.basename(folder)
  print(`stopped at step ${step} of ${steps}; continue with npm run trainer -- --resume --run ${run}`)
  process.exitCode = INTERRUPTED
}

function printNextCommands(run: string): void {
  print(`to try it in npm start: npm run trainer -- upload ${run} --to local; to ship it with the code: promote ${run}`)
  print(`for a page about it: npm run trainer -- report ${run}`)
}

function rounded(decibels: number): number {
  return Number(decibels.toFixed(4))
}
