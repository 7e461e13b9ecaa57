// The entry of `npm run trainer`: runs the named command, by default `train`.
import { asksForHelp, type Command, helpOf, hintOf, runCommand, UsageError } from '../worker/terminal/arguments.ts'
import { print, printText } from '../worker/terminal/print.ts'

const COMMANDS: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  train: () => import('./commands/train.ts'),
  report: () => import('./commands/report.ts'),
  promote: () => import('./commands/promote.ts'),
  upload: () => import('./commands/upload.ts'),
  list: () => import('./commands/list.ts'),
  ablate: () => import('./commands/ablate.ts'),
}

await runCommand(async ([first, ...rest]) => {
  // `npm run trainer -- --minutes 5` names no command, so it runs `train`.
  const isNamed = first !== undefined && !first.startsWith('-')
  const name = isNamed ? first : 'train'
  const args = isNamed || first === undefined ? rest : [first, ...rest]
  if (!Object.hasOwn(COMMANDS, name)) {
    const names = Object.keys(COMMANDS)
    throw new UsageError(`expected a command (${names.join(', ')}) or options, got "${name}"${hintOf(name, names)}`)
  }
  const { command } = await COMMANDS[name]()
  if (!asksForHelp(args)) return command.run(args)
  const words = isNamed ? `${name} ` : ''
  printText(helpOf(`npm run trainer -- ${words}${command.usage}\n\n${command.summary}`, command.options))
  if (!isNamed) await listCommands()
})

async function listCommands(): Promise<void> {
  printText('\nOther commands (each has its own --help):')
  for (const [name, load] of Object.entries(COMMANDS)) {
    if (name !== 'train') print(`  ${name.padEnd(10)}${(await load()).command.summary}`)
  }
}
