import { type Command, parseArguments, UsageError } from '../../worker/terminal/arguments.ts'
import { parseScales } from './trainOptions.ts'
import { runFolder } from '../run/folder.ts'
import { promoteRun } from '../ship/promoteRun.ts'

const OPTIONS = {
  scale: { value: 'N,N', help: 'which of its scales (default: all that it has)' },
  force: { help: 'also weights that lose to bicubic or to those in models/' },
  help: { help: 'show this' },
} as const

/** Makes a run's weights those that come with the worker. */
export const command: Command = {
  summary: 'copy the weights of a run into models/',
  usage: 'RUN [options]',
  options: OPTIONS,
  async run(args) {
    const given = parseArguments(args, OPTIONS, ['RUN'])
    const [run] = given.words
    if (run === undefined) throw new UsageError('expected RUN to promote, got nothing')
    const scales = given.scale === undefined ? undefined : parseScales(given.scale)
    await promoteRun(runFolder(run), { scales, force: given.force })
  },
}
