// npm run bench -- resize engines --json: the named benches, or all of them. `--quick` leaves out what
// takes minutes, `--rounds 5` is for engines.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { benchBackends } from './backends.ts'
import { format, type Table } from './bench.ts'
import { benchEngines } from './engines.ts'
import { benchMemory } from './memory.ts'
import { benchRequest } from './request.ts'
import { benchResize } from './resize.ts'

interface Options {
  readonly rounds?: number
  readonly isQuick: boolean
}

const BENCHES: Record<string, (options: Options) => Promise<Table[]>> = {
  resize: benchResize,
  engines: benchEngines,
  request: benchRequest,
  memory: benchMemory,
  backends: benchBackends,
}

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, rounds: { type: 'string' } },
})
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

const machine = `${cpus()[0].model}, ${cpus().length} cores, Node ${process.versions.node}`
if (!asJson) console.log(`${machine}\n`)
const tables: Table[] = []
for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
  for (const table of await BENCHES[name](options)) {
    tables.push(table)
    if (!asJson) console.log(`${format(table)}\n`)
  }
}
if (asJson) console.log(JSON.stringify({ machine, tables }, null, 2))
