// The program behind main.ts: finds the command that the first argument names, and runs it.
import { asksForHelp, type Command, helpOf, hintOf, runCommand, UsageError } from '../terminal/arguments.ts'
import { print, printText } from '../terminal/print.ts'
import { useProxy } from './proxy.ts'
import { describeVersion } from './version.ts'

const COMMANDS: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  upscale: () => import('./commands/upscale.ts'),
  sign: () => import('./commands/sign.ts'),
  purge: () => import('./commands/purge.ts'),
  warm: () => import('./commands/warm.ts'),
}

await runCommand(async ([name, ...args]) => {
  switch (name) {
    case '-v':
    case '--version':
      return print(await describeVersion())
    case undefined:
    case '-h':
    case '--help':
      return printText(await describeCommands())
    case 'help':
      return printText(args.length === 0 ? await describeCommands() : await describeCommand(args[0]))
    default: {
      const { command } = await loadCommand(name)
      if (asksForHelp(args)) return printText(await describeCommand(name))
      await useProxy()
      return command.run(args)
    }
  }
})

function loadCommand(name: string): ReturnType<(typeof COMMANDS)[string]> {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name]()
  const names = [...Object.keys(COMMANDS), 'help', '--help', '--version']
  throw new UsageError(`expected one of ${names.join(', ')}, got "${name}"${hintOf(name, names)}`)
}

async function describeCommand(name: string): Promise<string> {
  const { command } = await loadCommand(name)
  return helpOf(`edge-srcnn ${name} ${command.usage}\n\n${command.summary}`, command.options)
}

async function describeCommands(): Promise<string> {
  const rows: string[] = []
  for (const [name, load] of Object.entries(COMMANDS)) {
    const [first] = (await load()).command.summary.split('\n')
    rows.push(`  ${name.padEnd(10)}${first}`)
  }
  return [
    'edge-srcnn COMMAND [options]',
    rows.join('\n'),
    'Each command has --help (-h), and so has `edge-srcnn help COMMAND`.\n--version (-v) prints which kernels run here.',
  ].join('\n\n')
}
