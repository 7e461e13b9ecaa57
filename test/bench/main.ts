// npm run bench -- resize engines --json: the named benches, or all of them. --quick leaves out what
// takes minutes.
import { cpus } from 'node:os'
import { benchBackends } from './backends.ts'
import { format, type Table } from './bench.ts'
import { benchEngines } from './engines.ts'
import { benchMemory } from './memory.ts'
import { benchRequest } from './request.ts'
import { benchResize } from './resize.ts'

const BENCHES: Record<string, (options: { isQuick: boolean }) => Promise<Table[]>> = {
  resize: benchResize,
  engines: benchEngines,
  request: benchRequest,
  memory: benchMemory,
  backends: benchBackends,
}

const words = process.argv.slice(2)
const asJson = words.includes('--json')
const isQuick = words.includes('--quick')
const names = words.filter((word) => word !== '--json' && word !== '--quick')
const unknown = names.find((name) => !Object.hasOwn(BENCHES, name))
if (unknown !== undefined) {
  console.error(
    `no bench "${unknown}": expected ${Object.keys(BENCHES).join(', ')}, --json or --quick`,
  )
  process.exit(2)
}

const machine = `${cpus()[0].model}, ${cpus().length} cores, Node ${process.versions.node}`
if (!asJson) console.log(`${machine}\n`)
const tables: Table[] = []
for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
  for (const table of await BENCHES[name]({ isQuick })) {
    tables.push(table)
    if (!asJson) console.log(`${format(table)}\n`)
  }
}
if (asJson) console.log(JSON.stringify({ machine, tables }, null, 2))
