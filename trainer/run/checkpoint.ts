// Saves a run between two steps as one JSON file, with arrays in base64. A batch depends only on seed and step, so a
// run needs only the weights, their average and the optimiser's state to continue.
import { readFile } from 'node:fs/promises'
import type { FitState } from './fit.ts'
import { writeWhole } from '../../worker/terminal/wholeFile.ts'

/** Settings of a run, such as { seed: 1, data: 'T91 ...' }. A run can be continued only with the same settings. */
export type Recipe = Readonly<Record<string, string | number | boolean>>

interface Checkpoint {
  readonly version: 2
  readonly recipe: Recipe
  readonly steps: number
  readonly step: number
  /** Training time so far, in seconds. */
  readonly seconds: number
  /** Arrays in base64, by name: `parameters`, `average` and the arrays of the optimiser's state. */
  readonly arrays: Readonly<Record<string, string>>
}

export interface RunProgress {
  /** Length of the whole run in steps. */
  readonly steps: number
  /** Training time so far, in seconds. */
  readonly seconds: number
}

/**
 * Writes a checkpoint. Replaces the file atomically, so that a run that is killed during the write keeps its previous
 * checkpoint.
 */
export async function writeCheckpoint(
  file: string,
  recipe: Recipe,
  { steps, seconds }: RunProgress,
  state: FitState,
): Promise<void> {
  const arrays = Object.fromEntries(
    Object.entries(arraysOf(state)).map(([name, values]) => [
      name,
      Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64'),
    ]),
  )
  const checkpoint: Checkpoint = { version: 2, recipe, steps, step: state.step, seconds, arrays }
  await writeWhole(file, JSON.stringify(checkpoint))
}

/**
 * Reads a checkpoint into `state`, which must be a new state of the same recipe. Returns the run's progress. Throws if
 * the file belongs to another recipe; the error names the first setting that differs.
 */
export async function readCheckpoint(file: string, recipe: Recipe, state: FitState): Promise<RunProgress> {
  const checkpoint = JSON.parse(await readFile(file, 'utf8')) as Checkpoint
  if (checkpoint.version !== 2) {
    throw new Error(`${file}: expected checkpoint version 2, got ${String(checkpoint.version)}`)
  }
  for (const [key, value] of Object.entries(recipe)) {
    if (checkpoint.recipe[key] !== value) {
      throw new Error(
        `${file} is from another run: expected ${key} ${checkpoint.recipe[key]}, as in the file, got ${value}`,
      )
    }
  }
  for (const [name, values] of Object.entries(arraysOf(state))) {
    const bytes = Buffer.from(checkpoint.arrays[name] ?? '', 'base64')
    if (bytes.length !== values.byteLength) {
      throw new Error(`${file}: expected ${values.byteLength} bytes of ${name}, got ${bytes.length}`)
    }
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength).set(bytes)
  }
  state.step = checkpoint.step
  return { steps: checkpoint.steps, seconds: checkpoint.seconds }
}

function arraysOf({ parameters, average, optimizer }: FitState) {
  return { parameters, average, ...optimizer.state }
}
