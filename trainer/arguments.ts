// Command lines: `--name value` and `--switch`, nothing else. What is not known is an error that
// names what is.
import { parseArgs } from 'node:util'

export interface Option {
  /** What stands for the value in the help, e.g. `N`. A switch has none. */
  readonly value?: string
  readonly help: string
}

export type Options = Readonly<Record<string, Option>>

export type Arguments<O extends Options> = {
  readonly [Name in keyof O]?: O[Name] extends { value: string } ? string : boolean
}

/** A command line that cannot be followed; the message is for whoever typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Throws a UsageError for an unknown option, a missing value, or anything given twice. */
export function parseArguments<O extends Options>(
  args: readonly string[],
  options: O,
): Arguments<O> {
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { value }]) => [
        name,
        { type: value === undefined ? ('boolean' as const) : ('string' as const) },
      ]),
    ),
    strict: false, // its own errors do not say what was expected
    tokens: true,
  })
  const found: Record<string, string | boolean> = {}
  for (const token of tokens) {
    if (token.kind === 'positional') throw new UsageError(`expected only options, got "${token.value}"`) // prettier-ignore
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    if (!Object.hasOwn(options, name)) {
      const names = Object.keys(options).map((known) => `--${known}`)
      throw new UsageError(`expected one of ${names.join(', ')}, got ${rawName}`)
    }
    if (Object.hasOwn(found, name)) throw new UsageError(`expected ${rawName} once, got it twice`)
    const placeholder = options[name].value
    if (placeholder === undefined) {
      if (value !== undefined) throw new UsageError(`expected no value for ${rawName}, got "${value}"`) // prettier-ignore
      found[name] = true
    } else {
      if (value === undefined || value.startsWith('--')) {
        throw new UsageError(`expected ${rawName} ${placeholder}, got no value`)
      }
      found[name] = value
    }
  }
  return found as Arguments<O>
}

export function helpOf(usage: string, options: Options): string {
  const left = ({ value }: Option, name: string) => `  --${name}${value ? ` ${value}` : ''}`
  const rows = Object.entries(options).map(([name, option]) => [left(option, name), option.help])
  const width = Math.max(...rows.map(([first]) => first.length)) + 2
  return [usage, '', ...rows.map(([first, help]) => first.padEnd(width) + help)].join('\n')
}

export function integerOf(text: string, option: string, least: number, most = 2 ** 31 - 1): number {
  const value = Number(text)
  if (/^-?\d+$/.test(text) && value >= least && value <= most) return value
  throw new UsageError(`expected --${option} to be an integer from ${least} to ${most}, got "${text}"`) // prettier-ignore
}

export function numberOf(text: string, option: string, least: number, most: number): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= least && value <= most) return value
  throw new UsageError(`expected --${option} to be a number from ${least} to ${most}, got "${text}"`) // prettier-ignore
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

/**
 * Runs a command; an error becomes exit code 1 and text on stderr: its message and its causes', or
 * a stack where it can only be a bug.
 */
export async function runCommand(command: (args: readonly string[]) => Promise<void>) {
  try {
    await command(process.argv.slice(2))
  } catch (error) {
    console.error(describeError(error))
    if (error instanceof UsageError) console.error('See --help.')
    process.exitCode = 1
  }
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof TypeError || error instanceof RangeError) return error.stack ?? error.message
  return error.cause ? `${error.message}: ${describeError(error.cause)}` : error.message
}
