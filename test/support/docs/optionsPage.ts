// Writes worker/OPTIONS.md, one table of all options, variables and bindings. Its texts are the comments in the source.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULTS, TEXT_OPTIONS } from '../../../worker/options.ts'
import { variableOf } from '../../../worker/variables.ts'

/** A property of an interface, with the parts of its comment. */
export interface Documented {
  readonly name: string
  /** The first paragraph of the comment. */
  readonly what: string
  /** The other paragraphs of the comment: why the property exists, or what a limit protects. */
  readonly why: string
  /** The text of the `@default` tag. Undefined if the comment has none. */
  readonly byDefault: string | undefined
}

const ROOT = join(import.meta.dirname, '../../..')

/** Reads the properties of the interface that begins with the line `head`. Throws if a property has no comment. */
export function readInterface(file: string, head: string): Documented[] {
  const source = readFileSync(join(ROOT, file), 'utf8')
  const start = source.indexOf(`\n${head} {\n`)
  if (start < 0) throw new Error(`${file} has no "${head}"`)
  const body = source.slice(start, source.indexOf('\n}', start + 1))
  const properties = [
    ...body.matchAll(/(?:^ {2}\/\*\*(?<comment>(?:(?!\*\/)[^])*)\*\/\n)?^ {2}(?:readonly )?(?<name>\w+)\??:/gm),
  ]
  return properties.map(({ groups }) => {
    const { comment, name } = groups!
    if (comment === undefined) throw new Error(`${file}: ${name} has no comment`)
    const [text, ...tags] = comment.replace(/^ *\* ?/gm, '').split('@default')
    const [what, ...why] = text.trim().split(/\n\s*\n/)
    const flat = (one: string) => one.replace(/\s+/g, ' ').trim()
    return { name, what: flat(what), why: flat(why.join(' ')), byDefault: tags[0] && flat(tags[0]) }
  })
}

export const OPTIONS = readInterface('worker/options.ts', 'export interface SuperResolutionOptions')
export const VARIABLES = [
  ...readInterface('worker/index.ts', 'interface Env extends OtherVariables').filter(({ name }) => name !== 'ASSETS'),
  ...readInterface('worker/variables.ts', 'export interface OtherVariables'),
]

/**
 * Names of bindings and variables, by option. Contains only options whose variable is not named `SR_` plus the option's
 * name.
 */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  signing: 'SR_SIGNING_KEYS',
  results: 'RESULTS_BUCKET',
  models: 'MODELS_BUCKET',
  analytics: 'ANALYTICS',
  missLimit: 'MISS_LIMIT',
}

const UNITS: readonly [suffix: string, unit: string][] = [
  ['Ms', 'ms'],
  ['Seconds', 's'],
  ['Bytes', 'bytes'],
  ['Pixels', 'pixels'],
]

const HEAD = `# Options

Everything that an operator can set, in one table. In an app, set options of the middleware: \`superResolution({ quality: 80 })\`.
For the deployed worker, set variables, secrets and bindings in wrangler.toml.

\`npm run docs\` generates this page from the comments in \`options.ts\`, \`variables.ts\` and \`index.ts\`, and a test checks
that it is current.

- **Options** are checked once, at start. An impossible value or an unknown name is an error that says what was expected.
- **Variables** are texts. An option's variable is \`SR_\` and the option's name in capitals; that of \`modelNames\` is \`SR_MODELS\`. Flags are \`true\` or \`false\`.
  Lists have spaces between their items (\`SR_SIZES = "320 640"\`). \`SR_QUERY\` is \`keep\`, \`ignore\`, or names with spaces between
  them (\`"v size"\`). An unknown \`SR_\` variable or a wrong value stops the worker at start, so that the deploy fails and not a
  visitor's request.
- **Environments** of wrangler.toml do not inherit variables and bindings, so repeat them in each environment.
`

/** Returns the text of worker/OPTIONS.md. */
export function writeOptionsPage(): string {
  const named = new Map(VARIABLES.map((one) => [one.name, one]))
  const options = OPTIONS.map((option) =>
    row({ ...option, option: option.name, variable: variableNameOf(option.name) }),
  )
  const others = [...named.values()]
    .filter(({ name }) => !Object.values(OTHER_NAMES).includes(name))
    .map((variable) => row({ ...variable, option: undefined, variable: variable.name }))
  const table = (rows: readonly string[]) =>
    [
      '| option | variable or binding | default | unit | what it does | why |',
      '| --- | --- | --- | --- | --- | --- |',
      ...rows,
    ].join('\n')
  return [HEAD, table([...options, ...others]), ''].join('\n')
}

interface Row extends Documented {
  readonly option: string | undefined
  readonly variable: string | undefined
}

function row({ option, variable, byDefault, what, why, name }: Row): string {
  const code = (text: string | undefined) => (text === undefined ? '' : `\`${text}\``)
  const isText = ['string', 'boolean'].includes(typeof (DEFAULTS as Readonly<Record<string, unknown>>)[name])
  const shown = isText ? code(byDefault) : (byDefault ?? '')
  const cells = [code(option), code(variable), shown, unitOf(option ?? name), what, why]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function variableNameOf(option: string): string | undefined {
  const own = TEXT_OPTIONS.find((one) => one === option)
  return own ? variableOf(own) : OTHER_NAMES[option]
}

function unitOf(name: string): string {
  if (name === 'sizes') return 'pixels'
  return UNITS.find(([suffix]) => name.endsWith(suffix))?.[1] ?? ''
}

/** Returns the actual default of an option in the form that comments use: `2,592,000`, `320, 640`, `sr`. */
export function writtenDefault(name: string): string | undefined {
  const value = (DEFAULTS as Readonly<Record<string, unknown>>)[name]
  if (value === undefined) return undefined
  if (Array.isArray(value)) return value.join(', ')
  return typeof value === 'number' ? value.toLocaleString('en-US') : `${value as string | boolean}`
}
