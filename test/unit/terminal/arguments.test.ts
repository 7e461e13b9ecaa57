// Tests how command lines are parsed, and the errors for wrong ones.
import { afterEach, describe, expect, test, vi } from 'vitest'
import { describeError, helpOf, parseArguments, runCommand, UsageError } from '../../../worker/terminal/arguments.ts'

const OPTIONS = {
  scale: { value: 'N', short: 's', help: 'how many times' },
  force: { help: 'all the same' },
} as const

test('an option can be given by its name or by its short letter', () => {
  const expected = { scale: '3', words: ['cat.jpg'] }
  for (const line of ['--scale 3 cat.jpg', '--scale=3 cat.jpg', '-s 3 cat.jpg', '-s3 cat.jpg']) {
    expect(parseArguments(line.split(' '), OPTIONS, ['INPUT...'])).toEqual(expected)
  }
  expect(helpOf('', OPTIONS)).toContain('  -s, --scale N  how many times\n  --force        all the same')
})

test.each([
  ['--scal 3', 'got --scal; did you mean --scale?'],
  ['-x', 'expected one of --scale, --force, got -x'],
  ['-s', 'expected -s N, got no value'],
  ['-s 3 --scale 4', 'expected --scale once, got it twice'],
  ['--force=yes', 'expected no value for --force, got "yes"'],
  ['cat.jpg', 'expected only options, got "cat.jpg"'],
])('the command line "%s" is refused: %s', (line, message) => {
  const parse = () => parseArguments(line.split(' '), OPTIONS)
  expect(parse).toThrow(UsageError)
  expect(parse).toThrow(message)
})

describe('an error', () => {
  afterEach(() => void vi.restoreAllMocks())

  /** Returns what is printed if `work` is a command that fails, and the description of its error. */
  async function failuresOf(work: () => unknown) {
    const lines: string[] = []
    const { exitCode } = process
    vi.spyOn(console, 'error').mockImplementation((line) => void lines.push(line as string))
    let failure: unknown
    await runCommand(async () => {
      try {
        await work()
      } catch (error) {
        failure = error
        throw error
      }
    })
    expect(process.exitCode).toBe(1)
    process.exitCode = exitCode
    return { printed: lines.join('\n'), described: describeError(failure) }
  }

  test.each<[what: string, work: () => unknown, message: RegExp]>([
    ['of the network', () => fetch('http://127.0.0.1:2/'), /^fetch failed: connect ECONNREFUSED 127\.0\.0\.1:2$/],
    ['that names its cause', () => Promise.reject(new Error('no', { cause: new Error('why') })), /^no: why$/],
    ['that is no Error', () => Promise.reject('no'), /^no$/], // oxlint-disable-line prefer-promise-reject-errors
  ])('%s is a message without a stack', async (_, work, message) => {
    const { printed, described } = await failuresOf(work)
    expect(printed).toMatch(message)
    expect(described).toBe(printed)
  })

  const bug = () => (undefined as unknown as string).length
  test.each<[what: string, work: () => unknown, first: RegExp]>([
    ['of the program', bug, /^TypeError: Cannot read properties of undefined \(reading 'length'\)$/],
    ['of a range', () => new Uint8Array(-1), /^RangeError: Invalid typed array length: -1$/],
    [
      'whose cause is one of the program',
      () =>
        Promise.resolve()
          .then(bug)
          .catch((cause: unknown) => Promise.reject(new Error('no', { cause }))),
      /^no: TypeError: Cannot read properties of undefined \(reading 'length'\)$/,
    ],
  ])('%s is a message with its stack', async (_, work, first) => {
    const { printed, described } = await failuresOf(work)
    const [message, ...places] = printed.split('\n')
    expect(message).toMatch(first)
    expect(places.length).toBeGreaterThan(0)
    for (const line of places) expect(line).toMatch(/^ {4}at /)
    expect(described).toBe(printed)
  })
})
