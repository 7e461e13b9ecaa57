import { afterEach, describe, expect, test, vi } from 'vitest'
import { runCommand } from '../../../worker/terminal/arguments.ts'
import { print, printError, printText, shown } from '../../../worker/terminal/print.ts'
import { createProgressLine } from '../../../worker/terminal/progressLine.ts'
import { alignColumns } from '../../../trainer/evaluate/textTable.ts'
import { EVIL, SHOWN } from '../../support/process/controlCharacters.ts'

afterEach(() => void vi.restoreAllMocks())

/** Every character that a terminal, or the order of letters, obeys. */
const CONTROLS = [
  ...Array.from({ length: 32 }, (_, code) => code),
  ...Array.from({ length: 33 }, (_, i) => 0x7f + i),
  0x61c,
  ...Array.from({ length: 2 }, (_, i) => 0x200e + i),
  ...Array.from({ length: 7 }, (_, i) => 0x2028 + i),
  ...Array.from({ length: 4 }, (_, i) => 0x2066 + i),
  0xd800,
  0xdfff,
].map((code) => String.fromCharCode(code))

test('every control character is shown as an escape sequence, which JSON reads as the same character', () => {
  for (const control of CONTROLS) {
    const text = shown(`a${control}b`)
    expect(text).toMatch(/^a\\(?:[bfnrt]|u[0-9a-f]{4})b$/)
    expect(JSON.parse(`"${text}"`)).toBe(`a${control}b`)
  }
})

test('letters, emoji, joiners and backslashes stay as they are', () => {
  const text = 'größe C:\\photos 猫 नि‍ 👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 é "x"'
  expect(shown(text)).toBe(text)
})

test('a line of JSON has the same value after it was printed', () => {
  const log = vi.spyOn(console, 'log').mockReturnValue()
  const value = { input: CONTROLS.join('-'), n: 1 }
  print(JSON.stringify(value))
  const [[line]] = log.mock.calls as [[string]]
  expect(JSON.parse(line)).toEqual(value)
  expect(CONTROLS.filter((control) => line.includes(control))).toEqual([])
})

describe('a name with control characters is one harmless line', () => {
  const capture = () => {
    const lines: string[] = []
    for (const name of ['log', 'error'] as const)
      vi.spyOn(console, name).mockImplementation((line) => void lines.push(line))
    return lines
  }

  test('in the message of an error', async () => {
    const lines = capture()
    const { exitCode } = process
    await runCommand(() => Promise.reject(new Error(EVIL, { cause: new Error(EVIL) })))
    process.exitCode = exitCode
    expect(lines).toEqual([`${SHOWN}: ${SHOWN}`])
  })

  test('in the message of a bug, whose stack has lines of its own', async () => {
    const lines = capture()
    const { exitCode } = process
    await runCommand(() => Promise.reject(new TypeError(EVIL)))
    process.exitCode = exitCode
    expect(lines[0]).toBe(`TypeError: ${SHOWN}`)
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {4}at /)
  })

  test('on the line of progress, which may itself move the cursor', () => {
    let text = ''
    const terminal = { isTTY: true, write: (part: unknown) => ((text += String(part)), true) }
    createProgressLine(terminal, 0).draw(() => EVIL)
    expect(text).toBe(`\r${SHOWN}\u001b[K`)
  })

  test('in a cell of a table', () => {
    const lines = capture()
    printText(
      alignColumns([
        [EVIL, 'x'],
        ['a', 'y'],
      ]),
    )
    expect(lines).toEqual([`${SHOWN}  x`, `${'a'.padEnd(SHOWN.length)}  y`])
  })

  test('on stderr', () => {
    const lines = capture()
    printError(EVIL)
    expect(lines).toEqual([SHOWN])
  })
})
