// Tests that imports keep to the floor plan, which sorts the source files into rooms (mostly folders) and puts each
// room on a floor. A file may import only from its own room and from rooms on lower floors
// (test/support/docs/floorPlan.ts).
import { describe, expect, test } from 'vitest'
import { circlesOf, faultOf, placeOf, readImports } from '../../support/docs/floorPlan.ts'

const imports = readImports()

test('no file imports from another room on the same floor or from a higher floor', () => {
  expect(imports.length).toBeGreaterThan(1000)
  expect(imports.map(faultOf).filter((fault) => fault !== undefined)).toEqual([])
})

test('the source has no import cycle', () => {
  expect(circlesOf(imports)).toEqual([])
})

describe('the check of the floor plan', () => {
  const FAULTS: [from: string, to: string, fault: string][] = [
    ['worker/base/errors.ts', 'worker/model/onnx.ts', 'base does not lie above model'],
    ['worker/cache/cache.ts', 'worker/origin/origin.ts', 'cache does not lie above origin'],
    ['worker/cli/main.ts', 'worker/request/params.ts', 'cli imports nothing of request'],
    ['worker/engine/ort.ts', 'trainer/base/seed.ts', 'the worker imports nothing of the trainer'],
    ['trainer/main.ts', 'worker/cli/main.ts', 'the trainer imports nothing of cli'],
    ['trainer/engine/onnx.ts', 'trainer/data/patches.ts', 'engine does not lie above data'],
    ['worker/new/thing.ts', 'worker/base/errors.ts', 'worker/new/thing.ts lies in no room of the floor plan'],
  ]
  test.each(FAULTS)('does not let %s import %s: %s', (from, to, fault) => {
    expect(faultOf({ from, to })).toContain(fault)
  })

  test.each([
    ['worker/index.ts', 'worker/base/errors.ts'],
    ['worker/cli/main.ts', 'worker/picture/plan.ts'],
    ['worker/request/params.ts', 'worker/request/answer.ts'],
    ['trainer/data/patches.ts', 'worker/image/plane.ts'],
  ])('lets %s import %s', (from, to) => {
    expect(faultOf({ from, to })).toBeUndefined()
  })

  test('finds the files of an import cycle, and no others', () => {
    const pairs = ['ab', 'bc', 'ca', 'cd', 'de', 'af'].map(([from, to]) => ({ from, to }))
    expect(circlesOf(pairs)).toEqual([['a', 'b', 'c']])
  })

  test('finds the room of a file by its folder or by its name', () => {
    expect(placeOf('worker/engine/kernel/srcnn.ts')).toMatchObject({ house: 'worker', room: 'engine' })
    expect(placeOf('worker/nodeReady.ts')).toMatchObject({ house: 'worker', room: 'entries' })
    expect(placeOf('trainer/engine/onnx.ts')).toMatchObject({ house: 'trainer', room: 'engine' })
  })
})
