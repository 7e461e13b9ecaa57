// Parses command lines: `--name value`, `--switch`, `-s value` and words, if the command takes words. An unknown option
// is an error that lists the known options and suggests the most similar one. The trainer uses this parser, too.
import { parseArgs } from 'node:util'
import { printError } from './print.ts'
import { watchOutputs } from './watchOutputs.ts'

export interface CommandOption {
  /** What the help text shows in place of the option's value, e.g. `N`. Undefined for a switch, which has no value. */
  readonly value?: string
  /** Short form: one letter, used with a single dash. */
  readonly short?: string
  readonly help: string
}

export type CommandOptions = Readonly<Record<string, CommandOption>>

type GivenOptions<O extends CommandOptions> = {
  readonly [Name in keyof O]?: O[Name] extends { value: string } ? string : boolean
}

/** One of a program's commands: `npm run trainer -- NAME ...`, `edge-srcnn NAME ...`. */
export interface Command {
  /** Description in the command's help. Its first line also appears in the list of commands. */
  readonly summary: string
  /** Arguments after the command's name, as the help shows them: `RUN --to STORE [options]`. */
  readonly usage: string
  readonly options: CommandOptions
  /** Runs the command. `args` are the words and options after the command's name. */
  run(args: readonly string[]): Promise<void>
}

/** True if one of the options in `args` is --help or -h. */
export function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return args.slice(0, end < 0 ? undefined : end).some((arg) => arg === '--help' || arg === '-h')
}

/** Thrown if the command line is wrong. The message tells the user what was expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The given options by name, and the words between them as `words`. */
export type Arguments<O extends CommandOptions> = GivenOptions<O> & { readonly words: readonly string[] }

/**
 * Parses `args`. `wordNames` names the words that may be given, e.g. `['RUN']`; a last name that ends in `...` stands
 * for any number of words. By default no words are allowed. Throws a UsageError for an unknown option, a missing value,
 * an option given twice, or too many words.
 */
export function parseArguments<O extends CommandOptions>(
  args: readonly string[],
  options: O,
  wordNames: readonly string[] = [],
): Arguments<O> {
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { value, short }]) => [
        name,
        { type: value === undefined ? ('boolean' as const) : ('string' as const), ...(short && { short }) },
      ]),
    ),
    strict: false, // parseArgs's own errors do not say what was expected
    tokens: true,
  })
  const mostWords = wordNames.at(-1)?.endsWith('...') ? Infinity : wordNames.length
  const found: Record<string, string | boolean> = {}
  const words: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (words.length === mostWords) {
        const expected = wordNames.length > 0 ? `only ${wordNames.join(' ')} and options` : 'only options'
        throw new UsageError(`expected ${expected}, got "${token.value}"`)
      }
      words.push(token.value)
    }
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    if (!Object.hasOwn(options, name)) throw unknownOption(rawName, Object.keys(options))
    if (Object.hasOwn(found, name)) throw new UsageError(`expected ${rawName} once, got it twice`)
    const placeholder = options[name].value
    if (placeholder === undefined) {
      if (value !== undefined) throw new UsageError(`expected no value for ${rawName}, got "${value}"`)
      found[name] = true
    } else {
      if (value === undefined || (!token.inlineValue && value.startsWith('--'))) {
        throw new UsageError(`expected ${rawName} ${placeholder}, got no value`)
      }
      found[name] = value
    }
  }
  return { ...(found as GivenOptions<O>), words }
}

function unknownOption(got: string, names: readonly string[]): UsageError {
  const known = names.map((name) => `--${name}`)
  return new UsageError(`expected one of ${known.join(', ')}, got ${got}${hintOf(got, known)}`)
}

/** Returns a suggestion to append to an error about an unknown word, or an empty string if no known word is similar. */
export function hintOf(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  return near === undefined ? '' : `; did you mean ${near}?`
}

