import { type Command, parseArguments, UsageError } from '../../terminal/arguments.ts'
import { print } from '../../terminal/print.ts'
import { createProgressLine } from '../../terminal/progressLine.ts'
import { SILENT } from '../tally.ts'
import { purge, purgePageOf, type Purgeable } from '../purge/purgePage.ts'
import { secretOf } from '../secrets.ts'

const OPTIONS = {
  model: { value: 'NAME', help: 'instead of URLs: delete every result of this model' },
  worker: { value: 'URL', help: "address of the worker's own pages (default: the variable SR_WORKER)" },
  quiet: { short: 'q', help: 'print nothing but errors' },
  help: { short: 'h', help: 'show this' },
} as const

export const command: Command = {
  summary: `delete the results that a worker has stored for pictures, or those of a model

The secret is read from the variable SR_PURGE_SECRET and must be the worker's. It is sent only to the worker that --worker
or the variable SR_WORKER names, whatever the host of a URL is. If a purge fails in the middle, run it again.`,
  usage: '(URL... | --model NAME) [--worker https://host/_sr/]',
  options: OPTIONS,
  async run(args) {
    const { words, model, quiet, worker = process.env.SR_WORKER } = parseArguments(args, OPTIONS, ['URL...'])
    if (words.length > 0 === (model !== undefined)) {
      throw new UsageError(`expected URLs or --model, got ${model === undefined ? 'neither' : 'both'}`)
    }
    const wrong = words.find((url) => !URL.canParse(url))
    if (wrong !== undefined) throw new UsageError(`expected an absolute URL, got "${wrong}"`)
    if (!worker) throw new UsageError('expected --worker https://host/_sr/ or the variable SR_WORKER')
    const page = purgePageOf(worker)
    const secret = secretOf('SR_PURGE_SECRET')
    const all: Purgeable[] = model === undefined ? words.map((url) => ({ url })) : [{ model }]
    const line = createProgressLine(quiet ? SILENT : process.stderr)
    for (const one of all) {
      const title = one.url ?? one.model
      const tell = (count: number) => line.draw(() => `${title}: ${count} deleted so far`)
      const { deleted, elsewhere } = await purge(page, one, secret, tell).finally(() => line.clear())
      if (!quiet) print(`${title}: ${deleted} deleted; elsewhere: ${elsewhere}`)
    }
  },
}
