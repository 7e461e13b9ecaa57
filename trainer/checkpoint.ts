// A run on disk, whole between two steps: one JSON file, arrays as base64 of their f32 bytes.
// Batches are functions of seed and step, so weights, moments and average are all there is.
import { readFile, rename, writeFile } from 'node:fs/promises'
import type { FitState } from './fit.ts'

/** What must be equal for a run to be continued, e.g. { seed: 1, data: 'T91 ...' }. */
export type Recipe = Readonly<Record<string, string | number | boolean>>

interface Checkpoint {
  readonly version: 1
  readonly recipe: Recipe
  readonly steps: number
  readonly step: number
  readonly parameters: string
  readonly mean: string
  readonly square: string
  readonly average: string
}

/** Replaces the file in one go: a run that is killed meanwhile keeps its last checkpoint. */
export async function writeCheckpoint(
  file: string,
  recipe: Recipe,
  steps: number,
  { step, parameters, adam, average }: FitState,
): Promise<void> {
  const checkpoint: Checkpoint = {
    version: 1,
    recipe,
    steps,
    step,
    parameters: encode(parameters),
    mean: encode(adam.mean),
    square: encode(adam.square),
    average: encode(average),
  }
  await writeFile(`${file}.new`, JSON.stringify(checkpoint))
  await rename(`${file}.new`, file)
}

/** Throws when there is none, or when it belongs to another recipe; says which part differs. */
export async function readCheckpoint(
  file: string,
  recipe: Recipe,
): Promise<{ steps: number; state: FitState }> {
  const checkpoint = JSON.parse(await readFile(file, 'utf8')) as Checkpoint
  if (checkpoint.version !== 1) {
    throw new Error(`${file}: expected checkpoint version 1, got ${checkpoint.version}`)
  }
  for (const [key, value] of Object.entries(recipe)) {
    if (checkpoint.recipe[key] !== value) {
      throw new Error(
        `${file} is of another run: expected ${key} ${checkpoint.recipe[key]} as there, got ${value}`,
      )
    }
  }
  const { steps, step, parameters, mean, square, average } = checkpoint
  const adam = { mean: decode(mean), square: decode(square) }
  const state = { step, parameters: decode(parameters), adam, average: decode(average) }
  return { steps, state }
}

function encode(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
}

function decode(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64')
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}
