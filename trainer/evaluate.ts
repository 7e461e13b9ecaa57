// npm run evaluate: see evaluate/command.ts.
import { runCommand } from '../worker/cli/arguments.ts'
import { evaluate } from './evaluate/command.ts'

await runCommand((args) => evaluate(args))
