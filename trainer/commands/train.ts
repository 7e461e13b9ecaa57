// npm run trainer: from pictures to weights in a run's folder, top to bottom.
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { createCodec } from '../../worker/codec/codec.ts'
import { loadCodecModules } from '../../worker/platform/nodeFiles.ts'
import type { Engine } from '../../worker/engine/engine.ts'
import { roundToHalf } from '../../worker/model/half.ts'
import { channelsOf, describeNetwork, type Network } from '../../worker/model/network.ts'
import { decodeNetwork, encodeNetwork } from '../../worker/model/networkFile.ts'
import { type Command, UsageError } from '../../worker/terminal/arguments.ts'
import { readCheckpoint, type Recipe, writeCheckpoint } from '../run/checkpoint.ts'
import {
  type ExecutionOptions,
  commandOf,
  type TrainConfig,
  TRAIN_OPTIONS,
  parseExecutionOptions,
  parseTrainConfig,
  parseTrainArguments,
  sourceOptionsOf,
  taskOf,
  type TrainArguments,
} from './trainOptions.ts'
import { type Dataset, readDataset } from '../data/dataset.ts'
import { describeDegradation } from '../data/degrade.ts'
import { type Backend, chooseBackend } from '../engine/backends.ts'
import type { TrainEngine } from '../engine/engine.ts'
import { createInference, loadRuntime } from '../engine/runtime.ts'
import type { TestInput } from '../evaluate/testInput.ts'
import { networkMethod, acceptsInput } from '../evaluate/method.ts'
import { exportModel, readManifest } from '../run/export.ts'
import { createFitState, euclideanScale, fit, type FitState, rateAt, type Schedule, startFrom } from '../run/fit.ts'
import { licenceOf } from '../data/licences.ts'
import { flatten, withParameters } from '../engine/parameters.ts'
import { createProgress } from '../run/progress.ts'
import { replaceFile } from '../run/replace.ts'
import { latestRun, newRun, runFolder, RUNS } from '../run/folder.ts'
import { manifestScoreOf, scoreSet, type SetScore } from '../evaluate/score.ts'
import { uploadRun } from '../ship/uploadRun.ts'
import { openPatches, type PatchSource } from '../data/source.ts'
import { formatScores } from '../evaluate/table.ts'
import { createValidation, type Validation } from '../run/validate.ts'

/** What a killed run loses at most. */
const CHECKPOINT_MS = 30_000
/** Points of the report's curve, spread over a run; dense at its start, where most happens. */
const VALIDATIONS = 60
/** What the manifest has scores on: as papers measure, as a service receives pictures, and as most pictures on the web are. */
const EVALUATED: readonly TestInput[] = ['float', 'uint8', 'jpeg:40', 'jpeg:60', 'jpeg:80']
/** For steps from minutes: enough to average over, few enough not to matter. */
const PROBE_STEPS = 30
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export const command: Command = {
  summary: 'Trains weights into a folder under trainer/runs.',
  usage: '[options]',
  options: TRAIN_OPTIONS,
  run: async (args) => {
    const given = parseTrainArguments(args)
    const { run, given: saved } = await openRun(given)
    const how = parseExecutionOptions({ ...saved, ...given }) // a resumed run may go on elsewhere
    const config = parseTrainConfig(saved)
    const folder = runFolder(run)
    console.log(`run ${run} in ${folder}`)
    const backend = await chooseBackend(how.backend, taskOf(config, config.scales[0]))
    for (const line of backend.skipped) console.log(line)
    console.log(backend.description)
    const stop = new AbortController()
    const abort = () => stop.abort()
    for (const signal of SIGNALS) process.once(signal, abort) // the next one ends the process at once
    const tests = await Promise.all(config.tests.map(readDataset))
    try {
      for (const scale of config.scales) {
        if (stop.signal.aborted) return
        const { signal } = stop
        await trainScale({ config, given: saved, how, folder, backend, tests, scale, stop: signal })
      }
    } catch (error) {
      if (error !== stop.signal.reason) throw error
      process.exitCode = 130 // before its first step
    } finally {
      for (const signal of SIGNALS) process.off(signal, abort) // ablate trains many a time
    }
    if (stop.signal.aborted) return
    if (how.upload) await uploadRun(folder, how.upload, { bucket: how.bucket })
    else
      console.log(`into models/: npm run trainer -- promote ${run}; a page about it: npm run trainer -- report ${run}`)
  },
}

interface ScaleRun {
  readonly config: TrainConfig
  readonly given: TrainArguments
  readonly how: ExecutionOptions
  readonly folder: string
  readonly backend: Backend
  readonly tests: readonly Dataset[]
  readonly scale: number
  readonly stop: AbortSignal
}

