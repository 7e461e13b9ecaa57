// The variables of the deployed worker that set options. A variable's name is `SR_` and the option's name in capitals:
// SR_MAX_CPU_MS sets `maxCpuMs`. The names are derived from the options, so a new option has its variable without
// further code. One name differs: SR_MODELS sets `modelNames`, because the option `models` is a bucket, which no text sets.
import { ConfigError } from './base/errors.ts'
import { FORMATS, QUALITIES } from './client/allowed.ts'
import { DEFAULTS, expectationOf, type SuperResolutionOptions, TEXT_OPTIONS, type TextOption } from './options.ts'

/** Variables and secrets that begin with `SR_` but are not derived from the name of an option. */
export interface OtherVariables {
  /**
   * The path of our own pages: the playground, `health` and `purge`. It begins and ends with a slash.
   *
   * All other paths, also `/health` and `/samples`, belong to the origin.
   *
   * @default `/_sr/`
   */
  readonly SR_PREFIX?: string
  /**
   * `true` serves the playground under the prefix. On this page visitors compare before and after: with our samples,
   * with pictures of this site, and with their own pictures, which never leave their browser. `false` answers all our
   * pages with 404, except `health` and `purge`.
   *
   * @default `false`
   */
  readonly SR_PLAYGROUND?: string
  /**
   * A secret: the option `signing`, as `id:secret`. Write several with spaces between them.
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
   * Id of the Cloudflare zone. If this and SR_PURGE_TOKEN are set, a purge empties the zone's edge caches in all data
   * centres.
   *
   * @default none: other data centres keep a purged result for SR_EDGE_TTL_SECONDS, whose default is then 300
   */
  readonly SR_PURGE_ZONE?: string
  /**
   * A secret: an API token that may purge the cache of SR_PURGE_ZONE.
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

/** Returns the name of an option's variable: SR_MAX_CPU_MS for `maxCpuMs`. */
export function variableOf(option: TextOption): string {
  if (option === 'modelNames') return 'SR_MODELS'
  return `SR_${option.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase()}`
}

/**
 * Returns the options that the environment's variables set. Throws a ConfigError for an unknown variable that begins
 * with `SR_`, and for a value that the option cannot have. The message names the variable and what was expected.
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
    // wrangler.toml also allows numbers and booleans.
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

/** What is expected as text, for options whose value in a program is a list. */
const GRAMMARS: Partial<Record<TextOption, string>> = {
  query: 'keep, ignore, or names with spaces between them',
  formats: `some of ${FORMATS.join(', ')}, with spaces between them`,
  qualities: `some of ${QUALITIES.join(', ')}, with spaces between them`,
  modelNames: 'names in the manifests, bicubic or auto, with spaces between them',
  sizes: 'whole numbers of pixels with spaces between them',
}

/**
 * Returns the option's value that `text` stands for. If the text is invalid, returns undefined, NaN or the text itself,
 * which expectationOf then refuses.
 */
function valueOf(option: TextOption, text: string): unknown {
  if (text === '') return undefined
  if (option === 'query') return text === 'keep' || text === 'ignore' ? text : wordsOf(text)
  if (option === 'formats' || option === 'modelNames') return wordsOf(text)
  const byDefault = option === 'allowOrigin' ? '' : DEFAULTS[option]
  if (typeof byDefault === 'boolean') return text === 'true' || text === 'false' ? text === 'true' : text
  if (typeof byDefault === 'number') return Number(text)
  return typeof byDefault === 'string' ? text : wordsOf(text).map(Number)
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/)
}
