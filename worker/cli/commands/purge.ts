import { type Command, parseArguments, UsageError } from '../../terminal/arguments.ts'
import { print } from '../../terminal/print.ts'
import { purge, purgePageOf, type Purgeable } from '../purge/purgePage.ts'
import { secretOf } from '../secrets.ts'

const OPTIONS = {
  model: { value: 'NAME', help: 'instead of URLs: delete every result of this model' },
  worker: {
    value: 'URL',
    help: "address of the worker's own pages: https://host/_sr/ (default for URLs: /_sr/ on their host)",
  },
  quiet: { short: 'q', help: 'print nothing but errors' },
  help: { short: 'h', help: 'show this' },
} as const

export const command: Command = {
  summary: `delete the results that a worker has stored for pictures, or those of a model

The secret is read from the variable SR_PURGE_SECRET and must be the worker's.`,
  usage: '(URL... | --model NAME) [--worker https://host/_sr/]',
  options: OPTIONS,
  async run(args) {
    const { words, model, worker, quiet } = parseArguments(args, OPTIONS, ['URL...'])
    if (words.length > 0 === (model !== undefined)) {
      throw new UsageError(`expected URLs or --model, got ${model === undefined ? 'neither' : 'both'}`)
    }
    if (model !== undefined && worker === undefined) {
      throw new UsageError('expected --worker with --model: https://host/_sr/')
    }
    const wrong = words.find((url) => !URL.canParse(url))
    if (wrong !== undefined) throw new UsageError(`expected an absolute URL, got "${wrong}"`)
    const secret = secretOf('SR_PURGE_SECRET')
    const all: Purgeable[] = model === undefined ? words.map((url) => ({ url })) : [{ model }]
    // Checks the addresses of all purge pages before anything is deleted.
    const pages = all.map((one) => purgePageOf(worker ?? new URL('/_sr/', one.url).href))
    for (const [i, one] of all.entries()) {
      const { deleted, elsewhere } = await purge(pages[i], one, secret)
      if (!quiet) print(`${one.url ?? one.model}: ${deleted} deleted; elsewhere: ${elsewhere}`)
    }
  },
}
