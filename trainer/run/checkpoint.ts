// A run on disk, whole between two steps: one JSON file, arrays as base64 of their bytes. Batches
// are functions of seed and step, so weights, their average and the optimiser's state are all.
import { readFile } from 'node:fs/promises'
import type { FitState } from './fit.ts'
import { writeWhole } from '../../worker/terminal/wholeFile.ts'

/** What must be equal for a run to be continued, e.g. { seed: 1, data: 'T91 ...' }. */
export type Recipe = Readonly<Record<string, string | number | boolean>>

interface Checkpoint {
  readonly version: 2
  readonly recipe: Recipe
  readonly steps: number
  readonly step: number
  /** Training time so far. */
  readonly seconds: number
  /** By name: `parameters`, `average` and what the optimiser calls its own. */
  readonly arrays: Readonly<Record<string, string>>
}

export interface RunProgress {
  /** Of the whole run. */
  readonly steps: number
  readonly seconds: number
}

/** Replaces the file in one go: a run that is killed meanwhile keeps its last checkpoint. */
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
 * Fills `state`, new and of the same recipe, with what the file holds. Throws when the file belongs
 * to another recipe, and says which part differs.
 */
export async function readCheckpoint(file: string, recipe: Recipe, state: FitState): Promise<RunProgress> {
  const checkpoint = JSON.parse(await readFile(file, 'utf8')) as Checkpoint
  if (checkpoint.version !== 2) {
    throw new Error(`${file}: expected checkpoint version 2, got ${String(checkpoint.version)}`)
  }
  for (const [key, value] of Object.entries(recipe)) {
    if (checkpoint.recipe[key] !== value) {
      throw new Error(`${file} is of another run: expected ${key} ${checkpoint.recipe[key]} as there, got ${value}`)
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
