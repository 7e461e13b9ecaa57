// npm run soak: visitors of every kind by the ten thousands, in some minutes. `--help` has the options.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { setup } from '../support/worker/build.ts'
import { type Soaked, soak } from './soak.ts'
import { summarize } from './summary.ts'

const HELP = `npm run soak -- [options]: the worker as it deploys, in workerd, under 100,000 requests

  --requests N  of the mix (default 100,000): known pictures, new ones, 20 % bad input, 5 % who hang up,
                a burst of 200 new ones in the middle
  --seed N      another mix and other pictures (default 1)
  --json        for machines
  --help

Exit code 1 where something was wrong: an answer that is not what it had to be, memory that grew, hits
that waited for anything but codecs and networks.
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
  console.error(`--${name} ${values[name]}: expected a whole number from 1`)
  process.exit(2)
})

const isSmall = requests < 10_000
await setup()
const soaked: Soaked = await soak({
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
const { text, isWell, figures } = summarize(soaked, { requests, seed, machine })
console.log(values.json === true ? JSON.stringify(figures, null, 2) : text)
process.exit(isWell ? 0 : 1)

/** One line that is written over, where that is possible. */
function say(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line}`)
  else if (line !== '') process.stderr.write(`${line}\n`)
}
