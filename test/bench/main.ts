// npm run bench -- resize engines --json: the named benches, or all of them. `--rounds 5` for engines.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { benchBackends } from './backends.ts'
import { format, type Table } from './bench.ts'
import { benchEngines } from './engines.ts'
import { benchMemory } from './memory.ts'
import { benchRequest } from './request.ts'
import { benchResize } from './resize.ts'

const BENCHES: Record<string, (rounds?: number) => Promise<Table[]>> = {
  resize: benchResize,
  engines: benchEngines,
  request: benchRequest,
  memory: benchMemory,
  backends: benchBackends,
}

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, rounds: { type: 'string' } },
})
const asJson = values.json
const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
const unknown = names.find((name) => !Object.hasOwn(BENCHES, name))
if (unknown !== undefined) {
  console.error(`no bench "${unknown}": expected ${Object.keys(BENCHES).join(', ')} or --json`)
  process.exit(2)
}

const machine = `${cpus()[0].model}, ${cpus().length} cores, Node ${process.versions.node}`
if (!asJson) console.log(`${machine}\n`)
const tables: Table[] = []
for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
  for (const table of await BENCHES[name](rounds)) {
    tables.push(table)
    if (!asJson) console.log(`${format(table)}\n`)
  }
}
if (asJson) console.log(JSON.stringify({ machine, tables }, null, 2))
