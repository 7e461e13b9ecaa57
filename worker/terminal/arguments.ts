// Command lines: `--name value`, `--switch`, `-s value` and, where a command takes any, words. What is not known
// is an error that names what is, and what was probably meant. The trainer's are read by this, too.
import { parseArgs } from 'node:util'

export interface CommandOption {
  /** What stands for the value in the help, e.g. `N`. A switch has none. */
  readonly value?: string
  /** One letter, behind a single dash. */
  readonly short?: string
  readonly help: string
}

export type CommandOptions = Readonly<Record<string, CommandOption>>

type GivenOptions<O extends CommandOptions> = {
  readonly [Name in keyof O]?: O[Name] extends { value: string } ? string : boolean
}

/** One of a program's commands: `npm run trainer -- NAME ...`, `edge-srcnn NAME ...`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  /** What follows the command's name: `RUN --to STORE [options]`. */
  readonly usage: string
  readonly options: CommandOptions
  /** `args`: the words and options behind the command's name. */
  run(args: readonly string[]): Promise<void>
}

/** A command line that cannot be followed; the message is for whoever typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The options that were given, and the words between them under `words`. */
export type Arguments<O extends CommandOptions> = GivenOptions<O> & { readonly words: readonly string[] }

/**
 * Throws a UsageError for an unknown option, a missing value, anything given twice, and more words
 * than `wordNames` names (e.g. `['RUN']`; default none; a last one that ends in `...` stands for any number).
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
    strict: false, // its own errors do not say what was expected
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

/** The end of an error about a word that is not known: what was probably meant, if anything is near. */
export function hintOf(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  return near === undefined ? '' : `; did you mean ${near}?`
}

/** The most alike of `known`, or undefined where none is close: more than a third of it would change. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => ({ name, distance: editDistance(word, name) }))
    .toSorted((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best && best.distance <= Math.max(1, best.name.length / 3) ? best.name : undefined
}

/** Levenshtein's: insertions, deletions and replacements that make `a` into `b`. */
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

export function helpOf(usage: string, options: CommandOptions): string {
  const left = ({ value, short }: CommandOption, name: string) =>
    `  ${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`
  const rows = Object.entries(options).map(([name, option]) => [left(option, name), option.help])
  const width = Math.max(...rows.map(([first]) => first.length)) + 2
  return [usage, '', ...rows.map(([first, help]) => first.padEnd(width) + help)].join('\n')
}

export function integerOf(text: string, option: string, least: number, most = 2 ** 31 - 1): number {
  const value = Number(text)
  if (/^-?\d+$/.test(text) && value >= least && value <= most) return value
  throw new UsageError(`expected --${option} to be an integer from ${least} to ${most}, got "${text}"`)
}

export function numberOf(text: string, option: string, least: number, most: number): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= least && value <= most) return value
  throw new UsageError(`expected --${option} to be a number from ${least} to ${most}, got "${text}"`)
}

export function oneOf<T extends string>(text: string, option: string, known: readonly T[]): T {
  const value = known.find((name) => name === text)
  if (value !== undefined) return value
  throw new UsageError(`expected --${option} to be one of ${known.join(', ')}, got "${text}"`)
}

/** A list with commas (dashes for architectures), each item parsed by `parse`, none twice unless `repeats`. */
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

/** Of a command line that cannot be followed, as most programs have it. */
const EXIT_USAGE = 2

/**
 * Runs a command; an error becomes exit code 1, or 2 where the command line is wrong, and text on stderr: its
 * message and its causes', or a stack where it can only be a bug.
 */
export async function runCommand(command: (args: readonly string[]) => Promise<void>) {
  try {
    await command(process.argv.slice(2))
  } catch (error) {
    console.error(describeError(error))
    if (error instanceof UsageError) console.error('See --help.')
    process.exitCode = error instanceof UsageError ? EXIT_USAGE : 1
  }
}

export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof TypeError || error instanceof RangeError) return error.stack ?? error.message
  return error.cause ? `${error.message}: ${describeError(error.cause)}` : error.message
}