async function trainScale(run: ScaleRun): Promise<void> {
  const { config, given, how, folder, backend, tests, scale, stop } = run
  const { name, batch, seed, degradation } = config
  const done = (await readManifest(folder)).models.find((model) => model.scale === scale)
  if (done) {
    console.log(`${name} x${scale} is done: ${path.join(folder, done.file)}`)
    return
  }
  const task = taskOf(config, scale)
  const { network: empty, patch } = task
  const architecture = describeNetwork(empty)
  const label = `${name} x${scale}`
  const codec = createCodec(await loadCodecModules())
  const patches = await openPatches({ ...sourceOptionsOf(config, scale), tests, stop })
  const engine = await backend.createEngine(task, { workers: how.workers })
  try {
    const validation = await createValidation(patches.validation, channelsOf(empty), scale, degradation, codec)
    const inference = await createInference(await loadRuntime())
    const { name: data, pictures, digest } = patches.description
    const recipe: Recipe = { architecture, scale, data, pictures, digest }
    const state = await startState(config, empty, scale)
    const place = path.join(folder, `x${scale}`)
    const { steps, seconds } = await startOrResume(run, empty, place, recipe, engine, patches, state)
    const places = patches.places === undefined ? '' : `${patches.places} places in `
    console.log(
      `${label}: ${architecture}, ${steps} steps of ${batch} patches from ${places}${pictures} pictures of ${data}`,
    )

    const rate = config.rate * (config.rateFor === 'euclidean' ? euclideanScale(empty, patch) : 1)
    const schedule: Schedule = { steps, rate, course: config.course }
    await fitAndWatch(state, engine, patches, schedule, {
      label,
      place,
      recipe,
      seconds,
      batch,
      stop,
      validation,
      psnrOf: (parameters) => validation?.psnrOf({ network: withParameters(empty, parameters), engine: inference }),
    })
    if (state.step < steps) {
      console.log(
        `stopped at step ${state.step} of ${steps}; go on with npm run trainer -- --resume --run ${path.basename(folder)}`,
      )
      process.exitCode = 130
      return
    }

    const network = withParameters(empty, state.average.map(roundToHalf)) // half the bytes to ship
    const bytes = encodeNetwork(network)
    const scores = await evaluate(bytes, scale, tests, inference)
    const psnr = await validation?.psnrOf({ network, engine: inference })
    const entry = await exportModel(folder, bytes, {
      name,
      scale,
      architecture,
      padding: empty.padding,
      data: `${data} (${pictures} images)`,
      licence: licenceOf(data),
      seed,
      steps,
      patches: steps * batch,
      runtime: backend.version,
      command: commandOf(given, scale, steps),
      ...(validation && psnr !== undefined
        ? {
            validation: {
              data: config.validate === undefined ? `${data}, held out` : path.basename(config.validate),
              images: validation.images,
              input: describeDegradation(degradation),
              psnr: rounded(psnr),
              bicubic: rounded(validation.bicubic),
            },
          }
        : {}),
      scores: scores.map(manifestScoreOf),
    })
    console.log(`${path.join(folder, entry.file)}: ${entry.bytes} bytes, sha256 ${entry.sha256}`)
    if (scores.length > 0) console.log(formatScores(label, scores))
  } finally {
    await engine.dispose()
    await patches.close()
  }
}

/** A new run's folder and options, or those of the one that is resumed. */
async function openRun(given: TrainArguments): Promise<{ run: string; given: TrainArguments }> {
  if (given.resume) {
    const run = given.run ?? latestRun(given.name)
    if (run === undefined) throw new UsageError(`expected a run in ${RUNS} to resume, there is none`)
    const again = new Set(['resume', 'run', 'name', 'backend', 'workers', 'upload', 'bucket', 'words'])
    const other = Object.keys(given).find((option) => !again.has(option))
    if (other !== undefined) throw new UsageError(`expected --resume without --${other}: a run keeps its options`)
    const { options } = JSON.parse(await readFile(path.join(runFolder(run), CONFIG), 'utf8')) as {
      options: TrainArguments
    }
    return { run, given: options }
  }
  const { name } = parseTrainConfig(given) // before a folder is made
  parseExecutionOptions(given)
  const run = given.run ?? newRun(name)
  if (given.run !== undefined) {
    const folder = path.join(RUNS, run)
    if (existsSync(folder)) throw new UsageError(`expected a new --run or --resume, ${folder} is there already`)
    await mkdir(folder, { recursive: true })
  }
  const saved = { options: given, node: process.version, started: new Date().toISOString() }
  await replaceFile(path.join(runFolder(run), CONFIG), `${JSON.stringify(saved, null, 2)}\n`)
  return { run, given }
}

const CONFIG = 'config.json'
const CHECKPOINT = 'checkpoint.json'
const LOG = 'log.jsonl'

