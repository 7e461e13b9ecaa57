// What pages take for allowed is what the worker allows.
import { expect, test } from 'vitest'
import { FORMATS, MAX_OUTPUT_PIXELS, QUALITY, SCALES } from '../../../worker/client/allowed.ts'
import { resolveOptions } from '../../../worker/options.ts'
import * as worker from '../../../worker/params.ts'

test("scales, formats and qualities are the worker's", () => {
  expect(SCALES).toEqual(worker.SCALES)
  expect(FORMATS).toEqual(worker.FORMATS)
  expect(worker.QUALITIES[0]).toBe(QUALITY.least)
  expect(worker.QUALITIES.at(-1)).toBe(QUALITY.most)
  expect(worker.QUALITIES[1] - worker.QUALITIES[0]).toBe(QUALITY.step)
})

test("the most pixels of a result are the worker's default", () => {
  expect(MAX_OUTPUT_PIXELS).toBe(resolveOptions().maxOutputPixels)
})
