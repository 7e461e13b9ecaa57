// The entry of `npm run evaluate`; the command is in commands/evaluate.ts.
import { runCommand } from '../worker/terminal/arguments.ts'
import { evaluate } from './commands/evaluate.ts'

await runCommand((args) => evaluate(args))
