import { mkdirSync, mkdtempSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { UsageError } from '../../../worker/terminal/arguments.ts'
import { latestRun, createRun, findRunFolder, listRuns, RUNS_FOLDER } from '../../../trainer/run/runFolders.ts'

beforeEach(() => {
  const before = process.cwd()
  process.chdir(mkdtempSync(path.join(tmpdir(), 'runs-')))
  return () => process.chdir(before)
})

test('a new run gets a number one above the highest number among the runs of the same name', async () => {
  expect(latestRun()).toBeUndefined()
  expect(await createRun('srcnn')).toBe('srcnn-1')
  expect(await createRun('srcnn')).toBe('srcnn-2')
  expect(await createRun('srcnn-jpeg')).toBe('srcnn-jpeg-1')
  mkdirSync(path.join(RUNS_FOLDER, 'srcnn-10'))
  expect(latestRun('srcnn')).toBe('srcnn-10')
  expect(await createRun('srcnn')).toBe('srcnn-11')
  expect(latestRun('faces')).toBeUndefined()
})

test('without a name, the latest run is the run whose folder changed last', async () => {
  await createRun('srcnn')
  await createRun('faces')
  utimesSync(path.join(RUNS_FOLDER, 'faces-1'), 1, 1)
  expect(latestRun()).toBe('srcnn-1')
})

test('a hidden folder beside the runs is not a run', () => {
  mkdirSync(path.join(RUNS_FOLDER, '.baseline'), { recursive: true })
  expect(listRuns()).toEqual([])
  expect(latestRun()).toBeUndefined()
})

test('a run is found by its name or its folder, and for anything else the error suggests the nearest name', async () => {
  await createRun('srcnn')
  mkdirSync('models')
  expect(findRunFolder('srcnn-1')).toBe(path.join(RUNS_FOLDER, 'srcnn-1'))
  expect(findRunFolder('models')).toBe('models')
  expect(findRunFolder(path.join(RUNS_FOLDER, 'srcnn-1'))).toBe(path.join(RUNS_FOLDER, 'srcnn-1'))
  expect(() => findRunFolder('srcn-1')).toThrow(UsageError)
  expect(() => findRunFolder('srcn-1')).toThrow(
    'expected a run in trainer/runs or a folder, got "srcn-1"; did you mean srcnn-1?',
  )
  expect(() => findRunFolder('')).toThrow(UsageError)
})
