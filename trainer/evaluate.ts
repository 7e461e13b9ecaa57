// npm run evaluate: see evaluate/command.ts.
import { runCommand } from './arguments.ts'
import { evaluate } from './evaluate/command.ts'

await runCommand((args) => evaluate(args))
