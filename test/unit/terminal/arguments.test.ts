// Tests how command lines are parsed, and the errors for wrong ones.
import { expect, test } from 'vitest'
import { helpOf, parseArguments, UsageError } from '../../../worker/terminal/arguments.ts'

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