/**
 * Returns the name in `known` that is most similar to `word`, or undefined if more than a third of that name's letters
 * would change.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => ({ name, distance: editDistance(word, name) }))
    .toSorted((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best && best.distance <= Math.max(1, best.name.length / 3) ? best.name : undefined
}

/** Returns the Levenshtein distance: the fewest insertions, deletions and replacements that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, replaced))
    }
    row = next
  }
  return row[b.length]
}

/** Returns the help text: `usage`, then a line for each option. */
export function helpOf(usage: string, options: CommandOptions): string {
  const left = ({ value, short }: CommandOption, name: string) =>
    `  ${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`
  const rows = Object.entries(options).map(([name, option]) => [left(option, name), option.help])
  const width = Math.max(...rows.map(([first]) => first.length)) + 2
  return [usage, '', ...rows.map(([first, help]) => first.padEnd(width) + help)].join('\n')
}

/** Parses the value of `option`. Throws a UsageError unless it is an integer from `least` to `most`. */
export function integerOf(text: string, option: string, least: number, most = 2 ** 31 - 1): number {
  const value = Number(text)
  if (/^-?\d+$/.test(text) && value >= least && value <= most) return value
  throw new UsageError(`expected --${option} to be an integer from ${least} to ${most}, got "${text}"`)
}

/** Parses the value of `option`. Throws a UsageError unless it is a number from `least` to `most`. */
export function numberOf(text: string, option: string, least: number, most: number): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= least && value <= most) return value
  throw new UsageError(`expected --${option} to be a number from ${least} to ${most}, got "${text}"`)
}

/** Returns the value of `option` if it is one of `known`, else throws a UsageError. */
export function oneOf<T extends string>(text: string, option: string, known: readonly T[]): T {
  const value = known.find((name) => name === text)
  if (value !== undefined) return value
  throw new UsageError(`expected --${option} to be one of ${known.join(', ')}, got "${text}"`)
}

/**
 * Splits a list at `separator` (`-` in the trainer's architectures, such as `9-1-5`) and parses each item with `parse`.
 * Throws a UsageError for an item that is given twice, unless `repeats` is true.
 */
export function listOf<T>(
  text: string,
  option: string,
  parse: (item: string) => T,
  { separator = ',', repeats = false } = {},
): T[] {
  const values = text.split(separator).map((item) => parse(item.trim()))
  if (!repeats && new Set(values).size < values.length) {
    throw new UsageError(`expected --${option} to name each thing once, got "${text}"`)
  }
  return values
}

/** Exit code for a wrong command line, the same as in most programs. */
const EXIT_USAGE = 2

/**
 * Runs a command with the arguments of this process. An error is printed to stderr and becomes exit code 1, or 2 if
 * the command line is wrong.
 */
export async function runCommand(command: (args: readonly string[]) => Promise<void>) {
  watchOutputs()
  try {
    await command(process.argv.slice(2))
  } catch (error) {
    const { message, places } = reportOf(error)
    for (const line of [message, ...places]) printError(line)
    if (error instanceof UsageError) printError('See --help.')
    process.exitCode = error instanceof UsageError ? EXIT_USAGE : 1
  }
}

/** Returns the messages of an error and its causes, and if one of them is a bug, the places in the code, in lines. */
export function describeError(error: unknown): string {
  const { message, places } = reportOf(error)
  return [message, ...places].join('\n')
}

interface ErrorReport {
  /** Messages of the error and its causes. It can have several lines, if a name in it has. */
  readonly message: string
  /** Places in the code, one a line, if the error or one of its causes is a bug. */
  readonly places: readonly string[]
}

function reportOf(error: unknown): ErrorReport {
  if (!(error instanceof Error)) return { message: String(error), places: [] }
  const { name, message, stack = '', cause } = error
  if (isBug(error))
    return { message: `${name}: ${message}`, places: stack.split('\n').filter((line) => PLACE.test(line)) }
  if (!cause) return { message, places: [] }
  const deeper = reportOf(cause)
  return { message: `${message}: ${deeper.message}`, places: deeper.places }
}

const PLACE = /^ {4}at /

/**
 * Returns true for a TypeError or RangeError without a cause, which can only be a bug. `fetch` throws a TypeError, whose
 * cause is that of the network.
 */
function isBug(error: Error): boolean {
  return (error instanceof TypeError || error instanceof RangeError) && error.cause === undefined
}
