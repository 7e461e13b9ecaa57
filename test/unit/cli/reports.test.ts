// Tests that the reports of the commands show names and answers of servers, and let the terminal obey none of them.
import { afterEach, expect, test, vi } from 'vitest'
import { createUpscaleReport } from '../../../worker/cli/upscale/upscaleReport.ts'
import { createWarmReport } from '../../../worker/cli/warm/warmReport.ts'
import { EVIL, SHOWN } from '../../support/process/controlCharacters.ts'

afterEach(() => void vi.restoreAllMocks())

function capture() {
  const lines: string[] = []
  let progress = ''
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line))
  const stream = { isTTY: false, write: (part: unknown) => ((progress += String(part)), true) }
  return { lines, stream, progress: () => progress }
}

test('upscale reports a file with control characters in its name on one harmless line, also as JSON', () => {
  const { lines, stream } = capture()
  for (const json of [false, true]) {
    const report = createUpscaleReport(2, json, undefined, stream)
    report.tell({ input: EVIL, outcome: 'failed', message: EVIL, output: EVIL, seconds: 0 })
  }
  expect(lines[0]).toBe(`${SHOWN}: failed, ${SHOWN}`)
  expect(lines[1]).toContain(`"input":"${SHOWN}"`)
  expect(JSON.parse(lines[1])).toMatchObject({ input: EVIL, message: EVIL, output: EVIL })
})

test('warm reports URLs and reasons with control characters on one harmless line, also in its summary', () => {
  const { lines, stream, progress } = capture()
  const report = createWarmReport(1, false, undefined, stream)
  report.tell({ url: EVIL, outcome: 'skipped', reason: EVIL, seconds: 0 })
  report.end(true)
  expect(lines).toEqual([`${SHOWN}: left out, ${SHOWN}`])
  const summary = progress().split('\n')
  expect(summary[0]).toContain(`1 left out: ${SHOWN} 1, 0 failed`)
  expect(summary.slice(1)).toEqual(['stopped, 0 left', ''])
})
