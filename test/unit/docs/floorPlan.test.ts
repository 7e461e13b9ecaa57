// The floor plan holds: test/support/docs/floorPlan.ts has the rooms and the rule.
import { describe, expect, test } from 'vitest'
import { circlesOf, faultOf, placeOf, readImports } from '../../support/docs/floorPlan.ts'

const imports = readImports()

test('no import runs from a lower room to a higher one', () => {
  expect(imports.length).toBeGreaterThan(1000)
  expect(imports.map(faultOf).filter((fault) => fault !== undefined)).toEqual([])
})

test('no files import each other in a circle', () => {
  expect(circlesOf(imports)).toEqual([])
})

describe('the rule', () => {
  const FAULTS: [from: string, to: string, fault: string][] = [
    ['worker/base/errors.ts', 'worker/model/onnx.ts', 'base does not lie above model'],
    ['worker/cache/cache.ts', 'worker/origin/origin.ts', 'cache does not lie above origin'],
    ['worker/cli/main.ts', 'worker/request/params.ts', 'cli imports nothing of request'],
    ['worker/engine/ort.ts', 'trainer/base/seed.ts', 'the worker imports nothing of the trainer'],
    ['trainer/main.ts', 'worker/cli/main.ts', 'the trainer imports nothing of cli'],
    ['trainer/engine/onnx.ts', 'trainer/data/patches.ts', 'engine does not lie above data'],
    ['worker/new/thing.ts', 'worker/base/errors.ts', 'worker/new/thing.ts lies in no room of the floor plan'],
  ]
  test.each(FAULTS)('refuses that %s imports %s: %s', (from, to, fault) => {
    expect(faultOf({ from, to })).toContain(fault)
  })

  test.each([
    ['worker/index.ts', 'worker/base/errors.ts'],
    ['worker/cli/main.ts', 'worker/picture/plan.ts'],
    ['worker/request/params.ts', 'worker/request/answer.ts'],
    ['trainer/data/patches.ts', 'worker/image/plane.ts'],
  ])('allows that %s imports %s', (from, to) => {
    expect(faultOf({ from, to })).toBeUndefined()
  })

  test('finds a circle of any length, and nothing else', () => {
    const pairs = ['ab', 'bc', 'ca', 'cd', 'de', 'af'].map(([from, to]) => ({ from, to }))
    expect(circlesOf(pairs)).toEqual([['a', 'b', 'c']])
  })

  test('knows a room by its folder or by its files', () => {
    expect(placeOf('worker/engine/kernel/srcnn.ts')).toMatchObject({ house: 'worker', room: 'engine' })
    expect(placeOf('worker/nodeReady.ts')).toMatchObject({ house: 'worker', room: 'entries' })
    expect(placeOf('trainer/engine/onnx.ts')).toMatchObject({ house: 'trainer', room: 'engine' })
  })
})
