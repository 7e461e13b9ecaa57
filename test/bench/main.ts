// npm run bench -- resize engines --json: the named benches, or all of them. `--help` has the options.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { benchBackends } from './backends.ts'
import { format, type Table } from './bench.ts'
import { benchEngines } from './engines.ts'
import { benchMemory } from './memory.ts'
import { benchNetworks } from './networks.ts'
import { benchRequest } from './request.ts'
import { benchResize } from './resize.ts'

interface Options {
  readonly rounds?: number
  readonly isQuick: boolean
}

interface Bench {
  readonly about: string
  readonly run: (options: Options) => Promise<Table[]>
}

const BENCHES: Readonly<Record<string, Bench>> = {
  resize: { about: "our bicubic against photon's", run: benchResize },
  engines: {
    about: 'our kernel against onnxruntime, in Node and workerd; cold starts, memory',
    run: benchEngines,
  },
  networks: {
    about: 'the shipped networks against each other, by our kernel and onnxruntime',
    run: benchNetworks,
  },
  request: {
    about: 'a miss by stages and as a whole, against a worker of the usual packages; waits of others',
    run: benchRequest,
  },
  memory: { about: "an isolate's peaks for every format", run: benchMemory },
  backends: { about: 'what can train here, and how long until the paper is reached', run: benchBackends },
}

const HELP = `npm run bench -- [BENCH ...] [options]: times and memory; without names all of

${Object.entries(BENCHES)
  .map(([name, { about }]) => `  ${name.padEnd(10)}  ${about}`)
  .join('\n')}

  --rounds N  rounds of each comparison that is printed with its rounds, for engines and networks
              (default 20) and request (default 10): 3 for a quick look
  --quick     backends without the training that takes minutes
  --json      for machines
  --help
`

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    rounds: { type: 'string' },
  },
})
if (values.help === true) {
  console.log(HELP)
  process.exit()
}
const asJson = values.json === true
const options: Options = {
  isQuick: values.quick === true,
  ...(values.rounds === undefined ? {} : { rounds: Number(values.rounds) }),
}
const unknown = names.find((name) => !Object.hasOwn(BENCHES, name))
if (unknown !== undefined) {
  console.error(`no bench "${unknown}": expected ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}
if (options.rounds !== undefined && !(Number.isInteger(options.rounds) && options.rounds > 0)) {
  console.error(`--rounds ${values.rounds}: expected a whole number from 1`)
  process.exit(2)
}

const machine = `${cpus()[0].model}, ${cpus().length} cores, Node ${process.versions.node}`
if (!asJson) console.log(`${machine}\n`)
const tables: Table[] = []
for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
  for (const table of await BENCHES[name].run(options)) {
    tables.push(table)
    if (!asJson) console.log(`${format(table)}\n`)
  }
}
if (asJson) console.log(JSON.stringify({ machine, tables }, null, 2))
