// `npm run fuzz`: feeds a million changed files, fields and URLs to the worker's parsers. `--help` lists the options.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Finding, fuzz, type FuzzResult, shareOut } from './fuzz.ts'
import { allTargets, DEFAULT_SEED } from './allTargets.ts'
import { startWatchdog } from './watchdog.ts'

const DEFAULT_EXECUTIONS = 1_000_000
/** An execution that takes longer than this is a finding. */
const MAX_MS = 250
/** Larger files of the corpus are left out, because they would slow down the run. */
const MAX_CORPUS_BYTES = 50_000

const HELP = `npm run fuzz -- [options]: feeds changed files, fields and URLs to the worker's parsers

  --executions N   number of inputs for all targets together (default ${DEFAULT_EXECUTIONS}), or for --target
  --seed N         the same seed makes the same inputs on any machine (default ${DEFAULT_SEED})
  --target NAME    runs only this target:

${allTargets()
  .map(({ name, about }) => `      ${name.padEnd(10)}  ${about}`)
  .join('\n')}

  --execution N    runs only this execution of --target, to repeat a finding
  --corpus FOLDER  also changes the files of at most ${MAX_CORPUS_BYTES} bytes in this folder
  --help

The exit code is 1 if a property does not hold.
`

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    executions: { type: 'string' },
    seed: { type: 'string' },
    target: { type: 'string' },
    execution: { type: 'string' },
    corpus: { type: 'string' },
  },
})
if (values.help === true) {
  console.log(HELP)
  process.exit()
}

function wholeNumber(name: 'executions' | 'seed' | 'execution', least: number): number | undefined {
  const text = values[name]
  if (text === undefined) return undefined
  if (/^\d+$/.test(text) && Number(text) >= least && Number(text) < 2 ** 32) return Number(text)
  console.error(`--${name} ${text}: expected a whole number, at least ${least}`)
  process.exit(2)
}

const seed = wholeNumber('seed', 0) ?? DEFAULT_SEED
const executions = wholeNumber('executions', 1) ?? DEFAULT_EXECUTIONS
const execution = wholeNumber('execution', 0)
const corpus = values.corpus === undefined ? [] : filesBelow(values.corpus)
const all = allTargets(corpus)
const targets = values.target === undefined ? all : all.filter(({ name }) => name === values.target)
if (targets.length === 0) {
  console.error(`unknown target "${values.target}", expected one of ${all.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}
if (execution !== undefined && values.target === undefined) {
  console.error('--execution requires --target')
  process.exit(2)
}

function filesBelow(folder: string): Uint8Array[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()
  const paths = names.map((name) => join(folder, name))
  const isSmall = (path: string) => statSync(path).isFile() && statSync(path).size <= MAX_CORPUS_BYTES
  return paths.filter(isSmall).map((path) => new Uint8Array(readFileSync(path)))
}

/** Returns the command that repeats one execution. */
function commandFor(target: string, number: number): string {
  const more = values.corpus === undefined ? '' : ` --corpus ${values.corpus}`
  return `npm run fuzz -- --target ${target} --seed ${seed} --execution ${number}${more}`
}

const count = (value: number) => Math.round(value).toLocaleString('en-US')

/** Saves the input of a finding and returns the lines that describe it. */
function describe({ target, execution: number, error, file }: Finding): string {
  const isText = typeof file === 'string'
  const path = join(tmpdir(), `fuzz-${target}-${seed}-${number}${isText ? '.txt' : '.bin'}`)
  writeFileSync(path, file)
  const MOST_SHOWN = 300
  const shown = isText ? JSON.stringify(file) : Buffer.from(file).toString('base64')
  return [
    `${target}, seed ${seed}, execution ${number}: ${error.stack ?? error.message}`,
    `  input   ${path}${shown.length <= MOST_SHOWN ? `, ${shown}` : ''}`,
    `  repeat  ${commandFor(target, number)}`,
  ].join('\n')
}

const watchdog = startWatchdog(
  all.map(({ name }) => name),
  commandFor,
)
const counts = execution === undefined ? shareOut(targets, executions) : [1]
const whole = counts.reduce((sum, one) => sum + one, 0)
const start = performance.now()
let done = 0
let nextLine = 0
const results: FuzzResult[] = []
for (const [i, target] of targets.entries()) {
  const result = await fuzz(target, {
    seed,
    executions: counts[i],
    first: execution ?? 0,
    maxMs: MAX_MS,
    onExecution(number) {
      watchdog.noteExecution(all.indexOf(target), number)
      done++
      if (performance.now() < nextLine) return
      nextLine = performance.now() + (process.stderr.isTTY ? 200 : 10_000)
      const perSecond = (1000 * done) / (performance.now() - start)
      const line = `${target.name.padEnd(10)} ${count(done)} of ${count(whole)}, ${count(perSecond)} per second`
      process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`)
    },
  })
  results.push(result)
}
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
watchdog.stop()

const seconds = (performance.now() - start) / 1000
const row = (...cells: string[]) => cells.map((cell, i) => (i === 0 ? cell.padEnd(10) : cell.padStart(12))).join('')
console.log(row('target', 'executions', 'accepted', 'per second', 'findings'))
for (const { target, executions: number, accepted, ms, finding } of results) {
  console.log(
    row(
      target,
      count(number),
      `${((100 * accepted) / number).toFixed(0)} %`,
      count((1000 * number) / ms),
      finding ? '1' : '0',
    ),
  )
}
const findings = results.flatMap(({ finding }) => (finding ? [finding] : []))
console.log(row('all', count(done), '', count(done / seconds), `${findings.length}`))
console.log(`\nseed ${seed}, ${seconds.toFixed(0)} s`)
for (const finding of findings) console.log(`\n${describe(finding)}`)
process.exit(findings.length > 0 ? 1 : 0)
