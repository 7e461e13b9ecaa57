// The variables of the deployed worker that set options: `SR_` and the option's name in capitals, so that `maxCpuMs` is
// SR_MAX_CPU_MS. Derived from the options' names and defaults: a new option has its variable at once.
import { ConfigError } from './base/errors.ts'
import { DEFAULTS, expectationOf, type SuperResolutionOptions, TEXT_OPTIONS, type TextOption } from './options.ts'

/** Variables and secrets whose names begin with `SR_` and that no option of that name stands behind. */
export interface OtherVariables {
  /**
   * The path of our own pages: the playground, `health` and `purge`. It begins and ends with a slash.
   *
   * Everything else, `/health` and `/samples` too, belongs to the origin.
   *
   * @default `/_sr/`
   */
  readonly SR_PREFIX?: string
  /**
   * `true` serves the playground under the prefix: a page where visitors compare before and after, of our samples, of
   * pictures of this site, and of their own, which never leave their browser. `false` answers all our pages but
   * `health` and `purge` with 404.
   *
   * @default `false`
   */
  readonly SR_PLAYGROUND?: string
  /**
   * A secret: the option `signing`, as `id:secret`, several with spaces between them.
   *
   * @default none: any URL is served
   */
  readonly SR_SIGNING_KEYS?: string
  /**
   * A secret: the bearer token of `POST /_sr/purge`, of at least 32 characters
   * ([DEPLOY.md](DEPLOY.md#taking-something-back)).
   *
   * @default none: nobody may purge
   */
  readonly SR_PURGE_SECRET?: string
  /**
   * The id of the zone whose edge caches a purge empties in all data centres; together with SR_PURGE_TOKEN.
   *
   * @default none: caches elsewhere keep what was purged for SR_EDGE_TTL_SECONDS, which is 300 then
   */
  readonly SR_PURGE_ZONE?: string
  /**
   * A secret: an API token that may purge that zone's cache.
   *
   * @default none
   */
  readonly SR_PURGE_TOKEN?: string
}

const OTHER_VARIABLES: Readonly<Record<keyof OtherVariables, true>> = {
  SR_PREFIX: true,
  SR_PLAYGROUND: true,
  SR_SIGNING_KEYS: true,
  SR_PURGE_SECRET: true,
  SR_PURGE_ZONE: true,
  SR_PURGE_TOKEN: true,
}

/** `maxCpuMs` is SR_MAX_CPU_MS. */
export function variableOf(option: TextOption): string {
  return `SR_${option.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase()}`
}

/**
 * Returns the options that the environment's variables set. Throws a ConfigError for a value that an option cannot have,
 * with the variable's name and what was expected, and for an unknown variable that begins with `SR_`.
 */
export function optionsOfVariables(environment: object): SuperResolutionOptions {
  const variables = new Map(Object.entries(environment).filter(([name]) => name.startsWith('SR_')))
  const options = new Map(TEXT_OPTIONS.map((option) => [variableOf(option), option]))
  const known = [...options.keys(), ...Object.keys(OTHER_VARIABLES)]
  for (const name of variables.keys()) {
    if (!known.includes(name)) throw new ConfigError(`unknown variable ${name}, expected one of ${known.join(', ')}`)
  }
  const given = [...options].flatMap(([name, option]) => {
    const value = variables.get(name) as unknown
    // wrangler.toml also takes numbers and booleans.
    return value === undefined ? [] : [[option, parseVariable(name, option, `${value}`)]]
  })
  return Object.fromEntries(given) as SuperResolutionOptions
}

/** Reads `true` or `false`. Throws a ConfigError for anything else. */
export function parseFlag(name: string, value: unknown): boolean {
  const text = `${value}`
  if (text === 'true' || text === 'false') return text === 'true'
  throw new ConfigError(`${name}: expected true or false, got "${text}"`)
}

function parseVariable(name: string, option: TextOption, text: string): unknown {
  const value = valueOf(option, text.trim())
  const expected = expectationOf(option, value)
  if (expected === undefined) return value
  throw new ConfigError(`${name}: expected ${GRAMMARS[option] ?? expected}, got "${text}"`)
}

/** What to write where a variable's text is not what a program would give the option. */
const GRAMMARS: Partial<Record<TextOption, string>> = {
  query: 'keep, ignore, or names with spaces between them',
  sizes: 'whole numbers of pixels with spaces between them',
}

/** The option's value that `text` stands for; undefined, NaN or the text itself if it stands for none. */
function valueOf(option: TextOption, text: string): unknown {
  if (text === '') return undefined
  const byDefault = option === 'allowOrigin' ? '' : DEFAULTS[option]
  if (option === 'query') return text === 'keep' || text === 'ignore' ? text : wordsOf(text)
  if (typeof byDefault === 'boolean') return text === 'true' || text === 'false' ? text === 'true' : text
  if (typeof byDefault === 'number') return Number(text)
  return typeof byDefault === 'string' ? text : wordsOf(text).map(Number)
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/)
}
