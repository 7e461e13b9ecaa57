// `npm run bench -- resize engines --json` runs the named benches. Without a name, it runs all benches. `--help` lists
// the options.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { benchBackends } from './backends.ts'
import { describeTable, type Table } from './compare.ts'
import { benchEngines } from './engines.ts'
import { benchHits } from './hits.ts'
import { benchJpeg } from './jpeg.ts'
import { benchMemory } from './memory.ts'
import { benchNetworks } from './networks.ts'
import { benchPages } from './pages.ts'
import { benchPng } from './png.ts'
import { benchRequest } from './request.ts'
import { benchResize } from './resize.ts'

interface BenchOptions {
  readonly rounds?: number
  readonly isQuick: boolean
}

interface Bench {
  readonly about: string
  readonly run: (options: BenchOptions) => Promise<Table[]>
}

const BENCHES: Readonly<Record<string, Bench>> = {
  resize: { about: "our bicubic compared with photon's; shrinking by the kernel and by its oracle", run: benchResize },
  engines: {
    about: 'our kernel compared with onnxruntime, in Node and workerd; cold starts and memory',
    run: benchEngines,
  },
  networks: {
    about: 'the shipped networks compared with each other, in our kernel and in onnxruntime',
    run: benchNetworks,
  },
  jpeg: {
    about: 'our JPEG codec compared with MozJPEG and libjpeg-turbo: time, bytes and PSNR',
    run: benchJpeg,
  },
  pages: {
    about: 'pages of many new pictures, visitors who take much, and the memory of many visitors at once',
    run: benchPages,
  },
  png: { about: 'our PNG encoder compared with zlib at level 6: time and bytes', run: benchPng },
  request: {
    about: 'a miss: its stages, all of it, and compared with a simple worker; how long other requests wait',
    run: benchRequest,
  },
  hits: { about: 'cache hits compared with those of a bare Hono app: CPU time', run: benchHits },
  memory: { about: "an isolate's peak memory for each format", run: benchMemory },
  backends: { about: "training backends: speed, and time to reach the paper's PSNR", run: benchBackends },
}

const HELP = `npm run bench -- [BENCH ...] [options]: measures times and memory. Without a name it runs all benches:

${Object.entries(BENCHES)
  .map(([name, { about }]) => `  ${name.padEnd(10)}  ${about}`)
  .join('\n')}

  --rounds N  number of rounds for engines and networks (default 20), hits (default 15), and request, jpeg and
              png (default 10); 3 are enough for a quick look
  --quick     leaves out the training in backends, which takes minutes
  --json      prints JSON
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
const options: BenchOptions = {
  isQuick: values.quick === true,
  ...(values.rounds === undefined ? {} : { rounds: Number(values.rounds) }),
}
const unknown = names.find((name) => !Object.hasOwn(BENCHES, name))
if (unknown !== undefined) {
  console.error(`unknown bench "${unknown}", expected one of ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}
if (options.rounds !== undefined && !(Number.isInteger(options.rounds) && options.rounds > 0)) {
  console.error(`--rounds ${values.rounds}: expected a positive whole number`)
  process.exit(2)
}

const machine = `${cpus()[0].model}, ${cpus().length} cores, Node ${process.versions.node}`
if (!asJson) console.log(`${machine}\n`)
const tables: Table[] = []
for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
  for (const table of await BENCHES[name].run(options)) {
    tables.push(table)
    if (!asJson) console.log(`${describeTable(table)}\n`)
  }
}
if (asJson) console.log(JSON.stringify({ machine, tables }, null, 2))
