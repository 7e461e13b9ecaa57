// Saves a run between two steps as one JSON file, with arrays in base64. A batch is a function of seed and step, so the
// weights, their average and the optimiser's state are all that a run needs to continue.
import { readFile } from 'node:fs/promises'
import type { FitState } from './fit.ts'
import { writeWhole } from '../../worker/terminal/wholeFile.ts'

/** Settings that must match for a run to be continued, e.g. { seed: 1, data: 'T91 ...' }. */
export type Recipe = Readonly<Record<string, string | number | boolean>>

interface Checkpoint {
  readonly version: 2
  readonly recipe: Recipe
  readonly steps: number
  readonly step: number
  /** Training time so far. */
  readonly seconds: number
  /** Base64 by name: `parameters`, `average` and the arrays of the optimiser's state. */
  readonly arrays: Readonly<Record<string, string>>
}

export interface RunProgress {
  /** Length of the whole run. */
  readonly steps: number
  /** Training time so far. */
  readonly seconds: number
}

/** Replaces the file atomically: a run that is killed during the write keeps its previous checkpoint. */
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
 * Fills `state`, which must be a new one of the same recipe, from the file, and returns the run's progress. Throws if
 * the file belongs to another recipe; the error names the first setting that differs.
 */
export async function readCheckpoint(file: string, recipe: Recipe, state: FitState): Promise<RunProgress> {
  const checkpoint = JSON.parse(await readFile(file, 'utf8')) as Checkpoint
  if (checkpoint.version !== 2) {
    throw new Error(`${file}: expected checkpoint version 2, got ${String(checkpoint.version)}`)
  }
  for (const [key, value] of Object.entries(recipe)) {
    if (checkpoint.recipe[key] !== value) {
      throw new Error(`${file} is from another run: expected its ${key}, ${checkpoint.recipe[key]}, got ${value}`)
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
