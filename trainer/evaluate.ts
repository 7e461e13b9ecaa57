// npm run evaluate: see commands/evaluate.ts.
import { runCommand } from '../worker/terminal/arguments.ts'
import { evaluate } from './commands/evaluate.ts'

await runCommand((args) => evaluate(args))
