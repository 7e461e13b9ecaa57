// Trains a network and shows the progress: draws a progress line, logs validations, and writes checkpoints to resume
// from.
import { existsSync } from 'node:fs'
import { appendFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { makeFolder } from '../../worker/terminal/makeFolder.ts'
import type { PatchSource } from '../data/patchSource.ts'
import type { GradientEngine } from '../engine/gradientEngine.ts'
import { readCheckpoint, type Recipe, type RunProgress, writeCheckpoint } from './checkpoint.ts'
import { fit, type FitState, rateAt, type Schedule } from './fit.ts'
import { createTrainingProgress } from './trainingProgress.ts'
import type { Validator } from './validate.ts'

/** Time between two checkpoints. A run that is killed loses about this much work at most. */
const CHECKPOINT_MS = 30_000
/** Number of validations in a run. They are the points of the curve in the report. */
const VALIDATIONS = 60

const CHECKPOINT = 'checkpoint.json'
const LOG = 'log.jsonl'

/**
 * Restores `state` from the checkpoint in `folder` and returns the run's progress. If there is no checkpoint, prepares
 * `folder` for a new run and returns undefined.
 */
export async function resumeFit(folder: string, recipe: Recipe, state: FitState): Promise<RunProgress | undefined> {
  const file = path.join(folder, CHECKPOINT)
  if (existsSync(file)) return readCheckpoint(file, recipe, state)
  await makeFolder(folder)
  await rm(path.join(folder, LOG), { force: true }) // left by a run that was killed before its first checkpoint
  return undefined
}

export interface Watch {
  /** Name of the model in the progress line. */
  readonly label: string
  /** Folder that contains the log and the checkpoint. */
  readonly folder: string
  readonly recipe: Recipe
  /** Training time before this call, in seconds. */
  readonly seconds: number
  /** Number of patches in a batch. */
  readonly batch: number
  readonly stop: AbortSignal
  readonly validation: Validator | undefined
  /** Returns the PSNR, in dB, on the validation pictures; undefined if there are none. */
  readonly psnrOf: (parameters: Float32Array) => Promise<number> | undefined
}

/**
 * Trains until the schedule ends or `stop` is aborted, then writes a checkpoint. The seconds in the log do not include
 * validation.
 */
export async function fitAndWatch(
  state: FitState,
  engine: GradientEngine,
  patches: PatchSource,
  schedule: Schedule,
  { label, folder, recipe, seconds, batch, stop, validation, psnrOf }: Watch,
): Promise<void> {
  const { steps } = schedule
  const progress = createTrainingProgress(label, { first: state.step, steps, batch })
  const file = path.join(folder, CHECKPOINT)
  const validated = validationSteps(steps)
  let start = performance.now()
  let saved = start
  const spent = () => seconds + (performance.now() - start) / 1000

  const validate = async (loss: number) => {
    const paused = performance.now()
    const psnr = await psnrOf(state.average)
    if (validation && psnr !== undefined) progress.validated(psnr, validation.bicubic)
    start += performance.now() - paused
    const line = {
      step: state.step,
      patches: state.step * batch,
      seconds: Number(spent().toFixed(2)),
      loss,
      rate: rateAt(state.step - 1, schedule),
      psnr,
      bicubic: validation?.bicubic,
    }
    await appendFile(path.join(folder, LOG), `${JSON.stringify(line)}\n`)
  }
  const save = async () => {
    await writeCheckpoint(file, recipe, { steps, seconds: spent() }, state)
    saved = performance.now()
  }

  try {
    await fit(
      state,
      engine,
      (step) => patches.batch(step),
      schedule,
      async (loss) => {
        const meanLoss = progress.update(state.step, loss)
        if (validated.has(state.step)) await validate(meanLoss)
        if (performance.now() - saved > CHECKPOINT_MS) await save()
        // Lets the event loop turn once, because the process receives signals only then.
        await new Promise((resolve) => setImmediate(resolve))
        return !stop.aborted
      },
    )
  } catch (error) {
    if (error !== stop.reason) throw error // `stop` was aborted while a batch was awaited
  } finally {
    progress.end()
  }
  await save()
}

/**
 * Returns the steps after which the run validates. Their numbers grow quadratically, because the PSNR changes most at
 * the start.
 */
function validationSteps(steps: number): ReadonlySet<number> {
  const share = (i: number) => (i / VALIDATIONS) ** 2
  return new Set(Array.from({ length: VALIDATIONS }, (_, i) => Math.max(1, Math.round(steps * share(i + 1)))))
}
