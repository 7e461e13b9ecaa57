import { type Command, parseArguments, UsageError } from '../../worker/terminal/arguments.ts'
import { findRunFolder } from '../run/runFolders.ts'
import { promoteRun } from '../ship/promoteRun.ts'
import { parseScales } from './trainOptions.ts'

const OPTIONS = {
  scale: { value: 'N,N', help: 'scales to copy (default: all of the run)' },
  force: { help: 'also copy weights that score worse than bicubic or than the weights in models/' },
  help: { short: 'h', help: 'show this' },
} as const

export const command: Command = {
  summary: 'copy the weights of a run into models/',
  usage: 'RUN [options]',
  options: OPTIONS,
  async run(args) {
    const given = parseArguments(args, OPTIONS, ['RUN'])
    const [run] = given.words
    if (run === undefined) throw new UsageError('expected RUN to promote, got nothing')
    const scales = given.scale === undefined ? undefined : parseScales(given.scale)
    await promoteRun(findRunFolder(run), { scales, force: given.force })
  },
}
