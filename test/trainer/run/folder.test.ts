import { mkdirSync, mkdtempSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { UsageError } from '../../../worker/terminal/arguments.ts'
import { latestRun, newRun, runFolder, runNames, RUNS } from '../../../trainer/run/folder.ts'

beforeEach(() => {
  const before = process.cwd()
  process.chdir(mkdtempSync(path.join(tmpdir(), 'runs-')))
  return () => process.chdir(before)
})

test('runs of a name are numbered after the highest one that is there', () => {
  expect(latestRun()).toBeUndefined()
  expect(newRun('srcnn')).toBe('srcnn-1')
  expect(newRun('srcnn')).toBe('srcnn-2')
  expect(newRun('srcnn-jpeg')).toBe('srcnn-jpeg-1')
  mkdirSync(path.join(RUNS, 'srcnn-10'))
  expect(latestRun('srcnn')).toBe('srcnn-10')
  expect(newRun('srcnn')).toBe('srcnn-11')
  expect(latestRun('faces')).toBeUndefined()
})

test('the latest run of any name is the one that changed last', () => {
  newRun('srcnn')
  newRun('faces')
  utimesSync(path.join(RUNS, 'faces-1'), 1, 1)
  expect(latestRun()).toBe('srcnn-1')
})

test('a hidden folder beside the runs is none', () => {
  mkdirSync(path.join(RUNS, '.baseline'), { recursive: true })
  expect(runNames()).toEqual([])
  expect(latestRun()).toBeUndefined()
})

test('a run is a name or a folder, and anything else is refused with what was meant', () => {
  newRun('srcnn')
  mkdirSync('models')
  expect(runFolder('srcnn-1')).toBe(path.join(RUNS, 'srcnn-1'))
  expect(runFolder('models')).toBe('models')
  expect(runFolder(path.join(RUNS, 'srcnn-1'))).toBe(path.join(RUNS, 'srcnn-1'))
  expect(() => runFolder('srcn-1')).toThrow(UsageError)
  expect(() => runFolder('srcn-1')).toThrow(
    'expected a run in trainer/runs or a folder, got "srcn-1"; did you mean srcnn-1?',
  )
  expect(() => runFolder('')).toThrow(UsageError)
})
