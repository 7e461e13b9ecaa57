// `npm run soak`: sends the worker 100,000 requests of every kind, which takes minutes. `--help` lists the options.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { setup } from '../support/worker/build.ts'
import { type SoakResult, soak } from './soak.ts'
import { summarize } from './summary.ts'

const HELP = `npm run soak -- [options]: sends 100,000 requests to the deployed worker, in workerd

  --requests N  number of requests (default 100,000) for known pictures, new pictures and bad input (20 %);
                5 % of the visitors hang up; in the middle, 200 new pictures are requested at once
  --seed N      selects another mix and other pictures (default 1)
  --json        prints JSON
  --help

The exit code is 1 if a response is wrong, if memory grows, or if hits wait long for anything other
than codecs and networks.
`

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
  },
})
if (values.help === true) {
  console.log(HELP)
  process.exit()
}
const [requests, seed] = (['requests', 'seed'] as const).map((name) => {
  const number = Number(values[name])
  if (Number.isInteger(number) && number > 0) return number
  console.error(`--${name} ${values[name]}: expected a positive whole number`)
  process.exit(2)
})

const isSmall = requests < 10_000
await setup()
const result: SoakResult = await soak({
  requests,
  seed,
  warmUp: isSmall ? 600 : 2000,
  hotPictures: isSmall ? 60 : 150,
  burst: 200,
  latencySeconds: isSmall ? 5 : 30,
  rounds: isSmall ? 5 : 15,
  hitsPerRound: 800,
  say,
})
say('')
const machine = `${cpus()[0].model}, ${cpus().length} cores, Node ${process.versions.node}`
const { text, isPassed, figures } = summarize(result, { requests, seed, machine })
console.log(values.json === true ? JSON.stringify(figures, null, 2) : text)
process.exit(isPassed ? 0 : 1)

/** Writes a line of progress. On a terminal, it replaces the line before it. */
function say(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line}`)
  else if (line !== '') process.stderr.write(`${line}\n`)
}
