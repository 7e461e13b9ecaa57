import { type Command, parseArguments, UsageError } from '../../terminal/arguments.ts'
import { purge, purgePageOf, type Purgeable } from '../purge/purgePage.ts'
import { secretOf } from '../secrets.ts'

const OPTIONS = {
  model: { value: 'NAME', help: 'instead of URLs: whatever this model made' },
  worker: {
    value: 'URL',
    help: "where the worker's own pages are: https://host/_sr/ (default for URLs: /_sr/ of their host)",
  },
  help: { help: 'show this' },
} as const

export const command: Command = {
  summary:
    'delete what a worker keeps of pictures, or what a model made\n\nThe secret is in the variable SR_PURGE_SECRET, as the worker has it.',
  usage: '(URL... | --model NAME) [--worker https://host/_sr/]',
  options: OPTIONS,
  async run(args) {
    const { words, model, worker } = parseArguments(args, OPTIONS, ['URL...'])
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
    // Before anything is deleted.
    const pages = all.map((one) => purgePageOf(worker ?? new URL('/_sr/', one.url).href))
    for (const [i, one] of all.entries()) {
      const { deleted, elsewhere } = await purge(pages[i], one, secret)
      console.log(`${one.url ?? one.model}: ${deleted} deleted; elsewhere: ${elsewhere}`)
    }
  },
}
