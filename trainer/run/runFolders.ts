// Run folders: trainer/runs/NAME-1, NAME-2, ... Each contains everything that one run reads and writes.
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { hintOf, UsageError } from '../../worker/terminal/arguments.ts'
import { makeFolder } from '../../worker/terminal/makeFolder.ts'

export const RUNS_FOLDER = 'trainer/runs'
const NUMBERED = /^(.+)-([1-9]\d*)$/

/**
 * Returns the folder of a run. `run` is the name of a run in RUNS_FOLDER, such as `srcnn-2`, or another folder, such as
 * `models` or `../elsewhere/run`. If there is no such folder, throws a UsageError that suggests the nearest run name.
 */
export function findRunFolder(run: string): string {
  const folders = [path.join(RUNS_FOLDER, run), run]
  const found = folders.find((folder) => statSync(folder, { throwIfNoEntry: false })?.isDirectory())
  if (run !== '' && found !== undefined) return found
  throw new UsageError(`expected a run in ${RUNS_FOLDER} or a folder, got "${run}"${hintOf(run, listRuns())}`)
}

/**
 * Returns the latest run. With `name`, this is the run of that name with the highest number; otherwise it is the run
 * whose folder changed last. Returns undefined if there is no such run.
 */
export function latestRun(name?: string): string | undefined {
  const ageOf = (run: string) =>
    name === undefined ? statSync(path.join(RUNS_FOLDER, run)).mtimeMs : numberOf(run, name)
  const runs = listRuns().filter((run) => name === undefined || numberOf(run, name) > 0)
  return runs.toSorted((a, b) => ageOf(b) - ageOf(a)).at(0)
}

/** Creates the folder of the next run called `name` and returns the run's name: `srcnn-1`, then `srcnn-2`. */
export async function createRun(name: string): Promise<string> {
  await makeFolder(RUNS_FOLDER)
  const last = latestRun(name)
  for (let number = last === undefined ? 1 : numberOf(last, name) + 1; ; number++) {
    const run = `${name}-${number}`
    try {
      mkdirSync(path.join(RUNS_FOLDER, run)) // fails if another process has just made it
      return run
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

/** Returns the names of all runs in no particular order, without hidden folders. */
export function listRuns(): string[] {
  if (!existsSync(RUNS_FOLDER)) return []
  const entries = readdirSync(RUNS_FOLDER, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('.'))
}

/**
 * Returns the number in a run's name if the run is called `name`: 3 for the run `srcnn-3` and the name `srcnn`. Returns
 * 0 if the run has another name.
 */
function numberOf(run: string, name: string): number {
  const [, base, number] = NUMBERED.exec(run) ?? []
  return base === name ? Number(number) : 0
}
