#!/usr/bin/env node
// The command line: `npx edge-srcnn COMMAND`, or `npm run cli -- COMMAND` in this repository.
import { type Command, helpOf, hintOf, runCommand, UsageError } from '../terminal/arguments.ts'
import { print, printText } from '../terminal/print.ts'
import { describeVersion } from './version.ts'

const COMMANDS: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  upscale: () => import('./commands/upscale.ts'),
  sign: () => import('./commands/sign.ts'),
  purge: () => import('./commands/purge.ts'),
  warm: () => import('./commands/warm.ts'),
}

await runCommand(async ([name, ...args]) => {
  if (name === '--version') return print(await describeVersion())
  if (name === undefined || name === '--help') return printText(await describeCommands())
  if (!Object.hasOwn(COMMANDS, name)) {
    const names = [...Object.keys(COMMANDS), '--help', '--version']
    throw new UsageError(`expected one of ${names.join(', ')}, got "${name}"${hintOf(name, names)}`)
  }
  const { command } = await COMMANDS[name]()
  if (!args.includes('--help')) return command.run(args)
  printText(helpOf(`edge-srcnn ${name} ${command.usage}\n\n${command.summary}`, command.options))
})

async function describeCommands(): Promise<string> {
  const rows: string[] = []
  for (const [name, load] of Object.entries(COMMANDS)) {
    const [first] = (await load()).command.summary.split('\n')
    rows.push(`  ${name.padEnd(10)}${first}`)
  }
  return `edge-srcnn COMMAND [options]\n\n${rows.join('\n')}\n\nEach command has --help; --version prints which kernels run here.`
}