/** New weights, or those of an ONNX file of the same shape. */
async function startState(config: TrainConfig, empty: Network, scale: number): Promise<FitState> {
  const { from, seed, optimizer, initialisation } = config
  if (from === undefined) return createFitState(empty, seed, optimizer, initialisation)
  const file = from.replaceAll('%', `${scale}`)
  const network = decodeNetwork(await readFile(file))
  if (describeNetwork(network) !== describeNetwork(empty)) {
    throw new UsageError(
      `expected --from weights of ${describeNetwork(empty)}, ${file} has ${describeNetwork(network)}`,
    )
  }
  return startFrom(empty, flatten(network), optimizer)
}

/** Fills `state` from a checkpoint if there is one; else makes the folder and says how many steps. */
async function startOrResume(
  { config }: ScaleRun,
  empty: Network,
  place: string,
  recipe: Recipe,
  engine: TrainEngine,
  patches: PatchSource,
  state: FitState,
): Promise<{ steps: number; seconds: number }> {
  const file = path.join(place, CHECKPOINT)
  if (existsSync(file)) return readCheckpoint(file, recipe, state)
  await mkdir(place, { recursive: true })
  await rm(path.join(place, LOG), { force: true }) // of a run that was killed before it could save
  const { duration, batch } = config
  if ('steps' in duration) return { steps: duration.steps, seconds: 0 }
  // On another network's state, so that the run's own starts untouched.
  const rehearsal = createFitState(empty, 0, config.optimizer)
  let start = 0
  const schedule: Schedule = { steps: 2 * PROBE_STEPS, rate: 1e-6, course: 'constant' }
  await fit(
    rehearsal,
    engine,
    (step) => patches.batch(step),
    schedule,
    () => {
      if (rehearsal.step === PROBE_STEPS) start = performance.now() // the first ones allocate
      return true
    },
  )
  const stepMs = (performance.now() - start) / PROBE_STEPS
  const steps = Math.max(1, Math.round((duration.minutes * 60_000) / config.scales.length / stepMs))
  console.log(`${Math.round((1000 * batch) / stepMs)} patches/s: --steps ${steps}`)
  return { steps, seconds: 0 }
}

interface Watch {
  readonly label: string
  readonly place: string
  readonly recipe: Recipe
  /** Training time before. */
  readonly seconds: number
  readonly batch: number
  readonly stop: AbortSignal
  readonly validation: Validation | undefined
  readonly psnrOf: (parameters: Float32Array) => Promise<number> | undefined
}

/** Fits, with a progress bar, a log and checkpoints; the log counts training time alone. */
async function fitAndWatch(
  state: FitState,
  engine: TrainEngine,
  patches: PatchSource,
  schedule: Schedule,
  { label, place, recipe, seconds, batch, stop, validation, psnrOf }: Watch,
): Promise<void> {
  const { steps } = schedule
  const progress = createProgress(label, { first: state.step, steps, batch })
  const file = path.join(place, CHECKPOINT)
  let start = performance.now()
  let saved = start
  const spent = () => seconds + (performance.now() - start) / 1000
  const watched = validationSteps(steps)
  try {
    await fit(
      state,
      engine,
      (step) => patches.batch(step),
      schedule,
      async (loss) => {
        const meanLoss = progress.update(state.step, loss)
        if (watched.has(state.step)) {
          const paused = performance.now()
          const psnr = await psnrOf(state.average)
          if (validation && psnr !== undefined) progress.validated(psnr, validation.bicubic)
          start += performance.now() - paused // looking is not training
          const line = {
            step: state.step,
            patches: state.step * batch,
            seconds: Number(spent().toFixed(2)),
            loss: meanLoss,
            rate: rateAt(state.step - 1, schedule),
            psnr,
            bicubic: validation?.bicubic,
          }
          await appendFile(path.join(place, LOG), `${JSON.stringify(line)}\n`)
        }
        if (performance.now() - saved > CHECKPOINT_MS) {
          await writeCheckpoint(file, recipe, { steps, seconds: spent() }, state)
          saved = performance.now()
        }
        // A turn of the event loop: without it no signal would be seen.
        await new Promise((resolve) => setImmediate(resolve))
        return !stop.aborted
      },
    )
  } catch (error) {
    if (error !== stop.reason) throw error // stopped while it waited for a batch
  } finally {
    progress.end()
  }
  await writeCheckpoint(file, recipe, { steps, seconds: spent() }, state)
}

/** Which steps are looked at: a fixed number, their distances growing with the square. */
function validationSteps(steps: number): ReadonlySet<number> {
  const share = (i: number) => (i / VALIDATIONS) ** 2
  return new Set(Array.from({ length: VALIDATIONS }, (_, i) => Math.max(1, Math.round(steps * share(i + 1)))))
}

/** The file's own bytes, read back and run as the worker runs them, from every input that they take. */
async function evaluate(
  bytes: Uint8Array,
  scale: number,
  tests: readonly Dataset[],
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

function rounded(decibels: number): number {
  return Number(decibels.toFixed(4))
}
