// npm run trainer: from a folder of pictures to the weights in models/, top to bottom.
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { createOrtEngine } from '../worker/engine/ort.ts'
import { createNetwork, decodeNetwork, describeNetwork, encodeNetwork, haloOf } from '../worker/model/network.ts' // prettier-ignore
import type { ModelScore } from '../worker/model/manifest.ts'
import { helpOf, runCommand } from './arguments.ts'
import { readCheckpoint, type Recipe, writeCheckpoint } from './checkpoint.ts'
import { commandOf, type Config, OPTIONS, parseConfig } from './config.ts'
import { type Dataset, readDataset } from './dataset.ts'
import { INPUTS } from './degrade.ts'
import type { Batch, TrainEngine } from './engine/engine.ts'
import { createOnnxEngine } from './engine/onnx.ts'
import { loadRuntime, type Runtime } from './engine/runtime.ts'
import { exportModel } from './export.ts'
import { createFitState, fit, type FitState } from './fit.ts'
import { withParameters } from './parameters.ts'
import { createSampler, prepareExamples } from './patches.ts'
import { createProgress } from './progress.ts'
import { manifestScoreOf, scoreSet, type SetScore } from './score.ts'
import { formatScores } from './table.ts'

const RUNS = 'runs'
const CHECKPOINT_MS = 60_000
/** For steps from minutes: enough to average over, few enough not to matter. */
const PROBE_STEPS = 30
// A tile of this side needs some 100 MB in the runtime; results do not depend on it.
const MAX_SIDE = 512

await runCommand(async (args) => {
  if (args.includes('--help')) {
    console.log(helpOf('npm run trainer -- [options]', OPTIONS))
    return
  }
  const config = parseConfig(args)
  const runtime = await loadRuntime(config.runtime)
  console.log(runtime.description)
  const data = await readDataset(config.data)
  const tests = await Promise.all(config.tests.map(readDataset))
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort()) // the next one ends the process at once
  for (const scale of config.scales) {
    if (stop.signal.aborted) break
    await trainScale(config, scale, data, tests, runtime, stop.signal)
  }
})

async function trainScale(
  config: Config,
  scale: number,
  data: Dataset,
  tests: readonly Dataset[],
  runtime: Runtime,
  stop: AbortSignal,
): Promise<void> {
  const { name, batch, patch, seed, rate, uint8Share } = config
  const empty = createNetwork(config.architecture)
  const examples = data.pictures.flatMap(({ rgba }) => prepareExamples(rgba, scale, patch))
  if (examples.length === 0) {
    throw new Error(`expected pictures of at least ${patch + scale - 1} pixels a side in ${config.data}`) // prettier-ignore
  }
  const sample = createSampler(examples, { batch, patch, halo: haloOf(empty), residual: empty.residual, uint8Share, seed }) // prettier-ignore
  const engine = await createOnnxEngine({ network: empty, batch, patch }, runtime)

  const file = path.join(RUNS, `${name}-x${scale}.json`)
  const recipe: Recipe = {
    architecture: describeNetwork(empty),
    scale,
    data: `${data.name} (${data.pictures.length} images) ${data.digest}`,
    uint8Share,
    seed,
    rate,
    batch,
    patch,
    runtime: runtime.version,
  }
  const { state, steps } = await startOrResume(config, file, recipe, engine, sample)
  await mkdir(RUNS, { recursive: true })
  const label = `${name} x${scale}`
  console.log(`${label}: ${recipe.architecture}, ${steps} steps of ${batch} patches from ${examples.length} pictures (${data.pictures.length} in several sizes)`) // prettier-ignore
  const progress = createProgress(label, { first: state.step, steps, batch })
  let saved = performance.now()
  try {
    await fit(state, engine, sample, { steps, rate }, async (loss) => {
      progress.update(state.step, loss)
      if (performance.now() - saved > CHECKPOINT_MS) {
        await writeCheckpoint(file, recipe, steps, state)
        saved = performance.now()
      }
      // A turn of the event loop: without it no signal would be seen.
      await new Promise((resolve) => setImmediate(resolve))
      return !stop.aborted
    })
  } finally {
    progress.end()
    await engine.dispose()
  }
  await writeCheckpoint(file, recipe, steps, state)
  if (state.step < steps) {
    console.log(`stopped at step ${state.step} of ${steps}: ${file}; go on with --resume and the same options`) // prettier-ignore
    process.exitCode = 130
    return
  }

  const bytes = encodeNetwork(withParameters(empty, state.average))
  const scores = await evaluate(bytes, scale, tests, runtime)
  const entry = await exportModel(config.out, bytes, {
    name,
    scale,
    architecture: describeNetwork(empty),
    padding: empty.padding,
    data: `${data.name} (${data.pictures.length} images)`,
    seed,
    steps,
    patches: steps * batch,
    runtime: runtime.version,
    command: commandOf(config, scale, steps),
    scores: scores.map(manifestScoreOf) satisfies ModelScore[],
  })
  console.log(`${path.join(config.out, entry.file)}: ${entry.bytes} bytes, sha256 ${entry.sha256}`)
  if (scores.length > 0) console.log(formatScores(label, scores))
}

async function startOrResume(
  { resume, duration, seed, architecture, batch }: Config,
  file: string,
  recipe: Recipe,
  engine: TrainEngine,
  sample: (step: number) => Batch,
): Promise<{ state: FitState; steps: number }> {
  if (resume && existsSync(file)) {
    const checkpoint = await readCheckpoint(file, recipe)
    if ('steps' in duration && duration.steps !== checkpoint.steps) {
      throw new Error(`${file} is of another run: expected --steps ${checkpoint.steps} as there, got ${duration.steps}`) // prettier-ignore
    }
    return checkpoint
  }
  if (resume) console.log(`no ${file}: starts at step 0`)
  const state = createFitState(createNetwork(architecture), seed)
  if ('steps' in duration) return { state, steps: duration.steps }
  await engine.lossAndGradients(state.parameters, sample(0)) // the first one allocates
  const start = performance.now()
  for (let step = 0; step < PROBE_STEPS; step++) {
    await engine.lossAndGradients(state.parameters, sample(step))
  }
  const stepMs = (performance.now() - start) / PROBE_STEPS
  const steps = Math.max(1, Math.round((duration.minutes * 60_000) / stepMs))
  console.log(`${Math.round((1000 * batch) / stepMs)} patches/s: --steps ${steps}`)
  return { state, steps }
}

/** The file's own bytes, read back and run as the worker runs them. */
async function evaluate(
  bytes: Uint8Array,
  scale: number,
  tests: readonly Dataset[],
  { api, executionProvider }: Runtime,
): Promise<SetScore[]> {
  const network = decodeNetwork(bytes)
  const engine = createOrtEngine(api, { executionProvider, maxSide: MAX_SIDE })
  const scores: SetScore[] = []
  for (const { name, pictures } of tests) {
    for (const input of INPUTS) {
      scores.push(await scoreSet(name, pictures, scale, input, { network, engine }))
    }
  }
  return scores
}
